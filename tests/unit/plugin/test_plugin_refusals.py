"""What is wrong with the inputs of the component is told at once, by path, before anything is registered."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from support.programs import KEY, another_key, leaks
from support.served import UNKNOWN, Constructed, Given, Plugin, acme


def refused(inputs: dict[str, Any], **more: Any) -> str:
    """Why the inputs are refused; and that nothing was registered, no key shown, and no value given to the engine."""
    made = Plugin().construct(inputs, **more)
    assert made.refusal, "it was not refused"
    assert made.recording.resources == []
    assert made.properties == []
    assert leaks([made.refusal, *made.recording.in_the_open()], KEY) == []
    assert "Traceback" not in made.refusal
    assert "File " not in made.refusal
    return made.refusal


def changed(path: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    """The inputs of a small tenant with another value at a path."""
    inputs = acme()
    holder: Any = inputs
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = value
    return inputs


def test_every_problem_is_told_at_once_each_with_its_path() -> None:
    inputs = acme(
        projects=[
            {"name": "vision"},
            {"name": "lab", "settings": {"palette": "shared"}},
            {"name": "line", "settings": {"palette": "nowhere"}},
            {"name": "Upper"},
        ],
        setings={},
    )
    inputs["projcts"] = []
    told = refused(inputs)
    assert [line for line in told.splitlines() if not line.startswith("  help: ")] == [
        "5 problems in the declaration; none of it was registered.",
        "Tenant acme: error PAI012: the component has no field `projcts`, so it would have no effect.",
        "Tenant acme: tenant.projects[2].settings.palette: error PAI005: Settings `line/default` binds the integration "
        "`nowhere`, which is not declared, so it would have no credential.",
        "Tenant acme: tenant.projects[3].name: error PAI007: the name of a project is not made of lower-case letters, "
        "digits and '-' with a letter or digit at both ends, so the API server would refuse it.",
        "Tenant acme: tenant.setings: error PAI012: `tenant` has no field `setings`, so it would have no effect.",
        "Tenant acme: tenant.settings.default.palette: error PAI001: integration `shared` is claimed by Settings "
        "`tenant-acme/default` of tenant `acme` in stack `acme.dev` and Settings `lab/default` of project `lab` in "
        "stack `acme.dev`. PaletteAI would race for the same compute.",
        "  also: Tenant acme: tenant.projects[1].settings.palette",
    ]
    assert "  help: Declare it under `integrations`. Declared: `shared`.\n" in told


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (
            ("tenant", "name"),
            UNKNOWN,
            "Tenant acme: tenant.name: error PAI012: `tenant.name` is an Output whose value is not known yet, but it "
            "is checked before anything is registered, so it must be a plain value.",
        ),
        (
            ("tenant", "projects", 0, "labels"),
            {"team": UNKNOWN},
            "Tenant acme: tenant.projects[0].labels.team: error PAI012: an entry of `tenant.projects[0].labels` is an "
            "Output whose value is not known yet",
        ),
        (("tenant",), UNKNOWN, "Tenant acme: tenant: error PAI012: `tenant` is an Output whose value is not known yet"),
        (
            ("integrations",),
            UNKNOWN,
            "Tenant acme: integrations: error PAI012: `integrations` is an Output whose value is not known yet",
        ),
        (
            ("integrations", "shared", "hostUrl"),
            Given("https://api.spectrocloud.com", secret=True),
            "Tenant acme: integrations.shared.hostUrl: error PAI012: `integrations.shared.hostUrl` is secret, but "
            "Pulumi would write it as plain text to the cluster and the state.",
        ),
        (
            ("tenant",),
            Given({"name": "acme"}, secret=True),
            "Tenant acme: tenant: error PAI012: `tenant` is secret, but Pulumi would write it as plain text",
        ),
        (
            ("integrations", "shared", "apiKey"),
            {"secure": "v1:aaaa:bbbb"},
            "Tenant acme: integrations.shared.apiKey: error PAI012: `integrations.shared.apiKey` is encrypted for a "
            "stack file, and only Pulumi decrypts it there.\n"
            "  help: Set the key with a secret of the program's configuration, passed as `apiKey`.",
        ),
        (
            ("integrations", "shared", "apiKey"),
            Given(7, secret=True),
            "`integrations.shared.apiKey` should be text or a secret Output of it.",
        ),
        (
            ("integrations", "shared", "apiKey"),
            Given("CHANGE_ME", secret=True),
            "Tenant acme: integrations.shared.apiKey: error PAI009: integration `shared` has an API key that is empty "
            "or a placeholder.\n  help: Set the key with a secret of the program's configuration, passed as `apiKey`.",
        ),
        (
            ("integrations", "shared", "fingerprint"),
            {"value": "pai1:0", "ciphertext": "0", "proof": "0"},
            "Tenant acme: integrations.shared: error PAI012: `integrations.shared` has no field `fingerprint`, so it "
            "would have no effect.",
        ),
        (
            ("tenant", "settings", "default", "palette"),
            "shard",
            "Tenant acme: tenant.settings.default.palette: error PAI005: ",
        ),
        (
            ("tenant", "projects", 0, "settingsRef"),
            True,
            "Tenant acme: tenant.projects[0].settingsRef: error PAI012: `tenant.projects[0].settingsRef` should be "
            "text, so it was left out.",
        ),
        (
            ("tenant",),
            "acme",
            "Tenant acme: tenant: error PAI012: `tenant` should be an object, so it was left out.\n"
            "  help: Write `tenant: {name: acme}`.",
        ),
        (("silence",), ["PAI015"], "as in `silence: {PAI015: REASON}`."),
        (("environment",), "dev", "the component has no field `environment`, so it would have no effect."),
        (("tenant", "onRemoval"), "drop", "`tenant.onRemoval` has none of its possible values"),
    ],
    ids=lambda value: ".".join(map(str, value)) if isinstance(value, tuple) else "",
)
def test_a_wrong_input_is_named_by_its_path(path: tuple[str | int, ...], value: Any, told: str) -> None:
    assert told in refused(changed(path, value), preview=True)


def test_a_value_that_was_refused_is_not_refused_for_its_type_again() -> None:
    assert refused(changed(("tenant", "name"), UNKNOWN), preview=True).startswith("1 problem in the declaration")


def test_a_tenant_has_to_be_declared() -> None:
    inputs = acme()
    del inputs["tenant"]
    assert refused(inputs) == (
        "1 problem in the declaration; none of it was registered.\n"
        "Tenant acme: error PAI012: the inputs lack `tenant`, so nothing is declared.\n"
        "  help: Add `tenant`."
    )


def test_one_key_in_two_integrations_is_refused_in_the_preview() -> None:
    inputs = acme(projects=[{"name": "lab", "settings": {"palette": "again"}}])
    inputs["integrations"]["again"] = deepcopy(inputs["integrations"]["shared"])
    told = refused(inputs, preview=True)
    assert "Tenant acme: integrations.shared: error PAI003: one credential (equal fingerprint) is claimed by" in told
    assert "  also: Tenant acme: integrations.again" in told


def test_two_components_of_a_program_are_judged_together() -> None:
    plugin = Plugin()
    other = deepcopy(acme(name="globex", projects=[]))

    def construct(inputs: dict[str, Any], name: str, **more: Any) -> Constructed:
        return plugin.construct(inputs, name, **more)

    assert construct(acme(), "acme", preview=True).refusal == ""
    told = construct(other, "globex", preview=True)
    assert "error PAI003: one credential (equal fingerprint) is claimed by" in told.refusal
    assert "  also: Tenant acme: integrations.shared" in told.refusal
    assert told.recording.resources == []
    # The deployment after the preview is another program.
    assert construct(other, "globex").refusal == ""
    other["integrations"]["shared"]["apiKey"] = Given(another_key("globex"), secret=True)
    assert construct(other, "globex", preview=True).refusal == ""


def test_a_component_that_is_constructed_again_does_not_conflict_with_itself() -> None:
    plugin = Plugin()
    assert [plugin.construct(acme()).refusal for _ in range(2)] == ["", ""]


def test_warnings_reach_the_user_and_can_be_silenced() -> None:
    inputs = acme(computeConfigRef=None)
    (warning,) = Plugin().construct(inputs).recording.warnings
    assert warning.startswith("Tenant acme: tenant.projects[0].name: warning PAI015: ")
    made = Plugin().construct({**inputs, "silence": {"PAI015": "made by hand"}})
    assert made.recording.warnings == []
    assert ("INFO", "1 silenced by `silence`.") in made.recording.messages
    made = Plugin().construct({**acme(), "silence": {"PAI015": "made by hand"}})
    assert made.recording.warnings == [
        "Tenant acme: silence.PAI015: warning PAI011: `silence` names `PAI015`, but there is no warning or note of it "
        "here, so it silences nothing.\n  help: Remove it."
    ]


@pytest.mark.parametrize(
    "path",
    [
        ("tenant", "projects", 0, KEY),
        ("tenant", "projects", 0, "labels"),
        ("tenant", "displayName"),
        ("tenant", "settings", "default", "palette"),
        ("integrations", "shared", "hostUrl"),
        ("integrations", "shared", "defaultProjectID"),
        ("integrations", KEY),
        (KEY,),
        ("silence", KEY),
        ("vendorFields",),
    ],
    ids=lambda path: ".".join(map(str, path)).replace(KEY, "KEY"),
)
@pytest.mark.parametrize("form", [str, lambda key: {key: key}, lambda key: [key], lambda key: Given(key, secret=True)])
def test_a_key_in_the_wrong_place_is_never_shown(path: tuple[str | int, ...], form: Any) -> None:
    inputs = acme()
    inputs |= {"silence": {}} if path[0] == "silence" else {}
    holder: Any = inputs
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = form(KEY)
    made = Plugin().construct(inputs, preview=True)
    shown = [made.refusal, *(text for _, text in made.recording.messages)]
    assert leaks(shown, KEY) == []
    assert made.properties == []
