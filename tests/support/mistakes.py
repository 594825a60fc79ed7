"""Mistakes that people make in stack files, with the codes and the lines they have to get."""

from __future__ import annotations

from dataclasses import dataclass

from paletteai_components.credentials import digest_of
from support.projects import KEY, STACK, changed
from support.samples import PROOF

TWO = changed(
    "  paletteai:tenant:",
    f"""\
    other:
      hostUrl: https://api.spectrocloud.com
      tenant: example-tenant
      defaultProjectID: "651234567890123456789013"
      apiKey: {{secure: "v1:{KEY}2"}}
  paletteai:tenant:""",
)
EDGE = "      default: {palette: shared}\n      edge: {palette: other}\n"
BETA = STACK.replace("acme", "beta").replace("Acme", "Beta").replace("vision", "sight").replace("9012", "9013")
SHARED = f'      apiKey: {{secure: "v1:{KEY}"}}\n'
OTHER = f'      apiKey: {{secure: "v1:{KEY}2"}}\n'
SAME = f"pai1:{'a' * 40}"
BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
UNDECIDED = ("PAI003", "shared:")


def fingerprinted(key: str, ciphertext: str) -> str:
    return f'{key}      fingerprint: {{value: "{SAME}", ciphertext: "{digest_of(ciphertext)}", proof: "{PROOF}"}}\n'


@dataclass(frozen=True)
class Case:
    """A mistake.

    Fields:
        name: what is wrong.
        text: the stack file acme.dev.
        problems: the code of each problem with a piece of the line it is told at, in order.
        says: what one of the messages or remedies holds.
        code: the exit code of `check`.
        others: further stack files.
    """

    name: str
    text: str | bytes
    diagnostics: list[tuple[str, str]]
    says: str = ""
    code: int = 1
    others: tuple[tuple[str, str], ...] = ()


def project_is(text: str) -> str:
    return changed("{name: vision}", text)


def settings_are(text: str, stack: str = STACK) -> str:
    return changed("      default: {palette: shared}\n", text, stack)


def key_is(text: str) -> str:
    return changed(f'{{secure: "v1:{KEY}"}}', text)


FILES = [
    Case(
        "an unknown field", changed("displayName", "displayNmae"), [("PAI012", "Nmae")], "Did you mean `displayName`?"
    ),
    Case(
        "an unknown field in snake case",
        changed("displayName", "display_name"),
        [("PAI012", "display_")],
        "`displayName`",
    ),
    Case("a missing field", project_is("{displayName: Vision}"), [("PAI012", "Vision")], "lacks the field `name`"),
    Case(
        "a missing tenant",
        STACK[: STACK.index("  paletteai:tenant")],
        [("PAI012", "config:")],
        "lacks `paletteai:tenant`",
    ),
    Case("a wrong type", changed("Acme", "[Acme]"), [("PAI012", "[Acme]")], "should be text"),
    Case("text where true or false belongs", project_is("{name: vision, createNamespace: 'no'}"), [("PAI012", "'no'")]),
    Case(
        "a value that is none of the possible ones",
        project_is("{name: a, onRemoval: destroy}"),
        [("PAI012", "destroy")],
    ),
    Case(
        "an unquoted number",
        changed('"651234567890123456789012"', "651234567890123456789012"),
        [("PAI012", "9012")],
        "Write the value in quotes.",
    ),
    Case("an unquoted truth", project_is("{name: vision, labels: {a: true}}"), [("PAI012", "labels")], "in quotes"),
    Case("an unquoted name that is a number", project_is("{name: 123}"), [("PAI012", "name: 123")], "in quotes"),
    Case(
        "a key that stands twice",
        changed("displayName: Acme\n", "displayName: Acme\n    displayName: Asme\n"),
        [("PAI012", "Asme")],
        "repeated",
        2,
    ),
    Case(
        "a file that is not UTF-8", STACK.replace("Acme", "Acm\xe9").encode("latin-1"), [("PAI012", "Acm")], "UTF-8", 2
    ),
    Case("an empty file", "", [("PAI012", "")], "the file is empty", 2),
    Case("a list for a file", "- a\n", [("PAI012", "- a")], "", 2),
    Case("a list for the configuration", "config: [a]\n", [("PAI012", "config")], "no `config` object"),
    Case(
        "a list where an object belongs",
        settings_are("      default: [shared]\n"),
        [("PAI012", "[shared]")],
        "an object",
    ),
    Case("a list for the tenant", "config:\n  paletteai:tenant: [acme]\n", [("PAI012", "tenant")], "an object"),
    Case(
        "an unknown key of ours",
        f"{STACK}  paletteai:tenants: {{}}\n",
        [("PAI012", "tenants")],
        "Did you mean `tenant`?",
    ),
    Case(
        "the tenant outside of the configuration",
        f"config: {{}}\npaletteai:tenant: {{name: {KEY}}}\n",
        [("PAI012", "config"), ("PAI012", "tenant")],
        "Indent it under `config:`",
    ),
    Case(
        "an unknown key beside the configuration",
        f"{STACK}{KEY}: x\n",
        [("PAI012", f"{KEY}: x")],
        "outside of `config`",
    ),
    Case("a bomb of aliases", BOMB, [("PAI012", "d: &d")], "", 2),
    Case("a bomb of aliases in a stack file", f"{STACK}{BOMB}", [("PAI012", "d: &d")], "", 2),
    Case(
        "ten megabytes of nesting", f"config: {'[' * 5_000_000}{']' * 5_000_000}\n", [("PAI012", "config")], "nested", 2
    ),
    Case("seventeen megabytes", f"{STACK}# {'x' * 17_000_000}\n", [("PAI012", "config")], "16 MiB", 2),
    Case("a control character", project_is("{name: vi\x1b[31msion}"), [("PAI012", "name: vi")], "control character", 2),
    Case(
        "a name of another tenant",
        STACK.replace("name: acme", "name: beta"),
        [("PAI014", "name: beta")],
        "beta.dev.yaml",
    ),
    Case("another environment", f"{STACK}  paletteai:environment: prod\n", [("PAI014", "prod")]),
]

