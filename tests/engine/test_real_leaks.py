"""Keys are looked for in everything that is printed and kept, on the real CLI; and the search is shown to find them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
import yaml
from support.checkout import ROOT
from support.cluster.control_plane import ControlPlane
from support.cluster.namespaces import empty
from support.programs import KEY, leaks
from support.real import Outcome, Real, RealProject
from support.real_stacks import MOVE, edit, start
from support.samples import HOST, PROJECT_ID

pytestmark = [pytest.mark.engine, pytest.mark.cluster, pytest.mark.timeout(900)]

STACK = "acme.dev"
# Each is written in its own way by JSON of Python and of Go, by base64, URLs, shells and YAML; one by none of them.
KEYS = {"shared": KEY, "edge": "canary?>>~~&<b>$HOME`id`'x'%41#1-Edge", "lab": "PlainCanary0123456789"}
ROTATED = {"shared": f"{KEY}-the-2nd", "lab": "AnotherCanary0123456789"}
EVERY = (*KEYS.values(), *ROTATED.values())
# In a file it stands as it is, which is refused.
EXPOSED = "ExposedCanary0123456789"
# With these the CLI offers event logs and plans.
OFFERED = {"PULUMI_DEBUG_COMMANDS": "true", "PULUMI_EXPERIMENTAL": "true"}

Texts = dict[str, str]


@pytest.fixture
def project(real: Real, cluster: ControlPlane, tmp_path: Path) -> Iterator[RealProject]:
    project = _watched(real(), tmp_path)
    start(project, STACK)
    for name, key in KEYS.items():
        project.set_key(STACK, name, key)
    yield project
    empty(cluster)


def test_nothing_that_is_printed_or_kept_tells_a_key(
    project: RealProject, cluster: ControlPlane, tmp_path: Path
) -> None:
    def change() -> None:
        project.set_key(STACK, "shared", ROTATED["shared"])
        edit(project, STACK, *MOVE)

    def change_again() -> None:
        project.set_key(STACK, "lab", ROTATED["lab"])

    texts = everything_told(project, STACK, tmp_path, change, change_again)
    assert "[secret]" in texts["preview --diff"]
    assert "[secret]" in texts["up --yes --diff"]
    token = yaml.safe_load(cluster.kubeconfig.read_text())["users"][0]["user"]["token"]
    assert leaking(texts | kept(tmp_path), *EVERY, token) == set()
    # Where they belong they are found.
    held = cluster.kubectl("get", "secrets", "--all-namespaces", "--output=yaml")
    assert all(leaking({"the cluster": held}, key) for key in (KEYS["edge"], *ROTATED.values()))


def test_a_key_that_was_planted_is_found_in_everything_that_is_printed_or_kept(real: Real, tmp_path: Path) -> None:
    program = """
import pulumi
from pulumi_kubernetes.core.v1 import ConfigMap

