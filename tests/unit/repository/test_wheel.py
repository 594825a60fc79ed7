"""The built wheel: it has everything, and what runs in the tests is the wheel and not the checkout."""

from __future__ import annotations

from pathlib import Path

from support.checkout import ROOT
from support.wheel import Elsewhere

import paletteai_components


def test_what_is_imported_is_the_installed_wheel(elsewhere: Elsewhere) -> None:
    ran = elsewhere.run("python", "-c", "import paletteai_components.cli as it; print(it.__file__)")
    assert Path(ran.out.strip()).is_relative_to(elsewhere.site), ran


def test_the_installed_command_runs_in_an_empty_folder_with_a_fresh_home(elsewhere: Elsewhere) -> None:
    printed = elsewhere.paletteai("--version")
    assert printed.startswith(f"paletteai {paletteai_components.__version__}\n")
    assert "\ntested with Kubernetes " in printed
    assert list(elsewhere.folder.iterdir()) == []


def test_the_wheel_has_every_file_of_the_package(wheel: Path) -> None:
    def files(folder: Path) -> set[str]:
        return {
            str(each.relative_to(folder))
            for each in folder.rglob("*")
            if each.is_file() and "__pycache__" not in each.parts
        }

    assert files(wheel / "paletteai_components") == files(ROOT / "paletteai_components")
