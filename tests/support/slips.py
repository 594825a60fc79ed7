"""The slips of a newcomer: each has one problem, which says what to write."""

from __future__ import annotations

import re
from dataclasses import dataclass

from support.mistakes import key_is, project_is, settings_are
from support.projects import KEY, STACK, changed


@dataclass(frozen=True)
class Slip:
    """A slip.

    Fields:
        name: what is wrong.
        text: the stack file acme.dev.
        code: the code of its one problem.
        line: a piece of the line that it is told at.
        fact: a piece of the message.
        remedy: what the remedy begins with.
        kind: its severity.
    """

    name: str
    text: str
    code: str
    line: str
    fact: str
    remedy: str
    kind: str = "error"


def without(piece: str) -> str:
    return changed(piece, "")


def misread(name: str, text: str, line: str, fact: str, remedy: str, kind: str = "error") -> Slip:
    return Slip(name, text, "PAI012", line, fact, remedy, kind)


_FLAT = re.sub(r"(?m)^  ", "", STACK)
_SET_KEY = "pulumi config set --secret --path --stack acme.dev paletteai:integrations.shared.apiKey"

SLIPS = [
    # YAML
    misread("a tab", changed("    displayName", "\tdisplayName"), "\tdisplay", "with a tab", "Indent with spaces."),
    misread(
        "a no-break space",
        changed("    displayName", "\u00a0   displayName"),
        "\u00a0",
        "no-break space",
        "Indent with plain spaces.",
    ),
    misread(
        "a line too deep", changed("    display", "     display"), "     display", "indented deeper", "Align the two"
    ),
    misread(
        "no space after a colon", changed("displayName: Acme", "displayName:Acme"), "compute", "colon", "Write `key"
    ),
    misread(
        "a colon in a text",
        changed("displayName: Acme", "description: Note: this"),
        "Note",
        "a colon is not allowed here",
        "Write the text in quotes.",
    ),
    misread("an open quote", changed("Name: Acme", 'Name: "Acme'), '"Acme', "not closed", "Close it."),
    misread("an open brace", changed("{palette: shared}", "{palette: shared"), "palette: sh", "not closed", "Close it"),
    misread(
        "a key that stands twice",
        changed("displayName: Acme\n", "displayName: Acme\n    displayName: Asme\n"),
        "Asme",
        "the key `displayName` is repeated",
        "Keep one of the two.",
    ),
    misread(
        "a merge that was not finished",
        changed(
            "    displayName: Acme\n", "<<<<<<< HEAD\n    displayName: A\n=======\n    displayName: B\n>>>>>>> b\n"
        ),
        "<<<<<<<",
        "a merge of git left its conflict here",
        "Keep one of the two sides, and delete the lines with `<<<<<<<`, `=======` and `>>>>>>>`.",
    ),
    misread("nothing", "", "", "the file is empty", "Write a key, such as `config:`."),
    # Around the declaration
    misread("nothing under config", "config:\n", "config", "no `config` object", "Put `paletteai:tenant` and"),
    misread(
        "a configuration that is not indented",
        _FLAT,
        "paletteai:integrations",
        "`paletteai:integrations` is outside of `config`, so it has no effect, and the file declares no tenant",
        "Indent everything below `config:` by two spaces.",
    ),
    misread(
        "a configuration without its head",
        _FLAT.removeprefix("config:\n"),
        "paletteai:integrations",
        "`paletteai:integrations` is outside of `config`",
        "Put `config:` above it, and indent the rest by two spaces.",
    ),
    misread(
        "the tenant beside config",
        changed("  paletteai:tenant", "paletteai:tenant"),
        "paletteai:tenant",
        "`paletteai:tenant` is outside of `config`, so it has no effect",
        "Indent it under `config:`.",
    ),
    misread(
        "another namespace",
        changed("paletteai:tenant", "palette:tenant"),
        "palette:tenant",
        "`palette:tenant` is no key of this package",
        "Did you mean `paletteai:tenant`?",
    ),
    misread(
        "a namespace with capitals",
        changed("paletteai:tenant", "paletteAI:tenant"),
        "paletteAI",
        "`paletteAI:tenant` is no key of this package",
        "Did you mean `paletteai:tenant`?",
    ),
    misread(
        "another namespace of the integrations",
        changed("paletteai:integrations", "palette:integrations"),
        "palette:integrations",
        "`palette:integrations` is no key of this package",
        "Did you mean `paletteai:integrations`?",
    ),
    misread(
        "one integration for many",
        changed("paletteai:integrations", "paletteai:integration"),
        "paletteai:integration",
        "`paletteai:integration` is no key of this package, so it has no effect",
        "Did you mean `paletteai:integrations`?",
    ),
    misread(
        "a misspelt tenant",
        changed("paletteai:tenant", "paletteai:tennant"),
        "tennant",
        "`paletteai:tennant` is no key of this package, so it has no effect",
        "Did you mean `paletteai:tenant`?",
    ),
    misread(
        "the context as a key of ours",
        changed("kubernetes:context", "paletteai:context"),
        "context",
        "`paletteai:context` is no key of this package",
        "Did you mean `kubernetes:context`?",
    ),
    misread(
        "a misspelt context",
        changed("kubernetes:context", "kubernetes:contxt"),
        "contxt",
        "the Kubernetes provider is not known to read `kubernetes:contxt`",
        "Did you mean `kubernetes:context`?",
        "warning",
    ),
    misread(
        "a misspelt provider",
        changed("kubernetes:context", "kubernets:context"),
        "kubernets",
        "`kubernets:context` is no key of the Kubernetes provider",
        "Did you mean `kubernetes:context`?",
        "warning",
    ),
    misread(
        "a list of contexts",
        changed("context: dev", "context: [dev]"),
        "[dev]",
        "`kubernetes:context` is not text",
        "Write one value, for example `kubernetes:context: NAME`.",
        "warning",
    ),
    misread(
        "a context without a value",
        changed("context: dev", "context:"),
        "context",
        "`kubernetes:context` has no value",
        "Set it, or delete the line.",
        "warning",
    ),
    Slip(
        "another environment",
        f"{STACK}  paletteai:environment: production\n",
        "PAI014",
        "production",
        "declares environment `production`",
        "Rename the file to `Pulumi.acme.production.yaml`, or correct `paletteai:environment`.",
    ),
    Slip(
        "another tenant", changed("name: acme", "name: beta"), "PAI014", "beta", "tenant `beta`", "Rename the file to"
    ),
    # An integration
    misread("capitals", changed("hostUrl", "hostURL"), "hostURL", "no field `hostURL`", "Did you mean `hostUrl`?"),
    misread("a host", changed("hostUrl", "host"), "host:", "no field `host`", "Did you mean `hostUrl`?"),
    misread("a URL", changed("hostUrl", "url"), "url:", "no field `url`", "Did you mean `hostUrl`?"),
    misread(
        "an ID with a small d",
        changed("defaultProjectID", "defaultProjectId"),
        "ProjectId",
        "no field `defaultProjectId`",
        "Did you mean `defaultProjectID`?",
    ),
    misread(
        "a project's ID",
        changed("defaultProjectID", "projectID"),
        "projectID",
        "no field `projectID`",
        "Did you mean `defaultProjectID`?",
    ),
    misread(
        "signs in a key's name", changed("apiKey", "api_key"), "api_key", "no field `api_key`", "Did you mean `apiK"
    ),
    misread("a key by another name", changed("apiKey", "key"), " key:", "no field `key`", "Did you mean `apiKey`?"),
    misread(
        "an ID without quotes",
        re.sub('"(65[0-9]*)"', r"\1", STACK),
        "defaultProjectID",
        "without quotes it reads as a number",
        "Write the value in quotes.",
    ),
    misread(
        "a list of integrations",
        changed("    shared:\n      host", "    - name: shared\n      host"),
        "integrations",
        "`integrations` should be an object, so it was left out",
        "Write each entry as `NAME: …`, without `- `.",
    ),
    Slip("a key in plain text", key_is(KEY), "PAI010", "apiKey", "is not encrypted", "Revoke it in Palette, then set"),
    Slip(
        "no key",
        re.sub(r"      apiKey: .*\n", "", STACK),
        "PAI009",
        "shared:",
        "lacks `apiKey`",
        f"Set the key with `{_SET_KEY}`.",
    ),
    Slip(
        "no host",
        without("      hostUrl: https://api.spectrocloud.com\n"),
        "PAI009",
        "shared:",
        "lacks `hostUrl`",
        "Add `hostUrl: https://api.spectrocloud.com`, or the address of your own Palette.",
    ),
    Slip(
        "a host without a scheme",
        changed("https://api", "api"),
        "PAI009",
        "hostUrl",
        "does not begin with https://",
        "Write it like `https://api.spectrocloud.com`.",
    ),
    Slip("a placeholder", changed("example-tenant", "CHANGE_ME"), "PAI009", "CHANGE_ME", "placeholder", "Set the real"),
    Slip(
        "a key and a Secret",
        changed("      apiKey", "      existingSecret: x\n      apiKey"),
        "PAI009",
        "apiKey",
        "refers to an existing Secret and also sets",
        "Keep `existingSecret` or the four fields, not both.",
    ),
    # Settings
    misread(
        "an integration by its name",
        changed("{palette: shared}", "{integration: shared}"),
        "integration: sh",
        "no field `integration`",
        "Did you mean `palette`?",
    ),
    misread(
        "an integration for the Settings",
        changed("default: {palette: shared}", "default: shared"),
        "default: shared",
        "should be an object",
        "Write `default: {palette: shared}`.",
    ),
    misread(
        "Settings without a name",
        settings_are("      palette: shared\n"),
        "palette: shared",
        "should be an object",
        "Give it a name, for example `default: {palette: shared}`.",
    ),
    misread(
        "a Secret's name for a reference",
        settings_are("      default: {palette: shared, huggingFace: hf}\n"),
        "hf",
        "should be an object",
        "Write `huggingFace: {existingSecret: hf}`.",
    ),
    Slip(
        "a misspelt integration",
        changed("palette: shared", "palette: shraed"),
        "PAI005",
        "shraed",
        "`shraed`",
        "Did you mean `shared`?",
    ),
    Slip(
        "no default",
        settings_are("      edge: {palette: shared}\n"),
        "PAI004",
        "vision",
        "gets no Palette integration",
        "Give the tenant a default Settings with `palette`",
    ),
    Slip(
        "one integration for two",
        project_is("{name: vision, settings: {palette: shared}}"),
        "PAI001",
        "default: {palette",
        "integration `shared` is claimed by",
        "Bind it once",
    ),
    # Tenant and projects
    misread(
        "a name for the tenant",
        re.sub(r"paletteai:tenant:(.|\n)*", "paletteai:tenant: acme\n", STACK),
        "tenant: acme",
        "`tenant` should be an object",
        "Write `paletteai:tenant: {name: acme}`.",
    ),
    misread(
        "a tenant without a name", without("    name: acme\n"), "paletteai:tenant", "lacks the field `name`", "Add `n"
    ),
    misread(
        "a name for a reference",
        changed("computeConfigRef: {name: default}", "computeConfigRef: default"),
        "computeConfigRef",
        "should be an object",
        "Write `computeConfigRef: {name: default}`.",
    ),
    misread(
        "a reference by a shorter name",
        changed("computeConfigRef", "computeConfig"),
        "computeConfig",
        "no field `computeConfig`",
        "Did you mean `computeConfigRef`?",
    ),
    misread(
        "one group",
        changed("displayName: Acme", "groups: admins"),
        "groups",
        "`tenant.groups` should be a list",
        "Write `groups: [admins]`.",
    ),
    misread(
        "projects as a mapping",
        changed("      - {name: vision}", "      vision: {}"),
        "projects",
        "`tenant.projects` should be a list",
        "Begin each entry with `- `, as in `- name: NAME`.",
    ),
    misread(
        "a project's name for a project",
        changed("- {name: vision}", "- vision"),
        "- vision",
        "should be an object",
        "Write `- {name: vision}`.",
    ),
    misread(
        "roles by another name",
        project_is("{name: vision, roles: {admin: [a]}}"),
        "roles",
        "no field `roles`",
        "Did you mean `roleMapping`?",
    ),
    misread(
        "a switch as a word",
        project_is('{name: vision, createNamespace: "no"}'),
        "createNamespace",
        "should be true or false",
        "Write `true` or `false`, without quotes.",
    ),
    misread(
        "a list of namespaces",
        project_is("{name: vision, deploymentNamespaces: [a]}"),
        "deploymentNamespaces",
        "should be an object",
        "Write `deploymentNamespaces: {allow: […]}`.",
    ),
    misread(
        "a removal with a capital",
        project_is("{name: vision, onRemoval: Delete}"),
        "onRemoval",
        "has none of its possible values",
        "Write `refuse`, `retain` or `delete`.",
    ),
    Slip("a name with a capital", project_is("{name: Reports}"), "PAI007", "Reports", "lower-case", "Write `reports`;"),
    Slip("a name with a sign", project_is("{name: my_app}"), "PAI007", "my_app", "lower-case", "Write `my-app`;"),
    Slip(
        "a reserved name",
        project_is("{name: kube-a}"),
        "PAI007",
        "kube-a",
        "reserved for Kubernetes, so its objects could mix",
        "Choose a name that",
    ),
    Slip(
        "the name of a namespace of every cluster",
        project_is("{displayName: D, name: default}"),
        "PAI007",
        "D, name",
        "every cluster already has the namespace `default`",
        "Take it over with `importIds: [Namespace/default]`, or set `createNamespace: false`.",
    ),
    Slip(
        "one project twice",
        project_is("{name: vision}\n      - {name: vision}"),
        "PAI006",
        "vision",
        "is claimed by project `vision` of tenant `acme` in stack `acme.dev` (2 times). Only",
        "Give one of them another name",
    ),
    Slip(
        "a display name with a sign",
        project_is("{name: vision, displayName: Line-1}"),
        "PAI008",
        "Line-1",
        "is not made of letters, digits and spaces",
        "Use ASCII letters",
    ),
    Slip(
        "a misspelt reference",
        project_is("{name: vision, settingsRef: defualt}"),
        "PAI005",
        "defualt",
        "`defualt`, which is not declared",
        "Did you mean `default`?",
    ),
    misread(
        "a silence without a reason",
        f"{STACK}  paletteai:silence: [PAI015]\n",
        "silence",
        "`silence` should be an object",
        "Write each rule's code with the reason, as in `paletteai:silence: {PAI015: REASON}`.",
    ),
]
