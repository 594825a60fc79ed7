"""The policy pack of its page on the real engine, over programs that do not use this package."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.cluster.control_plane import ControlPlane
from support.cluster.namespaces import empty
from support.policy_pack import KEY, PAGE, PLAIN, SOUND, copied, installed, pack
from support.programs import leaks
from support.real import PULUMI, Outcome, Real, RealProject

pytestmark = [pytest.mark.engine, pytest.mark.cluster]


@pytest.fixture(scope="session", autouse=True)
def pulumi() -> None:
    """The real CLI. Without it, no cluster is started."""
    if PULUMI is None:
        pytest.skip("needs pulumi on PATH")


@pytest.fixture(scope="module")
def packed(wheel: Path, tmp_path_factory: pytest.TempPathFactory, fresh_cluster: ControlPlane) -> Path:
    """The pack of the page with the built wheel, far from the checkout, made with a fresh HOME."""
    made = pack(tmp_path_factory.mktemp("pack"), wheel)
    installed(made, RealProject(tmp_path_factory.mktemp("installing"), fresh_cluster, ""))
    return made


def judged(project: RealProject, pack: Path, *arguments: str, code: int = 0) -> str:
    """What the CLI prints of a program that it runs with the pack."""
    outcome: Outcome = project.run(*arguments, "--stack", "dev", "--policy-pack", str(pack), check=False)
    assert outcome.code == code, outcome.printed
    assert leaks([outcome.printed], KEY) == []
    assert "paletteai_components/policy" not in outcome.printed
    return outcome.printed


def started(real: Real, program: str) -> RealProject:
    """A project with a program and one stack."""
    project = real(program)
    project.init("dev")
    return project


def test_two_settings_with_one_secret_are_refused(real: Real, packed: Path) -> None:
    project = started(real, PLAIN)
    printed = judged(project, packed, "preview", code=1)
    assert "- [mandatory]  pai002  (kubernetes:spectrocloud.com/v1alpha1:Settings: default)\n" in printed
    _, _, after = PAGE.read_text().partition("is refused:\n")
    shown = after.split("```")[1].replace("urn:pulumi:dev::app::", "urn:pulumi:dev::paletteai::").splitlines()[3:]
    assert "\n".join(line.rstrip() for line in shown) in "\n".join(line.rstrip() for line in printed.splitlines())
    # `up` previews first, so nothing is made.
    judged(project, packed, "up", "--yes", code=1)
    assert project.resources("dev") == []


def test_a_configuration_makes_it_advisory(real: Real, packed: Path, tmp_path: Path) -> None:
    (tmp_path / "policy.json").write_text(json.dumps({"pai002": "advisory"}))
    project = started(real, PLAIN)
    printed = judged(project, packed, "preview", "--policy-pack-config", str(tmp_path / "policy.json"))
    assert "- [advisory]  pai002  (" in printed


def test_a_sound_program_passes_and_is_deployed(real: Real, packed: Path, fresh_cluster: ControlPlane) -> None:
    project = started(real, SOUND)
    try:
        printed = judged(project, packed, "up", "--yes")
        assert "✅ paletteai@" in printed
        assert "[advisory]" not in printed
        # What the cluster has added to the objects changes nothing.
        assert "✅ paletteai@" in judged(project, packed, "preview")
    finally:
        empty(fresh_cluster)


def test_a_warning_does_not_refuse(real: Real, packed: Path) -> None:
    without = SOUND.replace('computeConfigRef={"name": "default", "namespace": "tenant-acme"},', "")
    printed = judged(started(real, without), packed, "preview")
    assert "- [advisory]  pai015  (kubernetes:spectrocloud.com/v1alpha1:Project: project-lab)" in printed


def test_nothing_is_concluded_from_what_a_preview_does_not_know(real: Real, packed: Path) -> None:
    # The engine knows an ID only once the object exists.
    unknown = SOUND.replace('"default", tenant.metadata["name"]', '"default", tenant.id').replace(
        ', settingsRef={"name": "default", "namespace": "tenant-acme"}', ""
    )
    unknown = unknown.replace(' settingsRef={"name": "default"},', "")
    printed = judged(started(real, unknown), packed, "preview")
    assert "- [advisory]  notes  (kubernetes:spectrocloud.com/v1alpha1:Settings: default)" in printed
    assert "pai004" not in printed


def test_a_program_in_yaml_is_held_to_the_rules(real: Real, packed: Path) -> None:
    project = started(real, "")
    documents = "\n---\n".join(
        [
            *(
                "apiVersion: spectrocloud.com/v1alpha1\nkind: Settings\n"
                f"metadata: {{name: {name}, namespace: tenant-acme}}\n"
                "spec: {integrations: {palette: {secretRef: {name: palette}}}}"
                for name in ("default", "edge")
            ),
        ]
    )
    program = {
        "name": "app",
        "runtime": "yaml",
        "resources": {"all": {"type": "kubernetes:yaml/v2:ConfigGroup", "properties": {"yaml": documents}}},
    }
    (project.folder / "__main__.py").unlink()
    (project.folder / "Pulumi.yaml").write_text(json.dumps(program))
    project.init("dev")
    printed = judged(project, packed, "preview", code=1)
    assert "- [mandatory]  pai002  (kubernetes:spectrocloud.com/v1alpha1:Settings: " in printed


def test_a_program_with_the_components_gets_their_warnings_unless_they_are_silenced(real: Real, packed: Path) -> None:
    program = f"""
    from paletteai_components import *
    host, number = "https://api.spectrocloud.com", "651234567890123456789012"
    credential = PaletteCredential("shared", host, "example-tenant", number, "{KEY}")
    compute, settings = ComputeConfigRefArgs("default"), {{"default": SettingsArgs(palette=credential)}}
    acme = Tenant("acme", TenantArgs("acme", settings=settings, compute_config_ref=compute))
    Project("lab", ProjectArgs(acme, "lab", display_name="Läb"))
    """
    project = started(real, "\n".join(line.strip() for line in program.splitlines()))
    printed = judged(project, packed, "preview")
    assert printed.count("- [advisory]  ") == 1
    assert "PAI008: the display name of project `lab`" in printed
    project.run("config", "set", "--path", "paletteai:silence.PAI008", "PaletteAI takes it", "--stack", "dev")
    assert "✅ paletteai@" in judged(project, packed, "preview")


def test_an_option_that_cannot_be_used_is_told_without_a_traceback(real: Real, packed: Path, tmp_path: Path) -> None:
    program = 'from paletteai_components.policy.pack import serve\n\nserve({"settings.palete": "spec.a"})\n'
    printed = judged(started(real, SOUND), copied(packed, tmp_path, program), "preview", code=1)
    assert "error: `settings.palete` is no field whose path is assumed, so no policy was run." in printed
    assert "Traceback" not in printed
