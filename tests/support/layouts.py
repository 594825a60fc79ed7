"""Layouts: folders with Pulumi projects and stack files, and how the real Pulumi CLI reads each.

The answers of the CLI are recorded in `recorded/layouts.json`. `make record` records them anew.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from paletteai_components.diagnostics import Severity, StackFileError
from paletteai_components.rules import diagnostics_of
from paletteai_components.stacks.folder import stack_folder
from paletteai_components.stacks.stack_file import configuration_of
from paletteai_components.stacks.workspace import workspace_from

RECORDED = Path(__file__).resolve().parent.parent / "recorded" / "layouts.json"
NAME = "acme.dev"
# A stack file and a project file say which they are.
_STACK_MARK, _PROJECT_MARK = "marks:stack", "marks:project"
_NAMESPACES = ("paletteai:", "marks:")
_CRASH = "The Pulumi CLI encountered a fatal error."


@dataclass(frozen=True)
class Layout:
    """Files below one folder, and where in it a user is."""

    name: str
    """What is special about it."""
    files: Mapping[str, str]
    """The text of each file. A value `HERE` becomes the file's path."""
    links: Mapping[str, str] = field(default_factory=dict)
    """The symbolic links, with what they lead to."""
    inside: str = "."
    """The working directory."""
    spellings: tuple[str, ...] = ()
    """What may be given as `--stacks` without a difference. `ROOT` becomes the absolute path of the layout."""
    stricter: str = ""
    """Why we refuse what Pulumi accepts."""
    declares: bool = False
    """Whether the project declares what a stack's configuration must be."""

    def write(self, root: Path) -> Path:
        """Write the layout, and return the working directory."""
        for path, text in self.files.items():
            file = root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text.replace("HERE", path))
        for path, target in self.links.items():
            (root / path).symlink_to(target)
        return root / self.inside


def _stack(config: str = "", *, tenant: bool = True) -> str:
    own = ["paletteai:tenant: {name: acme}"] if tenant else []
    lines = [f"{_STACK_MARK}: HERE", *own, *config.splitlines()]
    return "config:\n" + "".join(f"  {line}\n" for line in lines)


def _project(more: str = "", config: str = "", name: str = "paletteai") -> str:
    lines = [f"{_PROJECT_MARK}: {{value: HERE}}", *config.splitlines()]
    return f"name: {name}\nruntime: none\n{more}\nconfig:\n" + "".join(f"  {line}\n" for line in lines)


STACK, IN_STACKS = "Pulumi.acme.dev.yaml", "stacks/Pulumi.acme.dev.yaml"


def _declares(name: str, config: str, stack: str = "", project: str = "paletteai", **more: Any) -> Layout:
    """A project that declares something under `config`."""
    return Layout(
        name, {"Pulumi.yaml": _project(config=config, name=project), STACK: _stack(stack)}, declares=True, **more
    )


def _writes(name: str, text: str, **more: Any) -> Layout:
    """A stack file with a text."""
    return Layout(name, {"Pulumi.yaml": _project(), STACK: text}, **more)


