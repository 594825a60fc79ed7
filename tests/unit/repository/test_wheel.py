"""The built wheel: it has everything, and what runs in the tests is the wheel and not the checkout."""

from __future__ import annotations

import json
from pathlib import Path

from support.checkout import ROOT
from support.forges import code_quality_issues, junit_suites, outcomes_of, sarif_run, workflow_commands
from support.projects import changed
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


def test_the_reports_of_the_installed_command_are_valid(elsewhere: Elsewhere) -> None:
    stacks = elsewhere.folder / "stacks"
    stacks.mkdir()
    (stacks / "Pulumi.acme.dev.yaml").write_text(changed("{name: vision}", "{name: vision, settingsRef: nowhere}"))

    def report(output_format: str) -> str:
        return elsewhere.run("paletteai", "check", "--format", output_format).out

    assert [each["ruleId"] for each in sarif_run(report("sarif"))["results"]] == ["PAI005"]
    assert [each["check_name"] for each in code_quality_issues(report("gitlab"))] == ["PAI005"]
    (suite,) = junit_suites(report("junit")).values()
    assert outcomes_of(suite) == {"PAI005": "failure"}
    assert [each.name for each in workflow_commands(report("github"))] == ["error"]


def test_the_installed_package_has_the_policies_and_the_component_for_other_languages(elsewhere: Elsewhere) -> None:
    code = "from paletteai_components.policy.pack import policies; print(*(each.name for each in policies()))"
    names = elsewhere.run("python", "-c", code).out.split()
    assert {"pai002", "pai004", "warnings", "notes"} <= set(names)
    code = "from paletteai_components.plugin.host import TenantProvider; print(TenantProvider().schema)"
    schema = json.loads(elsewhere.run("python", "-c", code).out)
    assert list(schema["resources"]) == ["paletteai:index:Tenant"]


def test_the_wheel_has_every_file_of_the_package(wheel: Path) -> None:
    def files(folder: Path) -> set[str]:
        return {
            str(each.relative_to(folder))
            for each in folder.rglob("*")
            if each.is_file() and "__pycache__" not in each.parts
        }

    assert files(wheel / "paletteai_components") == files(ROOT / "paletteai_components")