NAMES = [
    Case(
        "a name of 64 characters",
        project_is(f"{{name: {'a' * 64}}}"),
        [("PAI007", "aaaa")],
        "64 characters, 63 are allowed",
    ),
    Case("a name with capitals", project_is("{name: Vision}"), [("PAI007", "Vision")], "lower-case"),
    Case("a name that ends in a dash", project_is("{name: vision-}"), [("PAI007", "vision-")]),
    Case(
        "a name with colours",
        project_is('{name: "vi\\e[31m\\u202esion"}'),
        [("PAI007", "vi\\e")],
        "the name of a project is not made of",
    ),
    Case(
        "a name with markup",
        project_is('{name: "[bold]vision[/bold]"}'),
        [("PAI007", "[bold]")],
        "the name of a project",
    ),
    Case("a name of two lines", project_is('{name: "vi\\nsion"}'), [("PAI007", "vi\\n")], "the name of a project"),
    Case("a reserved namespace", project_is("{name: mural-system}"), [("PAI007", "mural")], "is reserved"),
    Case("a namespace of Kubernetes", project_is("{name: kube-edge}"), [("PAI007", "kube-")], "is reserved"),
    Case(
        "a namespace that every cluster has",
        changed("    displayName", "    namespace: default\n    displayName"),
        [("PAI007", "namespace: default")],
        "importIds: [Namespace/default]",
    ),
    Case("a display name with punctuation", changed("Acme", "Acme!"), [("PAI008", "Acme!")], code=0),
    Case(
        "a display name of a project with punctuation",
        project_is("{name: vision, displayName: Vision!}"),
        [("PAI008", "Vision!")],
    ),
    Case("the same project twice", project_is("{name: vision}\n      - {name: vision}"), [("PAI006", "vision")]),
    Case(
        "one project of two tenants on one cluster",
        STACK,
        [("PAI006", "vision"), UNDECIDED],
        others=(("beta.dev", BETA.replace("sight", "vision").replace("v1:", "v1:b")),),
    ),
]

BINDINGS = [
    Case(
        "an integration of two projects",
        changed(
            "{name: vision}",
            "{name: vision, settings: {palette: other}}\n      - {name: b, settings: {palette: other}}",
            TWO,
        ),
        [("PAI001", "name: vision"), UNDECIDED],
    ),
    Case(
        "an integration of tenant and project",
        project_is("{name: vision, settings: {palette: shared}}"),
        [("PAI001", "default: {palette")],
        "`tenant-acme/default` of tenant `acme` in stack `acme.dev` and Settings `vision/default`",
    ),
    Case(
        "an integration of two Settings",
        settings_are("      default: {palette: shared}\n      b: {palette: shared}\n"),
        [("PAI001", "default: {palette")],
    ),
    Case(
        "one Secret of two Settings",
        settings_are(
            "      default: {palette: shared, secretName: s}\n      b: {palette: other, secretName: s}\n", TWO
        ),
        [("PAI002", "secretName: s"), UNDECIDED],
    ),
    Case(
        "a Secret in another namespace",
        settings_are("      default: {palette: vaulted}\n").replace(
            STACK[STACK.index("    shared:") : STACK.index("  paletteai:tenant")],
            "    vaulted: {existingSecret: other/a, credential: c}\n",
        ),
        [("PAI002", "vaulted:")],
        "`other/a` is not in the namespace",
    ),
    Case(
        "one ciphertext under two names",
        settings_are(EDGE, TWO).replace(f"{KEY}2", KEY),
        [("PAI003", "shared:")],
        "equal ciphertext",
    ),
    Case(
        "one ciphertext in two stacks", STACK, [("PAI003", "shared:")], "equal ciphertext", others=(("beta.dev", BETA),)
    ),
    Case(
        "one fingerprint under two names",
        changed(
            SHARED,
            fingerprinted(SHARED, f"v1:{KEY}"),
            changed(OTHER, fingerprinted(OTHER, f"v1:{KEY}2"), settings_are(EDGE, TWO)),
        ),
        [("PAI003", "shared:")],
        "equal fingerprint",
    ),
    Case(
        "one fingerprint in two stacks",
        changed(SHARED, fingerprinted(SHARED, f"v1:{KEY}")),
        [("PAI003", "shared:")],
        "equal fingerprint",
        others=(("beta.dev", changed(SHARED, fingerprinted(OTHER, f"v1:{KEY}2"), BETA)),),
    ),
    Case(
        "one credential under two names",
        settings_are("      default: {palette: a}\n      b: {palette: b}\n").replace(
            STACK[STACK.index("    shared:") : STACK.index("  paletteai:tenant")],
            "    a: {existingSecret: a, credential: c}\n    b: {existingSecret: b, credential: c}\n",
        ),
        [("PAI003", "a: {existing")],
        "equal `credential`",
    ),
    Case("an integration that nobody uses", TWO, [("PAI011", "other:")], code=0),
]