PLACES = [
    Layout(
        "stack files beside the project file",
        {"Pulumi.yaml": _project(config="cluster: plant"), STACK: _stack()},
        spellings=(".", "./", "ROOT", "../NAME"),
    ),
    Layout(
        "stackConfigDir",
        {"Pulumi.yaml": _project("stackConfigDir: stacks"), IN_STACKS: _stack()},
        spellings=("stacks", "./stacks/", ".", "ROOT", "ROOT/stacks", "../NAME/stacks", "stacks/../stacks"),
    ),
    Layout(
        "stackConfigDir of several folders",
        {"Pulumi.yaml": _project("stackConfigDir: ./a/b/"), f"a/b/{STACK}": _stack()},
        spellings=("a/b", "a/../a/b", "."),
    ),
    Layout(
        "stackConfigDir beside the project",
        {"infra/Pulumi.yaml": _project("stackConfigDir: ../stacks"), IN_STACKS: _stack()},
        inside="infra",
        spellings=("../stacks", ".", "../infra", "ROOT/stacks"),
    ),
    Layout(
        "stackConfigDir with a leading slash",
        {"Pulumi.yaml": _project("stackConfigDir: /stacks"), IN_STACKS: _stack()},
        spellings=("stacks",),
    ),
    Layout(
        "stackConfigDir through a link and back",
        {"Pulumi.yaml": _project("stackConfigDir: link/../envs"), f"envs/{STACK}": _stack(), "far/a/x": ""},
        links={"link": "far/a"},
        spellings=("envs",),
    ),
    Layout("stackConfigDir without text", {"Pulumi.yaml": _project("stackConfigDir: ''"), STACK: _stack()}),
    Layout("stackConfigDir of null", {"Pulumi.yaml": _project("stackConfigDir:"), STACK: _stack()}),
    Layout("stackConfigDir of a list", {"Pulumi.yaml": _project("stackConfigDir: [stacks]"), IN_STACKS: _stack()}),
    Layout(
        "the older form of stackConfigDir",
        {"Pulumi.yaml": "name: paletteai\nconfig: stacks\n", IN_STACKS: _stack()},
        spellings=("stacks", "."),
    ),
    Layout(
        "both forms of stackConfigDir",
        {"Pulumi.yaml": "name: paletteai\nconfig: stacks\nstackConfigDir: stacks\n", IN_STACKS: _stack()},
    ),
    Layout(
        "a folder that is a link",
        {"Pulumi.yaml": _project("stackConfigDir: stacks"), f"real/{STACK}": _stack()},
        links={"stacks": "real"},
        spellings=("stacks", "real", "."),
    ),
    Layout(
        "a project that is reached through a link",
        {"real/Pulumi.yaml": _project("stackConfigDir: stacks"), f"real/{IN_STACKS}": _stack()},
        links={"link": "real"},
        inside="real",
        spellings=("../link/stacks", "../link", "ROOT/link/stacks"),
    ),
    Layout(
        "a working directory that is reached through a link",
        {
            "Pulumi.yaml": _project("stackConfigDir: stacks"),
            IN_STACKS: _stack(),
            "far/Pulumi.yaml": _project("stackConfigDir: stacks"),
            f"far/{IN_STACKS}": _stack(),
            "far/inner/x": "",
        },
        links={"link": "far/inner"},
        inside="link",
        spellings=("ROOT/stacks",),
    ),
    Layout(
        "a working directory below the project",
        {"Pulumi.yaml": _project("stackConfigDir: stacks"), IN_STACKS: _stack(), "src/a/x": ""},
        inside="src/a",
        spellings=("../../stacks", "../.."),
    ),
    Layout(
        "a working directory with the stack files",
        {"Pulumi.yaml": _project("stackConfigDir: stacks"), IN_STACKS: _stack()},
        inside="stacks",
        spellings=(".", "..", "../stacks"),
    ),
    Layout("a project file named .yml", {"Pulumi.yml": _project(), "Pulumi.acme.dev.yml": _stack()}, spellings=(".",)),
    Layout(
        "a stack file .yaml of a project file .yml",
        {"Pulumi.yml": _project("stackConfigDir: stacks"), IN_STACKS: _stack()},
        stricter="the file would be ignored",
    ),
    Layout(
        "a stack file .yml of a project file .yaml",
        {"Pulumi.yaml": _project(), "Pulumi.acme.dev.yml": _stack()},
        stricter="the file would be ignored",
    ),
    Layout(
        "stack files .yaml and .yml",
        {"Pulumi.yaml": _project(), STACK: _stack(), "Pulumi.beta.dev.yml": _stack()},
        stricter="one would be ignored",
    ),
    Layout(
        "project files .yaml and .yml",
        {"Pulumi.yaml": _project(), "Pulumi.yml": _project(name="other"), STACK: _stack()},
        stricter="one would be ignored",
    ),
    Layout(
        "project files .json and .yaml",
        {"Pulumi.json": '{"name": "other", "runtime": "python"}', "Pulumi.yaml": _project(), STACK: _stack()},
        stricter="we read no JSON",
    ),
    Layout(
        "a folder with the name of a project file",
        {"Pulumi.yaml/x": "", "Pulumi.yml": _project(), "Pulumi.acme.dev.yml": _stack()},
        spellings=(".",),
    ),
    Layout(
        "two projects in one repository",
        {
            "a/Pulumi.yaml": _project("stackConfigDir: stacks"),
            f"a/{IN_STACKS}": _stack(),
            "b/Pulumi.yaml": _project(),
            f"b/{STACK}": _stack(),
        },
        inside="b",
        spellings=(".", "../b", "../a/../b"),
    ),
    *(
        Layout(
            f"two projects with one folder, in {inside}",
            {
                "a/Pulumi.yaml": _project("stackConfigDir: ../stacks"),
                "b/Pulumi.yaml": _project("stackConfigDir: ../stacks"),
                IN_STACKS: _stack(),
            },
            inside=inside,
            spellings=("../stacks", "ROOT/stacks"),
        )
        for inside in "ab"
    ),
    Layout(
        "a project in a project",
        {"Pulumi.yaml": _project(), STACK: _stack(), "in/Pulumi.yaml": _project(), f"in/{STACK}": _stack()},
        inside="in",
        spellings=(".", "../in"),
    ),
    Layout(
        "a project that reads what is in another one's folder",
        {
            "Pulumi.yaml": _project("stackConfigDir: in/stacks"),
            f"in/{IN_STACKS}": _stack(),
            "in/Pulumi.yaml": _project(),
        },
        spellings=("in/stacks", "."),
    ),
    Layout(
        "a file of another layout beside the project file",
        {"Pulumi.yaml": _project("stackConfigDir: stacks"), IN_STACKS: _stack(), STACK: _stack()},
        stricter="one would be ignored",
    ),
]