key = pulumi.Config("planted").require("key")
pulumi.log.warn(key)
pulumi.ComponentResource("planted:index:Planted", key)
ConfigMap("planted", metadata={"name": "planted", "namespace": "default"}, data={"key": key})
pulumi.export("planted", key)
"""
    project, stack = _watched(real(program), tmp_path), "planted.dev"
    project.init(stack)

    def plant(key: str) -> None:
        project.run("config", "set", "planted:key", "--stack", stack, input=key)

    plant(KEY)
    texts = everything_told(project, stack, tmp_path, lambda: plant(f"{KEY} 2"), lambda: plant(f"{KEY} 3"))
    # Traces hold what was called and how long it took; of a graph only the file is told here, which names resources.
    without_values = {"logs", "stack graph", "graph", "preview.traces", "up.traces", "change.traces"}
    print(sorted(texts.keys() - leaking(texts, KEY)))
    assert texts.keys() - leaking(texts, KEY) <= without_values
    found = leaking(kept(tmp_path), KEY)
    for each in ("state/.pulumi/stacks/", "state/.pulumi/history/", "state/.pulumi/backups/", "project/stacks/"):
        assert [name for name in found if name.startswith(each)], each


def test_no_refusal_tells_a_key(project: RealProject, cluster: ControlPlane, tmp_path: Path) -> None:
    path = project.stacks / f"Pulumi.{STACK}.yaml"
    before = path.read_text()
    refused: dict[str, Outcome] = {}

    def refuses(said: str, *flags: str, **env: str) -> None:
        refused[said] = project.up(STACK, *flags, check=False, env=env)
        path.write_text(before)

    def only_set(key: str) -> None:
        project.run(
            "config", "set", "--secret", "--path", "paletteai:integrations.lab.apiKey", "--stack", STACK, input=key
        )

    refuses("is forbidden", "--diff", KUBECONFIG=str(cluster.kubeconfig_of("nobody", tmp_path / "nobody")))
    refuses("incorrect passphrase", PULUMI_CONFIG_PASSPHRASE="wrong")
    project.set_key(STACK, "lab", KEYS["shared"])
    refuses("PAI003")
    only_set(ROTATED["lab"])
    refuses("the fingerprint of integration `lab` does not match its key")
    only_set("changeme")
    refuses("PAI009")
    ciphertext = re.findall(r"secure: (v1:\S+)", before)[0]
    edit(project, STACK, (f"\n        secure: {ciphertext}", f" {EXPOSED}"))
    refuses("PAI010")

    project.up(STACK)
    cluster.kubectl("-n", "lab", "patch", "secret", "default-palette", "--type=merge", "-p", '{"immutable": true}')
    project.set_key(STACK, "lab", ROTATED["lab"])
    refuses("field is immutable when `immutable` is set", "--diff", "--debug")

    for said, each in refused.items():
        assert each.code != 0, said
        assert said in each.printed, each.printed
    texts = {said: each.printed for said, each in refused.items()}
    assert leaking(texts, *EVERY, EXPOSED) == set()
    assert leaking(kept(tmp_path), *EVERY) == set()


@pytest.mark.parametrize(
    ("last", "said"),
    [
        ("unfinished('ninth')", "PAI003"),
        ("tenant('ninth', api_key=pulumi.Output.from_input(key))", "its Secret and Settings were not registered"),
        (
            "tenant('ninth', api_key=pulumi.Output.secret(key).apply(lambda text: text[len(text) // 0:]))",
            "integer division",
        ),
    ],
)
def test_no_error_of_a_users_own_program_tells_a_key(real: Real, tmp_path: Path, last: str, said: str) -> None:
    program = f"""
import traceback
import pulumi
from paletteai_components import PaletteCredential, SettingsArgs, Tenant, TenantArgs
from paletteai_components.components.credential import handle_of

key = pulumi.Config().require("key")
whole = {{"host_url": "{HOST}", "tenant": "example", "default_project_id": "{PROJECT_ID}"}}

def tried(what):
    try:
        pulumi.log.warn(f"{{what()!r}}")
    except Exception as error:
        traceback.print_exc()
        pulumi.log.warn(f"{{error!r}} {{vars(error)}} {{error.args}}")

def tenant(name, **fields):
    palette = PaletteCredential(name, **{{**whole, "api_key": key, **fields}})
    args = TenantArgs(name=name, settings={{"default": SettingsArgs(palette=palette)}})
    pulumi.log.warn(f"{{palette}} {{args}} {{handle_of(key)}}")
    return Tenant(name, args)

def unfinished(name, **fields):
    made = tenant(name, **fields)
    raise ValueError(made, vars(made), made._stack, made._planned)

