"""Programs in other languages on the real CLI, with the component package from the built wheel.

The programs are those of the page on other languages, so what it says is what runs.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from support.checkout import ROOT
from support.cluster.control_plane import ControlPlane
from support.real import PULUMI, RealProject

PAGE = ROOT / "docs" / "other-languages.md"
STACK = "dev"
KEY = "Key-0f-the-1st-in-other-languages"

# What `pulumi new typescript` writes beside the program.
_TYPESCRIPT = {
    "Pulumi.yaml": "name: acme\nruntime: nodejs\n",
    "package.json": json.dumps(
        {
            "name": "acme",
            "main": "index.ts",
            "dependencies": {"@pulumi/pulumi": "^3.260.0"},
            "devDependencies": {"@types/node": "^20", "typescript": "^5"},
        }
    ),
    "tsconfig.json": json.dumps(
        {
            "compilerOptions": {
                "strict": True,
                "target": "es2020",
                "module": "commonjs",
                "moduleResolution": "node",
                "sourceMap": True,
            },
            "files": ["index.ts"],
        }
    ),
}
# The programs that a language takes beside Pulumi, and the first line of its program on the page.
NEEDED = {"yaml": ("pulumi-language-yaml",), "typescript": ("pulumi-language-nodejs", "node", "npm")}
_FIRST = {"yaml": "# Pulumi.yaml\n", "typescript": "// index.ts\n"}


def missing(language: str) -> str | None:
    """What this machine lacks for programs in a language; None if it has everything."""
    if PULUMI is None:
        return "needs pulumi on PATH"
    lacking = [name for name in NEEDED[language] if shutil.which(name) is None]
    return f"needs {lacking[0]} on PATH" if lacking else None


def program_on_the_page(language: str) -> str:
    """The program in a language that the page shows."""
    (program,) = re.findall(rf"^```{language}\n({re.escape(_FIRST[language])}.*?)^```$", PAGE.read_text(), re.M | re.S)
    return str(program)


def commands_on_the_page() -> list[list[str]]:
    """The commands with which the page deploys a program."""
    (block,) = re.findall(r"^## Deploy\n\n```sh\n(.*?)^```$", PAGE.read_text(), re.M | re.S)
    return [line.split() for line in block.splitlines()]


@dataclass(frozen=True)
class Package:
    """The folder of the package, without the checkout around it, and a home of Pulumi's with its plugins."""

    folder: Path
    home: Path


def package(folder: Path, wheel: Path) -> Package:
    """Makes the folder of the package, whose requirements are the pinned ones and the wheel."""
    plugin, home = folder / "plugin", folder / "pulumi"
    shutil.copytree(ROOT / "plugin", plugin, ignore=shutil.ignore_patterns("venv", "__pycache__"))
    (built,) = wheel.parent.glob("*.whl")
    digest = hashlib.sha256(built.read_bytes()).hexdigest()
    (plugin / "requirements.txt").write_text(f"-r {ROOT / 'requirements.txt'}\n{built} --hash=sha256:{digest}\n")
    provider = shutil.which("pulumi-resource-kubernetes")
    plugins = home / "plugins" / f"resource-kubernetes-v{version('pulumi-kubernetes')}"
    if provider is not None:
        # The CLI installs what the package needs, and does not look on PATH for it.
        plugins.mkdir(parents=True)
        (plugins / "pulumi-resource-kubernetes").symlink_to(provider)
    else:
        home.mkdir()
    return Package(plugin, home)


class OtherProgram(RealProject):
    """A project with a program in another language, to which the package was added."""

    def __init__(self, language: str, folder: Path, cluster: ControlPlane, package: Package) -> None:
        super().__init__(folder, cluster, "")
        for left in ("__main__.py", "stacks", "Pulumi.yaml"):
            path = self.folder / left
            path.rmdir() if path.is_dir() else path.unlink()
        self.stacks = self.folder
        self.file = self.folder / _FIRST[language].split()[1]
        self.env["PULUMI_HOME"] = str(package.home)
        # What was downloaded once is not downloaded again.
        self.env.setdefault("PIP_CACHE_DIR", str(Path.home() / ".cache" / "pip"))
        self.env.setdefault("npm_config_cache", str(Path.home() / ".npm"))
        for name, text in (_TYPESCRIPT if language == "typescript" else {}).items():
            (self.folder / name).write_text(text)
        self.text = program_on_the_page(language)
        self.file.write_text(self.text)
        self.added = self.run("package", "add", str(package.folder))
        if self.file.name == "Pulumi.yaml":
            # The command adds a line to it.
            self.text = self.file.read_text()

    def change(self, *replaced: tuple[str, str]) -> None:
        """Writes the program of the page with some of its texts replaced."""
        text = self.text
        for old, new in replaced:
            assert old in text, old
            text = text.replace(old, new)
        self.file.write_text(text)

    def deploy(self) -> None:
        """Deploys it as the page does. Everything that is printed is kept in `printed`."""
        self.printed = ""
        for _, *arguments in commands_on_the_page():
            flags = ["--yes"] if arguments[0] == "up" else []
            given = KEY if "--secret" in arguments else None
            self.printed += self.run(*arguments, *flags, input=given).printed

    def set_its_key(self, key: str) -> None:
        """Sets another key."""
        self.run("config", "set", "--secret", "paletteApiKey", "--stack", STACK, input=key)