NAMES = [
    _writes("a plain key in a project of our name", _stack("tenant: {name: acme}\ncluster: plant", tenant=False)),
    Layout(
        "a plain key in a project of another name",
        {"Pulumi.yaml": _project(name="my-platform"), STACK: _stack("tenant: {name: acme}", tenant=False)},
        stricter="there is no tenant",
    ),
    Layout(
        "plain keys beside ours in a project of another name",
        {"Pulumi.yaml": _project(name="my-platform"), STACK: _stack("cluster: plant\nenvironment: prod")},
    ),
    _writes("a namespace in another case", _stack("paletteAI:cluster: plant")),
    _writes("a key of three parts", _stack("paletteai:config:cluster: plant"), stricter="it is written anew by Pulumi"),
    _writes("a key of four parts", _stack("a:b:c:d: x")),
    _writes("a key with another middle", _stack("a:b:c: x")),
    Layout("a project without a name", {"Pulumi.yaml": "runtime: none\n", STACK: _stack()}),
    Layout("a project with an empty name", {"Pulumi.yaml": "name: ''\nruntime: none\n", STACK: _stack()}),
    Layout("a project whose name is a number", {"Pulumi.yaml": "name: 5\nruntime: none\n", STACK: _stack()}),
    Layout("an empty project file", {"Pulumi.yaml": "", STACK: _stack()}),
    Layout("a project file that is a list", {"Pulumi.yaml": "[name]\n", STACK: _stack()}),
    Layout(
        "a project with a description that is a number", {"Pulumi.yaml": _project("description: 5"), STACK: _stack()}
    ),
    Layout("a project with a runtime of a number", {"Pulumi.yaml": "name: paletteai\nruntime: 5\n", STACK: _stack()}),
    Layout("a project with unknown fields", {"Pulumi.yaml": _project("mine: {a: b}"), STACK: _stack()}),
    Layout("a project file with a mark in front", {"Pulumi.yaml": f"\ufeff{_project()}", STACK: _stack()}),
]