tried(lambda: tenant("first"))
tried(lambda: tenant("second"))
tried(lambda: tenant("third", api_key=[key]))
tried(lambda: tenant("fourth", api_key={{"secure": key}}))
tried(lambda: tenant("fifth", host_url=f"https://user:{{key}}@example.com"))
tried(lambda: tenant("sixth", api_key=f"${{{{{{key}}}}}}"))
tried(lambda: tenant("seventh", tenant=None))
tried(lambda: unfinished("eighth", api_key=f"{{key}}-the-8th"))
{last}
"""
    project, stack = _watched(real(program), tmp_path), "own.dev"
    project.init(stack)
    project.run("config", "set", "--secret", "key", "--stack", stack, input=KEY)
    failed = project.up(stack, "--diff", check=False)
    assert failed.code != 0
    for each in ("ValueError(", "PaletteCredential(name='first')", said):
        assert each in failed.printed, failed.printed
    assert leaking({"printed": failed.printed} | kept(tmp_path), KEY, f"{KEY}-the-8th") == set()


def test_the_command_tells_no_key_and_writes_one_only_where_it_is_told_to(project: RealProject, tmp_path: Path) -> None:
    commands = [
        ["plan"],
        ["plan", "--format", "json"],
        ["check"],
        ["check", "--format", "json"],
        ["render", STACK],
        ["render", "--with-secrets", "rendered.yaml", STACK],
        ["fingerprint", STACK],
        ["explain", "PAI009"],
        ["explain", "PAI009", "--format", "json"],
    ]
    texts = {" ".join(each): project.paletteai(*each, check=False).printed for each in commands}
    project.env["PULUMI_CONFIG_PASSPHRASE"] = "wrong"
    texts["refused"] = project.paletteai("render", "--with-secrets", "none.yaml", STACK, check=False).printed
    assert "the passphrase is not this stack's" in texts["refused"]
    assert all(texts.values())
    assert leaking(texts, *EVERY) == set()
    rendered = project.folder / "rendered.yaml"
    assert leaking(kept(tmp_path), *EVERY) == {"project/rendered.yaml"}
    assert all(leaking({"rendered": rendered.read_text()}, key) for key in KEYS.values())
    assert rendered.stat().st_mode & 0o777 == 0o600


def test_nothing_of_this_project_turns_the_engines_debug_logs_on() -> None:
    switches = re.compile(r"--logtostderr|--logflow|--tracing|PULUMI_DEBUG_GRPC|-v[ =]?[4-9]\b|--verbose[ =]?[4-9]\b")
    locations = [
        "Makefile",
        "README.md",
        "Pulumi.yaml",
        "__main__.py",
        ".ci",
        ".github",
        "docs",
        "paletteai_components",
    ]
    files = [file for location in locations for file in (ROOT / location, *(ROOT / location).rglob("*"))]
    found = {
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in files
        if path.is_file() and path.suffix != ".pyc"
        for line in path.read_text(errors="replace").splitlines()
        if switches.search(line)
    }
    # Only the warning names them.
    assert all("contain Secrets in plain text" in each for each in found), found
    assert found


def everything_told(
    project: RealProject, stack: str, folder: Path, change: Callable[[], None], change_again: Callable[[], None]
) -> Texts:
    """Everything the CLI tells of a stack that is deployed and changed twice, by what it was asked."""
    to = folder / "told"
    to.mkdir()
    texts: Texts = {}

    def ask(name: str, *arguments: str, **env: str) -> None:
        command = [*name.split(), *arguments, "--stack", stack]
        texts[name] = project.run(*command, check=False, env={**OFFERED, **env}).printed

    def both(file: str) -> list[str]:
        return ["--event-log", str(to / f"{file}.events"), "--otel-traces", (to / f"{file}.traces").as_uri()]

    ask("preview")
    everything = ["--show-sames", "--show-full-output", "--show-replacement-steps", "--show-config", "--debug"]
    ask("preview --diff", *everything, "--save-plan", str(to / "plan"), *both("preview"))
    ask("preview --json")
    ask("up --yes", "--plan", str(to / "plan"), *both("up"))
    change()
    ask("preview --json --refresh", PULUMI_ENABLE_STREAMING_JSON_PREVIEW="true")
    ask("up --yes --diff", *everything, *both("change"))
    change_again()
    ask("up --yes --skip-preview --json")
    ask("refresh --yes --diff")
    for each in ("export", "output", "output --json", "history --json", "--show-urns"):
        ask(f"stack {each}")
    ask("stack graph", str(to / "graph"))
    for each in ("config", "config --json", "about", "about --json", "logs"):
        ask(each)
    return texts | {path.name: path.read_text() for path in to.iterdir()}


def kept(folder: Path) -> Texts:
    """Every file that a project left behind: its own, the backend's, and those in each home and temporary folder."""
    locations = ("project", "state", "home", "pulumi", "temporary")
    paths = [path for location in locations for path in (folder / location).rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_text(errors="replace") for path in paths}


def leaking(texts: Mapping[str, str], *keys: str) -> set[str]:
    """The names of those texts in which a key can be read."""
    found = set(leaks(list(texts.values()), *keys))
    forms = [form for key in keys for form in _further_disguises(key)]
    return {name for name, text in texts.items() if text in found or any(form in text for form in forms)}


def _further_disguises(key: str) -> Iterator[str]:
    inside = json.dumps(key)[1:-1]
    # Go's JSON writes these three by their codes, and YAML doubles a single quote.
    for text in (inside, json.dumps(key, ensure_ascii=False)[1:-1]):
        yield text.replace("&", r"\u0026").replace("<", r"\u003c").replace(">", r"\u003e")
    yield key.replace("'", "''")
    yield key.encode().hex()


def _watched(project: RealProject, folder: Path) -> RealProject:
    """The project with a temporary folder of its own."""
    (folder / "temporary").mkdir()
    project.env["TMPDIR"] = str(folder / "temporary")
    return project