REFERENCES = [
    Case("nothing to fall back to", settings_are("      b: {palette: shared}\n"), [("PAI004", "vision")]),
    Case("no way out of the fallback", project_is("{name: vision, sharedClusterOnly: true}"), [("PAI013", "vision")]),
    Case(
        "a tenant without Palette that has a default",
        changed("    displayName", "    sharedClusterOnly: true\n    displayName"),
        [("PAI013", "sharedClusterOnly")],
    ),
    Case(
        "a default with an integration that is not declared",
        settings_are("      default: {palette: shred}\n"),
        [("PAI005", "shred")],
        "Declared: `shared`.",
    ),
    Case(
        "a default that is not declared",
        changed("    displayName", "    settingsRef: edge\n    displayName"),
        [("PAI005", "settingsRef: edge")],
        "Declared: `default`.",
    ),
    Case(
        "a reference to Settings that are not declared",
        project_is("{name: vision, settingsRef: edge}"),
        [("PAI005", "edge")],
    ),
    Case(
        "a reference that the project's own Settings hide",
        changed("{name: vision}", "{name: vision, settingsRef: default, settings: {palette: other}}", TWO),
        [("PAI005", "vision"), UNDECIDED],
        "hides the tenant's",
    ),
]

CREDENTIALS = [
    Case("a key that is not encrypted", key_is(KEY), [("PAI010", "apiKey")], "Revoke it in Palette"),
    Case("a key that is empty", key_is('{secure: ""}'), [("PAI010", "apiKey")]),
    Case("an http host", changed("https://", "http://"), [("PAI009", "http://")], "does not begin with https://"),
    Case("a host with a path", changed("cloud.com", "cloud.com/v1"), [("PAI009", "/v1")], "has a path", code=0),
    Case("a value like a placeholder", changed("example-tenant", "todo"), [("PAI009", "todo")], "looks like", code=0),
    Case(
        "an ID in curly quotes", changed('"651234567890123456789012"', "\u201c6512\u201d"), [("PAI009", "6512")], code=0
    ),
    Case("a placeholder", changed("example-tenant", "CHANGE_ME"), [("PAI009", "CHANGE_ME")], "placeholder"),
    Case("an empty field", changed('"651234567890123456789012"', '""'), [("PAI009", "defaultProjectID")], "is empty"),
    Case(
        "a field that is not there",
        changed("      tenant: example-tenant\n", ""),
        [("PAI009", "shared:")],
        "lacks `tenant`",
    ),
    Case(
        "a key for a field's name",
        project_is(f"{{name: vision, {KEY}: true}}"),
        [("PAI012", "vision")],
        "no such field",
    ),
    Case("a key for a key of ours", f"{STACK}  paletteai:{KEY}: x\n", [("PAI012", f"paletteai:{KEY}")]),
    Case(
        "a key for an integration's name",
        changed("    shared:\n", f"    {KEY}:\n    shared:\n"),
        [("PAI012", f"    {KEY}:")],
    ),
    Case(
        "a key for an integration that is bound",
        settings_are(f"      default: {{palette: {KEY}}}\n"),
        [("PAI005", KEY + "}\n"), ("PAI010", KEY + "}\n")],
    ),
    Case(
        "a key in the host", changed("https://", f"https://user:{KEY}@"), [("PAI009", "user:")], "user name or password"
    ),
    Case("a key in the display name", changed("Acme", f"{KEY}="), [("PAI008", f"{KEY}="), ("PAI010", f"{KEY}=")]),
    Case(
        "a key that is an unquoted number", key_is("7391739173917391"), [("PAI012", "apiKey")], "not an encrypted key"
    ),
    Case("a key in a list", key_is(f"[{KEY}]"), [("PAI012", "apiKey")], "not an encrypted key"),
    Case("a key in another object", key_is(f"{{secret: {KEY}}}"), [("PAI012", "apiKey")], "not an encrypted key"),
    Case("a key in a quote that is not closed", f'{STACK}  x: "{KEY}\n', [("PAI012", 'x: "')], "not closed", 2),
    Case("a key beside a tab", f"{STACK}\t{KEY}: 1\n", [("PAI012", f"\t{KEY}")], "", 2),
]

CASES = [*FILES, *NAMES, *BINDINGS, *REFERENCES, *CREDENTIALS]
