"""What others do to the objects between two deployments, and what Pulumi shows and does then."""

from __future__ import annotations

import base64
import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.cluster.control_plane import ControlPlane
from support.cluster.vendor import MANAGER, Api
from support.programs import leaks
from support.real import Outcome, Real
from support.samples import HOST, PROJECT_ID

pytestmark = [pytest.mark.engine, pytest.mark.cluster, pytest.mark.timeout(900)]

RESOURCES = {
    "Namespace": "namespaces",
    "Secret": "secrets",
    "Settings": "settings.spectrocloud.com",
    "Project": "projects.spectrocloud.com",
}
THEIR_KEY = "A-key-that-is-s0mebody-else5"
THEIR_DOCUMENT = base64.b64encode(json.dumps({"apiKey": THEIR_KEY}).encode()).decode()
FORCED = {"PULUMI_K8S_ENABLE_PATCH_FORCE": "true"}

Object = dict[str, Any]

LEFT, UNDONE, REFUSED = "left as they made it", "made again as declared", "left as they made it, and `up` fails"


@dataclass(frozen=True)
class RemovalEffect:
    """What comes of a field that somebody else wrote or took away.

    As long as the program stays as it is, `pulumi preview` shows nothing of it and `pulumi up` does nothing about it.

    Fields:
        project: the Project that bears it, with other rows that it does not disturb.
        shown: whether `preview --refresh` shows that Pulumi is going to undo it.
        refreshed: what `up --refresh` does, or `refresh` and then `up`.
        updated: what an `up` does that updates the object for a reason of its own.
        forced: what it does where Pulumi is told to win every conflict.
        told: whether every preview warns that it would go, by PAI019.
    """

    project: str
    shown: bool
    refreshed: str
    updated: str
    forced: str
    told: bool = False


REVERTED = RemovalEffect("reverted", shown=True, refreshed=UNDONE, updated=UNDONE, forced=UNDONE)
SHORTENED = RemovalEffect("shortened", shown=False, refreshed=LEFT, updated=UNDONE, forced=UNDONE)
DISPUTED = RemovalEffect("disputed", shown=True, refreshed=REFUSED, updated=REFUSED, forced=UNDONE)
DISPUTED_LATER = RemovalEffect("disputed-later", shown=False, refreshed=LEFT, updated=REFUSED, forced=UNDONE)
DROPPED = RemovalEffect("added", shown=False, refreshed=LEFT, updated=UNDONE, forced=UNDONE, told=True)
KEPT = RemovalEffect("added", shown=False, refreshed=LEFT, updated=LEFT, forced=LEFT)


@dataclass(frozen=True, eq=False)
class Row:
    """Who does what, and what comes of it.

    Fields:
        who: see `act`.
        kind: of the object.
        field: in it, its steps separated by spaces.
        value: what it is then; None where it is taken away.
        fate: see `RemovalEffect`.
    """

    who: str
    kind: str
    field: str
    value: Any
    removal_effect: RemovalEffect

    @property
    def project(self) -> str:
        """The Project that bears it. What is refused for a Secret stops the Project that depends on it."""
        return (
            "disputed-secret"
            if (self.removal_effect, self.kind) == (DISPUTED, "Secret")
            else self.removal_effect.project
        )


