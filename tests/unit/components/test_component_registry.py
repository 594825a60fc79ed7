"""What a program remembers of its components: as long as it runs, only what was right, and nobody else's."""

from __future__ import annotations

import contextvars
import gc
import threading
import weakref
from typing import Any

import pulumi
import pytest
from support.programs import KEY, acme, another, credential
from support.recording import Recording, recorded, run
from support.samples import HOST

from paletteai_components import (
    DeclarationError,
    PaletteIntegration,
    PaletteIntegrationArgs,
    Project,
    ProjectArgs,
    SettingsArgs,
    Tenant,
    TenantArgs,
)
from paletteai_components.components.registry import Registry


def test_after_a_refusal_the_corrected_component_can_be_declared() -> None:
    def program() -> None:
        lab = another("lab")
        wrong: list[dict[str, Any]] = [{"namespace": "Dev_"}, {"namespace": "kube-x"}, {"labels": {"a": 1}}]
        for fields in wrong:
            with pytest.raises(DeclarationError):
                acme(**fields)
        tenant = acme()
        for name, ref in (("Lab", None), ("lab", "edge"), (1, None)):
            wrong_project: Any = ProjectArgs(tenant=tenant, name=name, settings_ref=ref)  # type: ignore[arg-type]
            with pytest.raises(DeclarationError):
                Project("acme.lab", wrong_project)
        Project("acme.lab", ProjectArgs(tenant=tenant, name="lab", settings=SettingsArgs(palette=lab)))
        edge = another("edge")
        for name in ("default", "Edge"):
            with pytest.raises(DeclarationError):
                PaletteIntegration("acme.edge", PaletteIntegrationArgs(tenant=tenant, name=name, credential=edge))
        PaletteIntegration("acme.edge", PaletteIntegrationArgs(tenant=tenant, name="edge", credential=edge))

    recording = run(program)
    names = sorted(each.name for each in recording.components)
    assert names == ["acme", "acme.default", "acme.edge", "acme.lab", "acme.lab.default"]


def test_programs_of_one_process_do_not_see_each_other() -> None:
    inner: list[Recording] = []

    def program() -> None:
        tenant = acme()
        # Another program with the same declaration, while this one runs.
        other = threading.Thread(target=lambda: inner.append(recorded(program_inside)))
        other.start()
        other.join()
        Project("acme.vision", ProjectArgs(tenant=tenant, name="vision"))

    def program_inside() -> None:
        Project("acme.vision", ProjectArgs(tenant=acme(), name="vision"))

    outer = run(program)
    assert inner[0].error is None
    assert {each.urn for each in inner[0].resources} == {each.urn for each in outer.resources}


def test_a_ledger_does_not_outlive_its_program() -> None:
    registries: list[weakref.ref[Registry]] = []

    def program() -> None:
        acme()
        registries.append(weakref.ref(Registry.of_this_program()))
        assert Registry.of_this_program() is registries[-1]()

    run(program)
    # The runtime's defaults hold on to the last monitor that was set.
    run(lambda: None)
    gc.collect()
    assert registries[0]() is None


def test_outside_of_pulumi_a_component_says_how_to_run_it() -> None:
    def declare() -> None:
        pulumi.runtime.reset_options()
        with pytest.raises(pulumi.RunError, match="pulumi preview"):
            acme()

    contextvars.Context().run(declare)


def two_keys(*keys: Any, hosts: tuple[str, ...] = (HOST, HOST)) -> Recording:
    """What a program does that binds two keys, each in a component of its own."""

    def program() -> None:
        for name, key, host in zip(("one", "two"), keys, hosts, strict=True):
            own = {"default": SettingsArgs(palette=credential(name, key() if callable(key) else key, host_url=host))}
            tenant = Tenant(name, TenantArgs(name=name, settings=own))
            Project(f"{name}.p", ProjectArgs(tenant=tenant, name=f"p-{name}"))

    return recorded(program)


def secret() -> Any:
    """A key as `pulumi.Config.require_secret` gives it."""
    return pulumi.Output.secret(KEY)


@pytest.mark.parametrize("keys", [(secret, secret), (KEY, secret), (secret, KEY)], ids=["both", "second", "first"])
def test_one_key_in_two_outputs_is_refused_when_it_is_known(keys: tuple[Any, Any]) -> None:
    recording = two_keys(*keys)
    assert isinstance(recording.error, DeclarationError)
    (diagnostic,) = recording.error.diagnostics
    assert diagnostic.code == "PAI003"
    assert "Settings `tenant-one/default`" in diagnostic.message
    assert "Settings `tenant-two/default`" in diagnostic.message
    assert "its Secret and Settings were not registered" in str(recording.error)
    bound = {each.name for each in recording.objects if each.kind in ("Secret", "Settings")}
    assert len(bound) <= 1
    assert str(recording.error).count("none of it was registered") == 0


def test_one_key_on_two_hosts_is_one_credential() -> None:
    recording = two_keys(secret, secret, hosts=(HOST, "https://palette.example"))
    assert isinstance(recording.error, DeclarationError)
    assert [diagnostic.code for diagnostic in recording.error.diagnostics] == ["PAI003"]


@pytest.mark.parametrize("text", ["", "  ", "CHANGE_ME", "${KEY}", None, 6, ["x"]], ids=repr)
def test_a_key_that_turns_out_to_be_none_is_refused_when_it_is_known(text: Any) -> None:
    recording = two_keys(KEY, lambda: pulumi.Output.secret(text))
    assert isinstance(recording.error, DeclarationError)
    assert [diagnostic.code for diagnostic in recording.error.diagnostics] == ["PAI009"]
    assert not [
        each for each in recording.objects if each.kind in ("Secret", "Settings") and each.name == "two.default"
    ]


def test_a_refusal_names_the_component_and_both_owners() -> None:
    def program() -> None:
        tenant = acme()
        Project("first", ProjectArgs(tenant=tenant, name="vision"))
        Project("second", ProjectArgs(tenant=tenant, name="vision"))

    error = recorded(program).error
    assert str(error) == (
        "1 problem in the declaration; none of it was registered.\n"
        "Project second: error PAI006: Project and namespace `vision` is claimed by project `vision` of tenant "
        "`acme` in stack `acme.dev` (2 times). Only one of them can own it.\n"
        "  also: Project first\n"
        "  help: Give one of them another name, or declare the object once."
    )