TYPED = "paletteai:integrations: {type: object, description: x, default: {}}"
DEFAULTS = [
    _declares("a typed default", TYPED),
    _declares("a default that a stack replaces", "paletteai:tenant: {default: {name: b, description: x}}"),
    _declares("a default of the tenant", "paletteai:tenant: {default: {name: acme}}"),
    _declares("a default as a plain value", "paletteai:cluster: plant"),
    _declares("a default under a plain key", "cluster: {type: string, default: plant}"),
    _declares("a plain value under a plain key", "mergedSettings: true"),
    _declares("a value of an own key", "paletteai:cluster: {value: plant}"),
    _declares("a list as a value", "paletteai:mergedSettings: [a]", stricter="it is not of our type"),
    _declares("a fraction as a value", "paletteai:cluster: 1.5"),
    _declares("an own key of null", "paletteai:cluster:", "paletteai:cluster: plant"),
    _declares("a mapping as a value", "paletteai:tenant: {name: acme}"),
    _declares("a default of null", "paletteai:cluster: {default: null}"),
    _declares("a default and a value", "paletteai:cluster: {default: a, value: b}"),
    _declares("a default and a value of null", "paletteai:cluster: {default: a, value: null}"),
    _declares("a required key that is not set", "paletteai:cluster: {type: string}"),
    _declares("a required key that is set", "paletteai:cluster: {type: string}", "paletteai:cluster: plant"),
    _declares("a required key without a type", "paletteai:cluster: {description: x}"),
    _declares(
        "an object that is text", "paletteai:integrations: {type: object}", "paletteai:integrations: x", stricter=""
    ),
    _declares("a text that is an object", "paletteai:cluster: {type: string}", "paletteai:cluster: {a: b}"),
    _declares("a boolean", "mergedSettings: {type: boolean}", "paletteai:mergedSettings: true"),
    _declares("a boolean that is text", "mergedSettings: {type: boolean}", "paletteai:mergedSettings: maybe"),
    _declares("an integer", "size: {type: integer}", "size: 5\nother: x", project="my-platform"),
    _declares("an integer that is a fraction", "size: {type: integer}", "size: 5.5", project="my-platform"),
    _declares("an array without items", "sizes: {type: array}", "sizes: [a]", project="my-platform"),
    _declares(
        "an array with items", "sizes: {type: array, items: {type: string}}", "sizes: [a]", project="my-platform"
    ),
    _declares(
        "an array with wrong items", "sizes: {type: array, items: {type: integer}}", "sizes: [a]", project="my-platform"
    ),
    _declares("a default of another type", "paletteai:cluster: {type: string, default: {a: b}}"),
    _declares("an unknown type", "paletteai:cluster: {type: text}", "paletteai:cluster: plant"),
    _declares("an unknown attribute", "paletteai:cluster: {defalt: plant}"),
    _declares("a default of another namespace", "kubernetes:context: {default: dev}"),
    _declares("a value of another namespace", "kubernetes:context: {value: dev}"),
    _declares("a plain value of another namespace", "kubernetes:context: dev"),
    _declares("nothing of another namespace", "kubernetes:context: {description: x}"),
    _declares("null of another namespace", "kubernetes:context:"),
    _declares("a type of another namespace", "kubernetes:context: {type: string, value: dev}"),
    _declares("our default in another project", TYPED, project="my-platform"),
    _declares("our value in another project", "paletteai:cluster: {value: plant}", project="my-platform"),
    _declares("our plain value in another project", "paletteai:cluster: plant", project="my-platform"),
    _declares("a plain key in another project", "cluster: plant", project="my-platform"),
    _declares("a required plain key in another project", "cluster: {type: string}", project="my-platform"),
    _declares("a namespace that begins like the project's name", "paletteai-x:a: {default: b}"),
    _declares("a secret that is not encrypted", "mergedSettings: {type: string, secret: true}", "mergedSettings: x"),
    _declares("a value of another type", "paletteai:cluster: {type: string, value: [a]}"),
    _declares("a date", "paletteai:cluster: 2026-01-01", "paletteai:cluster: plant"),
    _declares("a number with an exponent", "paletteai:cluster: 1e3", "paletteai:cluster: plant"),
    _declares("a description that is no text", "paletteai:cluster: {description: 5}", "paletteai:cluster: plant"),
    _declares("a secret that is no boolean", "paletteai:cluster: {secret: x}", "paletteai:cluster: plant"),
    _declares("items that are no type", "sizes: {items: x}", "sizes: [a]", project="my-platform"),
    _declares("an untyped secret that is not encrypted", "cluster: {secret: true}", "paletteai:cluster: plant"),
    _declares("items without a type", "sizes: {default: [a], items: {type: integer}}", project="my-platform"),
    _declares(
        "items of another type", "sizes: {type: string, default: a, items: {type: integer}}", project="my-platform"
    ),
    _declares("items of a list that are none", "sizes: {default: [a], items: {type: array}}", project="my-platform"),
    _declares("an encrypted default", "paletteai:cluster: {default: {secure: v1:eA==}}"),
    _declares("an encrypted text", "paletteai:cluster: {type: string, default: {secure: v1:eA==}}"),
    _declares(
        "an encrypted default of another type",
        "sizes: {type: array, items: {type: object}, default: [{secure: v1:eA==}]}",
        project="my-platform",
    ),
    _declares("a default with a key", "paletteai:integrations: {default: {shared: {apiKey: {secure: v1:eA==}}}}"),
    _declares("an encrypted value of another namespace", "other:token: {value: {secure: v1:eA==}}"),
    _declares(
        "an encrypted default that the stack does not use",
        "paletteai:cluster: {default: {secure: v1:eA==}}",
        "paletteai:cluster: plant",
    ),
    _declares("a default in a value", "paletteai:tenant.description: {default: x}", stricter="we merge nothing"),
    Layout("a list in the place of config", {"Pulumi.yaml": "name: paletteai\nconfig: []\n", STACK: _stack()}),
]