TABLE = (
    # A person changes what the program declares.
    Row("kubectl edit", "Project", "spec displayName", "Theirs", REVERTED),
    Row("kubectl patch", "Settings", "spec integrations palette secretRef name", "theirs", REVERTED),
    Row("kubectl patch", "Secret", "data palette", THEIR_DOCUMENT, REVERTED),
    Row("kubectl apply", "Namespace", "metadata labels team", "theirs", REVERTED),
    Row("kubectl apply --server-side", "Project", "spec roleMapping editor", ["theirs"], REVERTED),
    Row("kubectl label", "Secret", "metadata labels team", "theirs", REVERTED),
    # Anybody takes it away.
    Row("kubectl patch", "Settings", "metadata labels team", None, REVERTED),
    Row("the UI", "Project", "spec roleMapping admin", None, REVERTED),
    # Anybody else changes it.
    Row("the UI", "Project", "spec displayName", "Theirs", DISPUTED),
    Row("the controllers", "Project", "spec roleMapping editor", ["theirs"], DISPUTED),
    Row("the controllers, by apply", "Project", "spec roleMapping viewer", ["theirs"], DISPUTED),
    Row("a secrets operator", "Secret", "data palette", THEIR_DOCUMENT, DISPUTED),
    # Anybody adds to the end of a list that the program declares.
    Row("kubectl patch", "Project", "spec roleMapping admin", ["ours", "theirs"], SHORTENED),
    Row("the UI", "Project", "spec roleMapping admin", ["ours", "theirs"], DISPUTED_LATER),
    # A person adds what the program does not declare.
    Row("kubectl edit", "Project", "spec roleMapping admin", ["theirs"], DROPPED),
    Row("kubectl patch", "Project", "spec roleMapping viewer", ["theirs"], DROPPED),
    Row("kubectl patch", "Settings", "spec integrations nvidia secretRef name", "theirs", DROPPED),
    Row("kubectl patch", "Secret", "data theirs", THEIR_DOCUMENT, DROPPED),
    Row("kubectl apply", "Settings", "spec integrations huggingFace secretRef name", "theirs", DROPPED),
    Row("kubectl apply --server-side", "Namespace", "metadata annotations note", "theirs", DROPPED),
    Row("kubectl label", "Namespace", "metadata labels pod-security.kubernetes.io/enforce", "baseline", DROPPED),
    Row("kubectl annotate", "Project", "metadata annotations note", "theirs", DROPPED),
    # Anybody else adds it, or reports what is.
    Row("the UI", "Project", "spec roleMapping editor", ["theirs"], KEPT),
    Row("the UI", "Namespace", "metadata labels theirs", "theirs", KEPT),
    Row("the controllers", "Project", "metadata labels theirs", "theirs", KEPT),
    Row("the controllers, by apply", "Project", "metadata annotations their-note", "theirs", KEPT),
    Row("the controllers, by apply", "Settings", "metadata annotations note", "theirs", KEPT),
    Row("the controllers' report", "Settings", "status conditions", [{"type": "Ready", "status": "True"}], KEPT),
    Row("a secrets operator", "Secret", "data operators", THEIR_DOCUMENT, KEPT),
)
MANAGERS = {
    "kubectl edit": "kubectl-edit",
    "kubectl patch": "kubectl-patch",
    "kubectl label": "kubectl-label",
    "kubectl annotate": "kubectl-annotate",
    "kubectl apply": "kubectl-client-side-apply",
    "kubectl apply --server-side": "kubectl",
    "the UI": "Mozilla",
    "the controllers": MANAGER,
    "the controllers, by apply": MANAGER,
    "the controllers' report": MANAGER,
    "a secrets operator": "external-secrets",
}

# Every row is there twice: for a command that updates its object, and for one that refreshes.
UPDATED, REFRESHED = "updated", "refreshed"

EDITOR = """
import json, pathlib, sys, yaml
path, value = json.loads(pathlib.Path(__file__).with_suffix(".json").read_text())
edited = holder = yaml.safe_load(pathlib.Path(sys.argv[1]).read_text())
for step in path[:-1]:
    holder = holder.setdefault(step, {})
holder[path[-1]] = value
pathlib.Path(sys.argv[1]).write_text(yaml.safe_dump(edited))
"""


