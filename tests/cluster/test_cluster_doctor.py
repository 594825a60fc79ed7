"""`paletteai doctor` on a real API server with hundreds of tenants that nobody made with this package."""

from __future__ import annotations

import base64
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from support.applied import ACME, KEY
from support.checkout import CRD_FOLDER, ROOT
from support.cluster.control_plane import ControlPlane
from support.cluster.proxy import Choice, Fault, Proxy
from support.cluster.vendor import Api, wait_until
from support.observations import api_key, document, manifest, manifests_of, secret, settings, tenant
from support.observations import project as project_of
from support.projects import Project
from support.samples import stack

from paletteai_components.cli import main
from paletteai_components.kube.manifests import Manifest

pytestmark = [pytest.mark.cluster, pytest.mark.untraced]

TENANTS, PROJECTS = 200, 10
EVERYBODY = ("doctor", "without-secrets", "without-tenants")
GROUP = "/apis/spectrocloud.com/v1alpha1"
_AT_ONCE = 6
RBAC = "/apis/rbac.authorization.k8s.io/v1"
UNREAD = "the cluster could not be read, so nothing was checked"
# Only what these users ask for is of interest, with what they send, and only after it is done.
AUDIT = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [{"level": "Request", "users": list(EVERYBODY)}],
}


def objects() -> Iterator[Manifest]:
    """Tenants in every layout that is known, and one mistake of each kind."""
    compute = {"computeConfigRef": {"name": "default", "namespace": "mural-system"}}
    for number in range(TENANTS):
        name, key = f"t{number}", f"key-{number}"
        home = (f"tenant-{name}", name, f"shared-{number}")[number % 3]
        if number % 3 == 2:
            yield manifest("Namespace", home, labels={"palette.ai/tenant": name, "team": "other"})
        yield tenant(name, "default" if number % 3 else None, home)
        yield {**settings(home, secret="palette"), "metadata": {"name": "default", "namespace": home}}
        yield secret(home, "palette", "key-0" if number == 1 else key, tenant=name)
        for at in range(PROJECTS):
            yield {
                **project_of(f"{name}-{at}", name, annotations={"team/owner": "someone"}),
                "spec": {**compute, "tenantRef": {"name": name}, "displayName": f"P {at}"},
            }
    yield settings("shared-2", "edge", "palette")
    yield settings("lost", "old", "gone")
    yield manifest("Secret", "broken", "t4", data={**document(api_key("x")), "palette": "bm90IGpzb24="})
    yield settings("t4", "broken", "broken")
    yield {**project_of("orphan", "nobody"), "spec": {**compute, "tenantRef": {"name": "nobody"}}}


# Of `objects`: key 0 twice, one Secret in two Settings, two Settings without use, a Secret and a Tenant that are not
# there, a document that is none, and the status of one Project.
EXPECTED = {"PAI002": 1, "PAI003": 1, "PAI005": 2, "PAI009": 1, "PAI022": 1}