TEXTS = [
    _writes("a stack without config", "secretsprovider: passphrase\n", stricter="there is no tenant"),
    _writes("an empty stack file", "", stricter="there is no tenant"),
    _writes("a config of null", "config:\n", stricter="there is no tenant"),
    _writes("a config of a list", "config: []\n"),
    _writes("a config of text", "config: x\n"),
    Layout(
        "a stack without config, with a default tenant",
        {
            "Pulumi.yaml": _project(config="tenant: {default: {name: acme}}"),
            STACK: "secretsprovider: passphrase\n",
        },
    ),
    _writes("a value of null", _stack("paletteai:cluster:")),
    _writes("a field outside of config", f"{_stack()}mine: x\n", stricter="it has no effect"),
]

LAYOUTS = [*PLACES, *NAMES, *DEFAULTS, *TEXTS]


def given_in(layout: Layout, root: Path) -> Iterator[Path | None]:
    """What may be given as `--stacks`, in the folder of the layout. None for nothing."""
    yield None
    for spelling in layout.spellings:
        yield Path(spelling.replace("ROOT", str(root)).replace("NAME", root.name))


def our_answer(given: Path | None) -> dict[str, Any]:
    """How we read the stack in the working directory: its configuration, or why it is refused."""
    folder = stack_folder(given)
    try:
        workspace = workspace_from(folder)
    except StackFileError as error:
        return {"refused": [str(each) for each in error.diagnostics]}
    found = diagnostics_of(workspace)
    wrong = [str(each) for each in found if each.severity is Severity.ERROR and each.code in {"PAI012", "PAI014"}]
    stack = workspace.stack_named(NAME)
    if wrong or stack is None:
        return {"refused": wrong or ["there is no stack"]}
    config = configuration_of(stack.documents[0], folder.project)
    return {key: _as_passed(config[key]) for key in sorted(config) if key.startswith(_NAMESPACES)}


def _as_passed(value: Any) -> Any:
    """A value as the program gets it: a scalar is text."""
    if isinstance(value, dict | list):
        return value
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


class Cli:
    """The Pulumi CLI with a home and a backend of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        (folder / "state").mkdir()
        self._environment = {
            **os.environ,
            "HOME": str(folder),
            "PULUMI_HOME": str(folder / "home"),
            "PULUMI_BACKEND_URL": (folder / "state").as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "x",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        }
        for name in ("paletteai", "my-platform", "other"):
            project = folder / name
            project.mkdir()
            (project / "Pulumi.yaml").write_text(f"name: {name}\nruntime: none\n")
            self._run(project, "stack", "init", NAME)

    def answer(self, layout: Layout) -> dict[str, Any]:
        """How Pulumi reads the stack in the layout: its configuration, or that it is refused."""
        with tempfile.TemporaryDirectory(dir=self._folder) as folder:
            here = layout.write(Path(folder))
            read = self._run(here, "config", "--json", "--stack", NAME)
            message = read.stderr
            if read.returncode == 0 and layout.declares:
                # Only a preview compares the configuration with what the project declares. It goes no further: there
                # is no such program.
                message = self._run(here, "preview", "--stack", NAME).stderr
        if _CRASH in message:
            return {"refused": [_CRASH]}
        if read.returncode or "validating stack config" in message:
            return {"refused": [line.strip().replace(folder, "") for line in message.splitlines() if line.strip()]}
        config = json.loads(read.stdout)
        return {
            key: config[key].get("objectValue", config[key].get("value"))
            for key in sorted(config)
            if key.startswith(_NAMESPACES)
        }

    def _run(self, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["pulumi", *arguments, "--non-interactive", "--color=never"],
            cwd=folder,
            env={**self._environment, "PWD": str(folder)},
            capture_output=True,
            text=True,
            check=False,
        )


def recorded() -> dict[str, dict[str, Any]]:
    """The answers of the real CLI, by the names of the layouts."""
    answers: dict[str, dict[str, Any]] = json.loads(RECORDED.read_text())
    return answers


def answers_of_the_cli() -> dict[str, dict[str, Any]]:
    """What the real CLI, which is on PATH, answers now."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(os.cpu_count()) as pool:
        cli = Cli(Path(folder))
        return dict(zip((layout.name for layout in LAYOUTS), pool.map(cli.answer, LAYOUTS), strict=True))


if __name__ == "__main__":
    RECORDED.write_text(json.dumps(answers_of_the_cli(), indent=2, ensure_ascii=False) + "\n")
    print(f"Wrote {RECORDED}")