@pytest.fixture
def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What `kubectl edit` opens: it makes the change that is in the file beside it."""
    path = tmp_path / "editor.py"
    path.write_text(EDITOR)
    monkeypatch.setenv("KUBE_EDITOR", f"{sys.executable} {path}")
    return path


class Deployed:
    """A deployed stack, whose Projects are then declared otherwise."""

    def __init__(self, real: Real, tenant: str, **projects: Object) -> None:
        self.project, self.name = real(), f"{tenant}.dev"
        self.project.init(self.name)
        keyed = [name for name, given in projects.items() if "settings" in given]
        secrets = [f"--secret=paletteai:integrations.{name}.apiKey=Key-0f-{name}-of-the-2nd-mine" for name in keyed]
        if secrets:
            self.project.run("config", "set-all", "--path", f"--stack={self.name}", *secrets)
        self.declare(**projects)
        self.project.up(self.name)

    def declare(self, **projects: Object) -> None:
        """Declares these Projects, with Settings of their own where they have any."""
        path = self.project.stacks / f"Pulumi.{self.name}.yaml"
        document = yaml.safe_load(path.read_text())
        config = document.setdefault("config", {})
        for each in config.setdefault("paletteai:integrations", {}).values():
            each |= {"hostUrl": HOST, "tenant": "example-tenant", "defaultProjectID": PROJECT_ID}
        config["kubernetes:context"] = "dev"
        config["paletteai:tenant"] = {
            "name": self.name.removesuffix(".dev"),
            "computeConfigRef": {"name": "default"},
            "sharedClusterOnly": True,
            "projects": [{"name": name, "displayName": "Ours", **given} for name, given in projects.items()],
        }
        path.write_text(yaml.safe_dump(document, sort_keys=False))

    def preview(self, *flags: str) -> Outcome:
        """Previews it."""
        return self.project.preview(self.name, *flags, check=False)

    def up(self, *flags: str, env: dict[str, str] | None = None) -> Outcome:
        """Deploys it without a preview."""
        return self.project.up(self.name, *flags, check=False, env=env)

    def refresh(self) -> Outcome:
        """Reads into the state what the cluster holds."""
        return self.project.run("refresh", "--yes", "--skip-preview", f"--stack={self.name}")

    def up_with_preview(self) -> Outcome:
        """Deploys it after a preview."""
        return self.project.run("up", "--yes", f"--stack={self.name}", check=False)


def test_what_others_do_is_undone_left_or_refused_as_the_table_says(
    real: Real, cluster: ControlPlane, editor: Path
) -> None:
    stack = Deployed(real, "table", **halves("1"))
    declared = held(cluster)
    with Api(cluster) as api:
        for row in TABLE:
            for half in (UPDATED, REFRESHED):
                act(cluster, api, editor, row, f"{half}-{row.project}")

    def undone(half: str) -> set[Row]:
        """The rows that are as declared. All others are as somebody made them."""
        now, found = held(cluster), set()
        for row in TABLE:
            ref = row.kind, f"{half}-{row.project}"
            value = at(now[ref], row.field)
            if value == at(declared[ref], row.field):
                found.add(row)
            else:
                assert value == row.value, row
        return found

    def having(*halves: str, **removal_effect: Any) -> set[tuple[str, str, str]]:
        """The kind, Project and field of the rows with a fate."""
        return {
            (row.kind, f"{half}-{row.project}", row.field.replace(" ", "."))
            for row in TABLE
            for half in halves
            if all(getattr(row.removal_effect, name) == value for name, value in removal_effect.items())
        }

    assert undone(UPDATED) == undone(REFRESHED) == set()
    # The API server keeps who wrote what: what is declared, and is not Pulumi's any more, is in dispute.
    now = held(cluster)
    for row in TABLE:
        wrote = owners(now[row.kind, f"{UPDATED}-{row.project}"], row.field)
        assert wrote == (set() if row.value is None else {MANAGERS[row.who]})
    # The stack stays as it is.
    outcomes = [stack.preview("--json")]
    assert changes(outcomes[-1]) == set()
    assert dropped_in(outcomes[-1]) == having(UPDATED, REFRESHED, told=True)
    outcomes.append(stack.preview("--refresh", "--json"))
    assert changes(outcomes[-1]) == having(UPDATED, REFRESHED, shown=True)
    outcomes.append(stack.up())
    assert undone(UPDATED) == undone(REFRESHED) == set()

    # A label changes on every object of one half. That is all that the preview shows.
    stack.declare(**halves("2"))
    outcomes.append(stack.preview("--json"))
    shown = changes(outcomes[-1])
    assert {field for *_, field in shown} == {"metadata.labels.revision"}
    assert {each[:2] for each in having(UPDATED)} <= {each[:2] for each in shown}
    outcomes.append(stack.up("--continue-on-error"))
    assert undone(UPDATED) == {row for row in TABLE if row.removal_effect.updated is UNDONE}
    assert undone(REFRESHED) == set()
    assert disputed(outcomes[-1]) == having(UPDATED, updated=REFUSED)
    outcomes.append(stack.refresh())
    assert undone(REFRESHED) == set()
    outcomes.append(stack.up("--continue-on-error"))
    assert undone(REFRESHED) == {row for row in TABLE if row.removal_effect.refreshed is UNDONE}
    assert disputed(outcomes[-1]) == having(UPDATED, updated=REFUSED) | having(REFRESHED, refreshed=REFUSED)
    outcomes.append(stack.up(env=FORCED))
    assert undone(UPDATED) == {row for row in TABLE if row.removal_effect.forced is UNDONE}

    # What others put into a Secret was read into the state, and is as secret there.
    state = [path.read_text() for path in stack.project.state.rglob("*.json*")]
    assert leaks([*(each.printed for each in outcomes), *state], THEIR_KEY) == []


def test_a_conflict_over_an_object_that_was_updated_before_is_seen_in_the_preview(
    real: Real, cluster: ControlPlane, editor: Path
) -> None:
    def revised(person: str, ui: str, **more: Any) -> dict[str, Object]:
        return {"person": {"labels": {"revision": person}}, "ui": {"labels": {"revision": ui}, **more}}

    def renamed(who: str, name: str) -> None:
        with Api(cluster) as api:
            act(cluster, api, editor, Row(who, "Project", "spec displayName", "Theirs", DISPUTED), name)

    def names() -> list[str]:
        return [held(cluster)["Project", name]["spec"]["displayName"] for name in ("person", "ui")]

    def refused(outcome: Outcome, manager: str) -> bool:
        return outcome.code != 0 and f'conflict with "{manager}"' in outcome.printed

    stack = Deployed(real, "disputed", **revised("1", "1"))
    stack.declare(**revised("2", "2"))
    stack.up()

    # What was changed with kubectl stops the preview, and so every `up` that begins with one. Without, it is undone.
    renamed("kubectl patch", "person")
    assert refused(stack.preview("--refresh"), "kubectl-patch")
    stack.declare(**revised("3", "2"))
    assert refused(stack.up_with_preview(), "kubectl-patch")
    assert names() == ["Theirs", "Ours"]
    stack.up()
    assert names() == ["Ours", "Ours"]

    # What anything else changed stops both, until the file says the same, or Pulumi is told to win.
    renamed("the UI", "ui")
    stack.declare(**revised("3", "3"))
    assert refused(stack.preview(), "Mozilla")
    assert refused(stack.up(), "Mozilla")
    stack.declare(**revised("3", "3", displayName="Theirs"))
    assert stack.up().code == 0
    stack.declare(**revised("3", "3"))
    assert refused(stack.up(), "Mozilla")
    assert names() == ["Ours", "Theirs"]
    stack.up(env=FORCED)
    assert names() == ["Ours", "Ours"]


def test_what_somebody_deleted_is_missed_by_a_refresh_only_and_then_made_anew(
    real: Real, cluster: ControlPlane
) -> None:
    def whole(name: str, **more: Any) -> Object:
        return {"settings": {"palette": name}, **more}

    given = {name: whole(name) for name in ("emptied", "gone", "over")}
    stack = Deployed(real, "deleted", **given)
    cluster.kubectl("delete", "settings,secrets", "--all", "--namespace=emptied")
    cluster.kubectl("delete", "namespaces", "gone", "over")
    missing = {(kind, "gone") for kind in RESOURCES} | {("Secret", "emptied"), ("Settings", "emptied")}
    assert changes(stack.preview("--json")) == set()

    # An update of what is not there fails, in the preview already.
    given["emptied"] = whole("emptied", labels={"revision": "2"})
    stack.declare(**given)
    assert 'secrets "default-palette" not found' in stack.preview().printed

    # Protection does not keep what is gone, once Pulumi knows: its lines can go at once.
    given = {"emptied": whole("emptied"), "gone": whole("gone")}
    stack.declare(**given)
    assert "protected" in stack.preview().printed
    refreshed = changes(stack.preview("--refresh", "--json"))
    assert {(kind, name) for kind, name, what in refreshed if what == "create"} == missing
    assert stack.up("--refresh").code == 0
    assert missing <= held(cluster).keys()
    assert "over" not in {name for _, name in held(cluster)}
    protected = {named(each["urn"]) for each in stack.project.resources(stack.name) if each.get("protect")}
    assert {("Namespace", "gone"), ("Project", "gone")} <= protected


def halves(revision: str) -> dict[str, Object]:
    """The Projects that bear the table, those of one half at a revision."""
    declared: dict[str, Object] = {}
    for row in TABLE:
        for half, label in (UPDATED, revision), (REFRESHED, "1"):
            name = f"{half}-{row.project}"
            given = declared.setdefault(name, {"labels": {"team": "ours", "revision": label}})
            if row.removal_effect not in (DROPPED, KEPT):
                given["roleMapping"] = {role: ["ours"] for role in ("admin", "editor", "viewer")}
            if row.kind in ("Settings", "Secret"):
                given["settings"] = {"palette": name}
    return declared


def act(cluster: ControlPlane, api: Api, editor: Path, row: Row, project: str) -> None:
    """Does what a row says to an object of a Project."""
    namespace, name = {
        "Namespace": (None, project),
        "Secret": (project, "default-palette"),
        "Settings": (project, "default"),
        "Project": (project, project),
    }[row.kind]
    resource, _, group = RESOURCES[row.kind].partition(".")
    version = f"{group}/v1alpha1" if group else "v1"
    folder = f"{'/apis' if group else '/api'}/{version}"
    url = f"{folder}/namespaces/{namespace}/{resource}/{name}" if namespace else f"{folder}/{resource}/{name}"
    target = [RESOURCES[row.kind], name, *([f"--namespace={namespace}"] if namespace else [])]
    change: Object = {}
    put(change, row.field, row.value)
    manifest: Object = {"apiVersion": version, "kind": row.kind, "metadata": {"name": name, "namespace": namespace}}
    put(manifest, row.field, row.value)
    merge, apply = "application/merge-patch+json", "application/apply-patch+yaml"
    match row.who:
        case "kubectl edit":
            editor.with_suffix(".json").write_text(json.dumps([row.field.split(), row.value]))
            cluster.kubectl("edit", *target)
        case "kubectl patch":
            cluster.kubectl("patch", *target, "--type=merge", f"--patch={json.dumps(change)}")
        case "kubectl apply":
            cluster.kubectl("apply", "--filename=-", input=json.dumps(manifest))
        case "kubectl apply --server-side":
            cluster.kubectl("apply", "--server-side", "--force-conflicts", "--filename=-", input=json.dumps(manifest))
        case "kubectl label" | "kubectl annotate":
            said = f"{row.field.split()[-1]}={row.value}"
            cluster.kubectl(row.who.split()[1], *target, said, "--overwrite")
        case "the controllers, by apply":
            api.ask("PATCH", f"{url}?fieldManager={MANAGER}&force=true", manifest, apply)
        case "the controllers' report":
            api.ask("PATCH", f"{url}/status?fieldManager={MANAGER}", change, merge)
        case _:
            api.ask("PATCH", f"{url}?fieldManager={MANAGERS[row.who]}", change, merge)


def put(holder: Object, field: str, value: Any) -> None:
    """Puts a value into a field."""
    *path, last = field.split()
    for step in path:
        holder = holder.setdefault(step, {})
    holder[last] = value


def at(holder: Any, field: str) -> Any:
    """What is in a field; None where nothing is."""
    for step in field.split():
        holder = (holder or {}).get(step)
    return holder


def held(cluster: ControlPlane) -> dict[tuple[str, str], Object]:
    """What the API server holds, by kind and Project."""
    told = json.loads(
        cluster.kubectl(
            "get", ",".join(RESOURCES.values()), "--all-namespaces", "--output=json", "--show-managed-fields"
        )
    )
    return {
        (each["kind"], each["metadata"].get("namespace") or each["metadata"]["name"]): each for each in told["items"]
    }


def changes(preview: Outcome) -> set[tuple[str, str, str]]:
    """What a preview is going to do: kind, Project, and field or operation."""
    found = set()
    for step in json.loads(preview.stdout)["steps"]:
        if step["op"] not in {"same", "refresh"}:
            fields = step["detailedDiff"] or [step["op"]]
            found |= {(*named(step["urn"]), field.partition("[")[0]) for field in fields}
    return found


def dropped_in(preview: Outcome) -> set[tuple[str, str, str]]:
    """What a preview says that it drops, although it does not show it."""
    found = set()
    for each in json.loads(preview.stdout)["diagnostics"]:
        said = re.search(r"PAI019: `(\w+)/([\w-]+)\S*` has (.+?), written with", each["message"])
        if said:
            # A key with dots is shown in brackets.
            fields = re.sub(r"\[([^]]+)\]", r".\1", said[3].replace("`", ""))
            found |= {(said[1], said[2], field) for field in fields.split(", ")}
    return found


def disputed(outcome: Outcome) -> set[tuple[str, str, str]]:
    """What could not be applied because somebody else had changed it."""
    found, ref = set(), ("", "")
    for line in outcome.printed.partition("Diagnostics:")[2].splitlines():
        if heading := re.match(r"  kubernetes:\S+:(\w+) \([\w-]+\.([\w-]+)", line):
            ref = heading[1], heading[2]
        if field := re.search(r"(?:: |- )\.((?:\w+\.)+\w+)$", line):
            found.add((*ref, field[1]))
    return found


def owners(each: Object, field: str) -> set[str]:
    """Who wrote a field, as the API server keeps it."""
    steps = " ".join(f"f:{step}" for step in field.split())
    return {entry["manager"] for entry in each["metadata"]["managedFields"] if at(entry["fieldsV1"], steps) is not None}


def named(urn: str) -> tuple[str, str]:
    """The kind of an object, and the Project it belongs to."""
    *_, types, name = urn.split("::")
    return types.rpartition(":")[2], f"{name}..".split(".")[1]