@pytest.fixture(scope="module")
def plane(programs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A cluster of its own: nobody reconciles the objects, and nobody has to remove them one by one."""
    folder = tmp_path_factory.mktemp("doctor")
    policy = folder / "audit.yaml"
    policy.write_text(yaml.safe_dump(AUDIT))
    flags = {
        "audit-policy-file": policy,
        "audit-log-path": folder / "audit.log",
        # Half of the objects would be namespaces.
        "disable-admission-plugins": "ServiceAccount,NamespaceLifecycle",
        # Lists come from the store, which can be made to forget.
        "feature-gates": "ListFromCacheSnapshot=false",
    }
    plane = ControlPlane(programs, folder / "cluster", EVERYBODY, flags)
    try:
        for program in ("etcd", "kube-apiserver"):
            plane.run(program)
        _fill(plane)
        yield plane
    finally:
        plane.stop()


def _fill(plane: ControlPlane) -> None:
    with Api(plane) as api:
        for file in sorted(CRD_FOLDER.glob("*.yaml")):
            kinds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
            api.ask("POST", kinds, yaml.safe_load(file.read_text()))
        for user in EVERYBODY:
            name = {"name": user}
            api.ask("POST", f"{RBAC}/clusterroles", {**_role(user), "metadata": name})
            to = {"roleRef": {"kind": "ClusterRole", "apiGroup": "rbac.authorization.k8s.io", **name}}
            subject = {"kind": "User", "apiGroup": "rbac.authorization.k8s.io", **name}
            api.ask("POST", f"{RBAC}/clusterrolebindings", {"metadata": name, **to, "subjects": [subject]})
        served = [f"{GROUP}/{kind}" for kind in ("tenants", "projects", "settings")]
        wait_until("the kinds are served", lambda: all(map(api.has, served)))
    every = list(objects())

    def create(part: list[Manifest]) -> None:
        with Api(plane) as api:
            for each in part:
                api.ask("POST", _collection(each), each)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(create, (every[at::_AT_ONCE] for at in range(_AT_ONCE))))
    with Api(plane) as api:
        path = f"{GROUP}/namespaces/t5-0/projects/t5-0"
        condition = {"type": "Ready", "status": "False", "reason": "Paused", "message": "by hand"}
        api.ask("PUT", f"{path}/status", {**api.ask("GET", path), "status": {"conditions": [condition]}})


def _collection(each: Mapping[str, Any]) -> str:
    kind, namespace = each["kind"], each["metadata"].get("namespace")
    group = GROUP if "/" in each["apiVersion"] else "/api/v1"
    return f"{group}{f'/namespaces/{namespace}' if namespace else ''}/{kind.lower().removesuffix('s')}s"


def _role(user: str) -> dict[str, Any]:
    """The role on the page about access, or what is left of it without one kind."""
    page = (ROOT / "docs" / "operations" / "access.md").read_text()
    (text,) = re.findall(
        r"```yaml\n(apiVersion: \S+\nkind: ClusterRole\nmetadata:\n  name: paletteai-doctor\n.*?)```", page, re.S
    )
    role: dict[str, Any] = yaml.safe_load(text)
    for rule in role["rules"]:
        rule["resources"] = [each for each in rule["resources"] if each != user.removeprefix("without-")]
    return role


def doctor(kubeconfig: Path, *arguments: str) -> Result:
    result = CliRunner().invoke(main, ["doctor", "--kubeconfig", str(kubeconfig), *arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def told(kubeconfig: Path, *arguments: str) -> Any:
    return json.loads(doctor(kubeconfig, "--format", "json", *arguments).stdout)


def errors_in(answer: Any) -> dict[str, int]:
    return dict(Counter(each["code"] for each in answer["problems"] if each["severity"] == "error"))


@pytest.fixture(scope="module")
def answer(plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What a user with the role of the page is told."""
    return told(plane.kubeconfig_of("doctor", tmp_path_factory.mktemp("user") / "kubeconfig"))


def test_every_object_of_a_large_cluster_is_read_and_judged(answer: Any) -> None:
    assert answer["unread"] == []
    assert {kind: answer["objects"][kind] for kind in ("Tenant", "Project", "Settings", "Secret")} == {
        "Tenant": TENANTS,
        "Project": TENANTS * PROJECTS + 1,
        "Settings": TENANTS + 3,
        "Secret": TENANTS + 1,
    }
    assert errors_in(answer) == EXPECTED


def test_a_problem_is_at_the_place_of_its_object(answer: Any) -> None:
    where = {each["code"]: each["where"][0] for each in answer["problems"]}
    assert where["PAI022"] == {"file": "dev/Project/t5-0/t5-0", "line": None}
    assert where["PAI009"] == {"file": "dev/Secret/t4/broken", "line": None}


def is_told(text: str) -> list[str]:
    """The keys of the cluster that are in a text, as they are or as a Secret holds them."""
    every = [api_key(f"key-{number}") for number in range(TENANTS)]
    return [key for key in every if key in text or base64.b64encode(key.encode()).decode()[:-3] in text]


@pytest.mark.parametrize("output_format", ["text", "json", "markdown"])
def test_no_key_is_told(plane: ControlPlane, tmp_path: Path, output_format: str) -> None:
    result = doctor(plane.kubeconfig_of("doctor", tmp_path / "kubeconfig"), "--format", output_format, "--verbose")
    assert "PAI003" in result.stdout
    assert is_told(result.output) == []


def test_no_key_gets_into_an_adopted_file(plane: ControlPlane, project: Project) -> None:
    project.declare()
    before = set(project.files())
    kubeconfig = plane.kubeconfig_of("doctor", project.folder.parent / "kubeconfig")
    chosen = [word for number in range(20) for word in ("--tenant", f"t{number}")]
    result = CliRunner().invoke(main, ["adopt", "--env", "dev", "--kubeconfig", str(kubeconfig), *chosen])
    written = {name: content for name, content in project.files().items() if name not in before}
    assert len(written) == 20
    assert is_told(result.output + "".join(content.decode() for content in written.values())) == []


def test_without_the_right_to_secrets_the_rest_is_judged(plane: ControlPlane, tmp_path: Path) -> None:
    answer = told(plane.kubeconfig_of("without-secrets", tmp_path / "kubeconfig"))
    assert [each["kind"] for each in answer["unread"]] == ["Secret"]
    assert errors_in(answer) == {"PAI002": 1, "PAI005": 1, "PAI022": 1}


def test_without_the_right_to_tenants_none_is_taken_for_missing(plane: ControlPlane, tmp_path: Path) -> None:
    answer = told(plane.kubeconfig_of("without-tenants", tmp_path / "kubeconfig"))
    assert [each["kind"] for each in answer["unread"]] == ["Tenant"]
    assert errors_in(answer) == {**EXPECTED, "PAI005": 1}


def once(part: str, fault: Fault) -> Choice:
    """The fault for the first request for a page."""
    delivered: list[str] = []

    def choose(method: str, path: str) -> Fault | None:
        if part not in path or delivered:
            return None
        delivered.append(path)
        return fault

    return choose


@pytest.mark.parametrize(
    ("part", "fault"),
    [("/tenants?", Fault.THROTTLED), ("/settings?", Fault.SLOW), ("/projects?limit=500&continue", Fault.EXPIRED)],
    ids=["busy", "slow", "expired"],
)
def test_a_bad_day_of_the_server_changes_nothing(
    plane: ControlPlane, tmp_path: Path, answer: Any, part: str, fault: Fault
) -> None:
    with Proxy(plane, once(part, fault)) as proxy:
        proxy.delay = 0.5
        assert told(proxy.kubeconfig(tmp_path / "kubeconfig")) == answer
        assert proxy.delivered == {fault: 1}


def test_a_list_that_is_too_old_in_the_middle_goes_on_where_it_was(
    plane: ControlPlane, tmp_path: Path, answer: Any
) -> None:
    pages: list[str] = []

    def choose(method: str, path: str) -> None:
        if "/projects?" not in path:
            return
        pages.append(path.partition("continue=")[2])
        if len(pages) == 2:
            with Api(plane) as api:
                made = api.ask("POST", "/api/v1/namespaces/default/configmaps", {"metadata": {"generateName": "x-"}})
            plane.forget(int(made["metadata"]["resourceVersion"]))

    with Proxy(plane, choose) as proxy:
        assert told(proxy.kubeconfig(tmp_path / "kubeconfig")) == answer
    # 2,001 objects are five pages; the second is asked for twice, with the old token and with the new one.
    assert len(set(pages)) == len(pages) == 6
    assert pages.count("") == 1


def test_a_server_that_goes_away_in_the_middle_is_one_clear_error(plane: ControlPlane, tmp_path: Path) -> None:
    def choose(method: str, path: str) -> Fault | None:
        return Fault.RESET if "continue=" in path else None

    with Proxy(plane, choose) as proxy:
        result = doctor(proxy.kubeconfig(tmp_path / "kubeconfig"))
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(
        "error: the cluster could not be read, so nothing was checked: it cannot be reached."
    )


def test_the_audit_log_of_the_server_has_no_write_and_nothing_else_than_lists(plane: ControlPlane, answer: Any) -> None:
    log = plane.kubeconfig.parent.with_name("audit.log")
    events = [json.loads(line) for line in log.read_text().splitlines()]
    assert {each["user"]["username"] for each in events} <= set(EVERYBODY)
    listed = {each["objectRef"]["resource"] for each in events if each["verb"] == "list"}
    assert {"tenants", "projects", "settings", "secrets", "namespaces"} <= listed
    assert {each["verb"] for each in events} <= {"get", "list"}
    assert is_told(log.read_text()) == []
    # What is read by `get` is which kinds there are.
    assert all(each["requestURI"].startswith("/apis") for each in events if each["verb"] == "get")


def test_what_is_applied_has_no_drift_until_somebody_changes_it(plane: ControlPlane, project: Project) -> None:
    # The last test: it leaves its objects there.
    text = re.sub(r", extraSpec: .*\}\}", "}", ACME)
    project.declare()
    project.stack(f"config:\n{indent(text.strip(), '  ')}\n")
    applied = [*manifests_of(stack(text))]
    for each in applied:
        if each["kind"] == "Secret":
            each["data"] = document(KEY)
    kubeconfig = str(plane.kubeconfig)
    with Api(plane) as api:
        for each in applied:
            path = f"{_collection(each)}/{each['metadata']['name']}?fieldManager=pulumi-kubernetes"
            api.ask("PATCH", path, each, "application/apply-patch+yaml")
        result = project.run("doctor", "--kubeconfig", kubeconfig, "acme.dev", "--select", "PAI016")
        assert (result.stdout.splitlines()[0], result.exit_code) == ("no drift; 8 as declared", 0)
        assert "schemas" not in result.output
        # The file is the same, and the deployment before declared more.
        (tenant,) = (each for each in applied if each["kind"] == "Tenant")
        more = {**tenant, "spec": {**tenant["spec"], "description": "of the last deployment"}}
        path = f"{GROUP}/tenants/acme?fieldManager=pulumi-kubernetes"
        api.ask("PATCH", path, json.dumps(more).encode(), "application/apply-patch+yaml")
        result = project.run("doctor", "--kubeconfig", kubeconfig, "acme.dev", "--select", "PAI016")
        assert 'spec.description only in the cluster: "of the last deployment"' in " ".join(result.stdout.split())
        api.ask("PATCH", path, json.dumps(tenant).encode(), "application/apply-patch+yaml")
        by_hand: dict[str, dict[str, Any]] = {
            f"{GROUP}/tenants/acme": {"spec": {"displayName": "By hand"}},
            f"{GROUP}/namespaces/vision/projects/vision": {"metadata": {"annotations": {"by": "hand"}}},
        }
        for path, change in by_hand.items():
            api.ask("PATCH", path, change, "application/merge-patch+json")
        api.ask("DELETE", f"{GROUP}/namespaces/lab/projects/lab")
    result = project.run("doctor", "--kubeconfig", kubeconfig, "acme.dev", "--format", "json")
    drift = json.loads(result.stdout)["drift"]
    assert [each["reference"] for each in drift["missing"]] == ["Project/lab/lab"]
    (differing,) = drift["differing"]
    assert differing["fields"] == [{"path": ["spec", "displayName"], "cluster": "By hand", "declared": "Acme"}]
    assert (drift["totals"]["agreeing"], result.exit_code) == (6, 1)
