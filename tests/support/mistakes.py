"""Mistakes that people make in stack files, with the codes and the lines they have to get."""

from __future__ import annotations

from dataclasses import dataclass

from support.projects import KEY, STACK, changed
from support.samples import PROJECT_ID

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
BETA = STACK.replace("acme", "beta").replace("Acme", "Beta").replace("vision", "sight").replace("9012", "9013")
BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


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


CASES = [
    # Files
    Case("an unknown field", changed("displayName", "displayNmae"), [("PAI012", "Nmae")], "Did you mean"),
    Case("a wrong type", changed("Acme", "[Acme]"), [("PAI012", "[Acme]")], "should be text"),
    Case(
        "an ID as a number", changed(f'"{PROJECT_ID}"', PROJECT_ID), [("PAI012", "9012")], "Write the value in quotes."
    ),
    Case(
        "a key that stands twice",
        changed("displayName: Acme\n", "displayName: Acme\n    displayName: Asme\n"),
        [("PAI012", "Asme")],
        "repeated",
        2,
    ),
    Case("a file not in UTF-8", STACK.replace("Acme", "Acm\xe9").encode("latin-1"), [("PAI012", "Acm")], "UTF-8", 2),
    Case("a list for the configuration", "config: [a]\n", [("PAI012", "config")], "no `config` object"),
    Case(
        "the tenant outside of the configuration",
        f"config: {{}}\npaletteai:tenant: {{name: {KEY}}}\n",
        [("PAI012", "tenant")],
        "Indent it under `config:`",
    ),
    Case("a key beside the configuration", f"{STACK}{KEY}: x\n", [("PAI012", f"{KEY}: x")], "outside of `config`"),
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
    # Names
    Case("a name of 64 characters", project_is(f"{{name: {'a' * 64}}}"), [("PAI007", "aaaa")], "63 are allowed"),
    Case(
        "a namespace of every cluster",
        project_is("{displayName: D, name: default}"),
        [("PAI007", "D, n")],
        "importIds: [",
    ),
    Case(
        "a name of somebody else's Secret",
        settings_are("      default: {palette: shared, nvidia: {existingSecret: NGC}}\n"),
        [("PAI007", "NGC")],
    ),
    Case("a name with capitals", project_is("{name: Vision}"), [("PAI007", "Vision")], "lower-case"),
    Case(
        "a name with colours",
        project_is('{name: "vi\\e[31m\\u202esion"}'),
        [("PAI007", "vi\\e")],
        "the name of a project",
    ),
    Case(
        "a name with markup",
        project_is('{name: "[bold]vision[/bold]"}'),
        [("PAI007", "[bold]")],
        "the name of a project",
    ),
    Case("a name of two lines", project_is('{name: "vi\\nsion"}'), [("PAI007", "vi\\n")], "the name of a project"),
    Case("a display name with punctuation", changed("Acme", "Acme!"), [("PAI008", "Acme!")], code=0),
    Case(
        "a display name of a project with punctuation",
        project_is("{name: vision, displayName: Vision!}"),
        [("PAI008", "Vision!")],
    ),
    Case("the same project twice", project_is("{name: vision}\n      - {name: vision}"), [("PAI006", "vision")]),
    # Bindings
    Case(
        "an integration of tenant and project",
        project_is("{name: vision, settings: {palette: shared}}"),
        [("PAI001", "default: {palette")],
        "`tenant-acme/default` of tenant `acme` in stack `acme.dev` and Settings `vision/default`",
    ),
    Case(
        "one Secret of two Settings",
        settings_are(
            "      default: {palette: shared, secretName: s}\n      b: {palette: other, secretName: s}\n", TWO
        ),
        [("PAI002", "secretName: s"), ("PAI003", "shared:")],
    ),
    Case(
        "one ciphertext in two stacks", STACK, [("PAI003", "shared:")], "equal ciphertext", others=(("beta.dev", BETA),)
    ),
    Case("an integration that nobody uses", TWO, [("PAI011", "other:")], code=0),
    # References
    Case("nothing to fall back to", settings_are("      b: {palette: shared}\n"), [("PAI004", "vision")]),
    Case(
        "a default that is not wanted",
        changed("    displayName", "    sharedClusterOnly: true\n    displayName"),
        [("PAI013", "sharedClusterOnly")],
    ),
    Case("a reference to nothing", project_is("{name: vision, settingsRef: edge}"), [("PAI005", "edge")]),
    # Credentials
    Case("a key that is not encrypted", key_is(KEY), [("PAI010", "apiKey")], "Revoke it in Palette"),
    Case("a host with a path", changed("cloud.com", "cloud.com/v1"), [("PAI009", "/v1")], "has a path", code=0),
    Case("a value like a placeholder", changed("example-tenant", "todo"), [("PAI009", "todo")], "looks like", code=0),
    Case("an ID in curly quotes", changed(f'"{PROJECT_ID}"', "\u201c6512\u201d"), [("PAI009", "6512")], code=0),
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
    Case(
        "a key in a display name",
        project_is(f"{{name: vision, displayName: {KEY}=}}"),
        [("PAI008", f"{KEY}="), ("PAI010", f"{KEY}=")],
    ),
    Case(
        "a key that is an unquoted number", key_is("7391739173917391"), [("PAI012", "apiKey")], "not an encrypted key"
    ),
    Case("a key in a list", key_is(f"[{KEY}]"), [("PAI012", "apiKey")], "not an encrypted key"),
    Case("a key in another object", key_is(f"{{secret: {KEY}}}"), [("PAI012", "apiKey")], "not an encrypted key"),
    Case("a key in a quote that is not closed", f'{STACK}  x: "{KEY}\n', [("PAI012", 'x: "')], "not closed", 2),
    Case("a key beside a tab", f"{STACK}\t{KEY}: 1\n", [("PAI012", f"\t{KEY}")], "", 2),
]
