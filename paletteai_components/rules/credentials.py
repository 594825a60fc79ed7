"""Rules about credentials: complete, without placeholders, and encrypted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator

from paletteai_components.credentials import (
    DIGEST,
    FINGERPRINT,
    PROOF,
    KeyState,
    host_doubt,
    host_problem,
    id_doubt,
    is_placeholder,
    may_be_placeholder,
    name_doubt,
)
from paletteai_components.diagnostics import Diagnostic, Severity, SourceLocation, escaped
from paletteai_components.encryption import data_key_of, salt_of
from paletteai_components.listing import listed
from paletteai_components.model.spec import IntegrationSpec
from paletteai_components.redaction import named
from paletteai_components.rules.pasted import pasted_keys
from paletteai_components.rules.rule import Origin, Scope, rule
from paletteai_components.shell import command, exactly, folder_of, set_key
from paletteai_components.stacks.stack import Stack
from paletteai_components.stacks.workspace import Workspace

# The salts of the example stacks, each with its tenant. Their passphrase is in the README, so everything that is
# encrypted under one of them is public.
EXAMPLE_SALTS = {
    "v1:4DdLuoo5hxI=:v1:DR1cm2352SORDheA:Uws4JhHErYcwE0+nYegjp1Wfxj1pkg==": "acme",
    "v1:FJ/2ly/deQw=:v1:TFKSt7lRhtPko64a:joldzTQWWTJSqi3CqM5nTdQjTA0fkA==": "acme",
    "v1:VTuDByRx2Uk=:v1:LihzOj7lZ9HNdwH7:x5E9FK8DTNjXe/gkxr8hXRCYjvASnQ==": "globex",
    "v1:YxsbvBJloSQ=:v1:IwXmXmd0KlIU+TKw:db5LsN8IxcZvkC+lDyrg8uh3osxj5A==": "globex",
}


_EXAMPLES = {salt_of(salt): owner for salt, owner in EXAMPLE_SALTS.items()}


@rule(
    "PAI009",
    "A credential is complete and has no placeholders",
    origins={
        Origin.FOUNDING_DOCUMENT: "The Secret holds exactly four fields, all of them required.",
        Origin.VENDOR: "The same four fields, and an example of an API key: 32 letters and digits.",
        Origin.OWN: "The host is reached over `https://`, to protect the key.\nA placeholder is not a value.\n"
        "No fingerprint is made of a text that could be guessed from it, or may be another secret.",
        Origin.BELIEF: "What is unusual in a host, a tenant or a default project may be wrong.",
    },
)
def credential_is_complete(stack: Stack) -> Iterator[Diagnostic]:
    """PaletteAI reads four fields from the Secret, and all of them are required.

    They are `apiKey`, `defaultProjectID`, `hostUrl` and `tenant`, the name of the Palette tenant.
    The host is `https://` and a host name: over `http://`, the key would cross the network unencrypted.
    An empty value and one such as `CHANGE_ME` are refused.

    What is only unusual is a warning: a host with a path, a value such as `todo`, quotes or white space around a value,
    and a `defaultProjectID` with other characters than an ID has.

    An integration has either these four fields or an `existingSecret`, never both.
    `credential` names the credential in an existing Secret, so it is used only with `existingSecret`.

    `paletteai check` does not decrypt keys; `pulumi preview` and `paletteai fingerprint` do, and check them.
    A key is refused if it has other characters than visible ASCII, such as a byte order mark or a line break inside,
    or quotes or the name of a header around it: it is damaged, or another secret.
    So is one that is short or simple enough to be guessed from its fingerprint.
    If a stack imports ESC environments, a missing `apiKey` may come from one of them.
    That is a note here, and `pulumi preview` checks it.
    """
    if stack.spec is None:
        return
    for name, integration in stack.spec.integrations.items():
        yield from _integration_diagnostics(name, integration, stack)


def _integration_diagnostics(name: str, integration: IntegrationSpec, stack: Stack) -> Iterator[Diagnostic]:
    def diagnostic(fact: str, remedy: str, *field: str, severity: Severity = Severity.ERROR) -> Diagnostic:
        location = stack.location("integrations", name, *field)
        return Diagnostic("PAI009", f"integration `{named(name)}` {fact}.", remedy, (location,), severity)

    fields = {
        "apiKey": integration.api_key,
        "defaultProjectID": integration.default_project_id,
        "hostUrl": integration.host_url,
        "tenant": integration.tenant,
    }
    if integration.existing_secret is not None:
        unused = [field for field, value in fields.items() if value is not None]
        if unused:
            fact = f"refers to an existing Secret and also sets {_quoted(unused)}, which would have no effect"
            yield diagnostic(fact, "Keep `existingSecret` or the four fields, not both.", unused[0])
        return
    if integration.credential is not None and stack.is_complete:
        fact = "sets `credential` without `existingSecret`, so it has no effect"
        yield diagnostic(fact, "Delete it: the fingerprint identifies the credential.", "credential")
    # A field that is missing here may have been left out because its value is invalid.
    missing = [field for field, value in fields.items() if value is None and stack.is_complete]
    if "apiKey" in missing and stack.imports:
        missing.remove("apiKey")
        fact = "has no `apiKey` in this file; an imported ESC environment may add it, which only Pulumi can see"
        preview = command("pulumi preview", cwd=folder_of(stack.file), stack=stack.name)
        yield diagnostic(fact, f"Run `{preview}` to check it.", severity=Severity.NOTE)
    if missing:
        fact = f"lacks {_quoted(missing)}, so PaletteAI could not log in to Palette"
        yield diagnostic(fact, _missing_remedy(name, missing, stack))
    if integration.host_url is not None:
        why = "is a placeholder" if is_placeholder(integration.host_url) else host_problem(integration.host_url)
        if why:
            fact = f"has a `hostUrl` that {why}, so PaletteAI could not reach Palette safely"
            yield diagnostic(fact, "Write it like `https://api.spectrocloud.com`.", "hostUrl")
        elif doubt := host_doubt(integration.host_url):
            fact = f"has a `hostUrl` that {doubt}, which the controllers probably do not expect"
            yield diagnostic(
                fact, "Write it like `https://api.spectrocloud.com`.", "hostUrl", severity=Severity.WARNING
            )
    for field, value, doubt_of in (
        ("tenant", integration.tenant, name_doubt),
        ("defaultProjectID", integration.default_project_id, id_doubt),
    ):
        if value is None:
            continue
        if is_placeholder(value):
            fact = f"has a `{field}` that is empty or a placeholder, so PaletteAI could not log in to Palette"
            yield diagnostic(fact, "Set the real value.", field)
        elif doubt := "looks like a placeholder" if may_be_placeholder(value) else doubt_of(value):
            fact = f"has a `{field}` that {doubt}, so PaletteAI may not be able to log in to Palette"
            yield diagnostic(fact, "Set the value that Palette shows.", field, severity=Severity.WARNING)
    key = integration.api_key
    if key is not None and key.diagnostic is not None:
        yield diagnostic(f"has an API key that {key.diagnostic}", _missing_remedy(name, ["apiKey"], stack), "apiKey")
    written = integration.fingerprint
    if written and not (
        FINGERPRINT.fullmatch(written.value) and DIGEST.fullmatch(written.ciphertext) and PROOF.fullmatch(written.proof)
    ):
        again = command("paletteai fingerprint", exactly(stack.name), stacks=folder_of(stack.file))
        fact = "has a fingerprint that `paletteai fingerprint` did not write, so it identifies nothing"
        yield diagnostic(fact, f"Delete it and run `{again}`.", "fingerprint")


def _quoted(fields: list[str]) -> str:
    return ", ".join(f"`{field}`" for field in fields)


def _missing_remedy(name: str, fields: list[str], stack: Stack) -> str:
    if stack.is_observed:
        return f"Add {_quoted(fields)} to the document in the Secret."
    others = [field for field in fields if field != "apiKey"]
    parts = [f"Add {_quoted(others)}."] if others else []
    if others == ["hostUrl"]:
        parts = ["Add `hostUrl: https://api.spectrocloud.com`, or the address of your own Palette."]
    if "apiKey" in fields:
        parts.append(f"Set the key with {_set_key(name, stack)}.")
    return " ".join(parts)


@rule(
    "PAI010",
    "An API key in a stack file is encrypted, and not under the examples' public passphrase",
    origins={
        Origin.OWN: "A key is never in plain text in a file, nor under a passphrase that is public.",
        Origin.PULUMI_CODE: "The form of a ciphertext, and the other forms that are decrypted.",
        Origin.BELIEF: "A text that looks like a key is one.",
    },
)
def key_is_encrypted(stack: Stack) -> Iterator[Diagnostic]:
    """A stack file is committed, reviewed and copied, so a key in plain text is public in the repository.

    Everyone who can read the repository knows the key, also from its history.
    Revoke it in Palette first, then set a new one:
    `pulumi config set --secret --path --stack STACK paletteai:integrations.INTEGRATION.apiKey`.

    The example stacks are encrypted under a passphrase that is printed in the README.
    A copy of an example file keeps its `encryptionsalt`, and with it that passphrase.
    Everything that is encrypted in it is public.
    Create a stack with `paletteai new` instead.
    Or delete `encryptionsalt` and every `secure` value, and run
    `pulumi stack change-secrets-provider passphrase --stack STACK`.

    Pulumi writes a ciphertext in exactly one form.
    It also decrypts others, for example with line breaks, which would hide a copy; they are refused.
    The ciphertext of another secret of the stack is refused, too.
    As an API key, that secret would be sent to the integration's host.

    A name, a label or any other text that looks like a key is only a warning, because it may be something else.
    It looks like a key if it has the prefix of one, or is long, unbroken and mixed like no word.
    Messages, trees and diagrams show `<redacted>` in its place.
    A hexadecimal digest is recognised by its name, for example `checksum/config`.
    """
    if stack.spec is None:
        return
    for name, integration in stack.spec.integrations.items():
        yield from _exposed_key(name, integration, stack)
    yield from pasted_keys(stack)
    owner = _EXAMPLES.get(salt_of(stack.salt)) if stack.salt else None
    if owner is not None and owner != stack.spec.tenant.name:
        yield Diagnostic(
            "PAI010",
            f"tenant `{named(stack.spec.tenant.name)}` has the `encryptionsalt` of an example, so its keys are "
            "encrypted under a public passphrase.",
            "Revoke the keys in this file, delete `encryptionsalt`, and encrypt new ones under your own passphrase.",
            (stack.file_location("encryptionsalt"),),
        )


@rule(
    "PAI020",
    "Every stack has its own encryption: no two files share a salt or a data key",
    Scope.WORKSPACE,
    origins={
        Origin.PULUMI_CODE: "A stack's secrets are encrypted with a key that follows from its `encryptionsalt` and "
        "the passphrase, or is in its `encryptedkey`.",
        Origin.OWN: "The author of a pull request must not be able to use another stack's key.",
    },
)
def encryption_is_not_shared(workspace: Workspace) -> Iterator[Diagnostic]:
    """A file with the `encryptionsalt` or `encryptedkey` of another one can decrypt the secrets of that one.

    This works wherever both stacks are deployed, with one passphrase or one key service.
    The author of a pull request could have another tenant's key sent to a host of their own, without knowing the key.

    Usually one file is a copy of the other.
    In the copy, delete `encryptionsalt`, `encryptedkey` and every `secure` value.
    Then run `pulumi stack init STACK` for it, and set its own keys.
    """
    users: dict[tuple[str, Hashable], list[Stack]] = defaultdict(list)
    for stack in workspace.stacks:
        if stack.salt:
            users["encryptionsalt", salt_of(stack.salt)].append(stack)
        if stack.data_key:
            users["encryptedkey", data_key_of(stack.data_key)].append(stack)
    for (field, _), stacks in users.items():
        if len(stacks) > 1:
            yield _copied(field, stacks)


def _copied(field: str, stacks: list[Stack]) -> Diagnostic:
    """The problem of stack files with one salt or data key. One that names its own tenant is the original."""
    copies = [stack for stack in stacks if not stack.names_its_tenant]
    originals = [stack for stack in stacks if stack.names_its_tenant]
    stacks = [*copies, *originals]
    names = [f"`{escaped(stack.name)}`" for stack in stacks]
    if copies and len(originals) == 1:
        are = "is a copy" if len(copies) == 1 else "are copies"
        fact = f"stack {listed(names[:-1], 5)} {are} of {names[-1]}: they have the same `{field}`"
        which, stack = "each copy", "STACK"
        if len(copies) == 1:
            which, stack = f"`{escaped(copies[0].file)}`", copies[0].name
    else:
        fact = f"stacks {listed(names, 5)} are copies: they have the same `{field}`"
        which, stack = "each copy", "STACK"
    return Diagnostic(
        "PAI020",
        f"{fact}, so whoever deploys one of them can decrypt the secrets of the others.",
        f"In {which}, delete `{field}` and every `secure` value, run `{command('pulumi stack init', stack)}`, and set "
        "new keys.",
        tuple(stack.file_location(field) for stack in stacks),
        explains=frozenset({"PAI002", "PAI003", "PAI006", "PAI014"}),
    )


def _exposed_key(name: str, integration: IntegrationSpec, stack: Stack) -> Iterator[Diagnostic]:
    """The problems of a key that is in plain text, empty, or a copy of another secret."""

    def diagnostic(fact: str, remedy: str, *others: SourceLocation) -> Diagnostic:
        location = stack.location("integrations", name, "apiKey")
        message = f"the API key of integration `{named(name)}` {fact}."
        return Diagnostic("PAI010", message, f"{remedy} with {_set_key(name, stack)}.", (location, *others))

    key = integration.api_key
    if key is None:
        return
    if key.ciphertext:
        if not key.is_canonical:
            fact = "has a ciphertext in a form that Pulumi does not write, so a copy of it would go unnoticed"
            yield diagnostic(fact, "Set the key again")
        path = stack.other_secrets.get(key.ciphertext)
        if path is not None:
            fact = "is a copy of another secret of the stack, which would be sent to the integration's host"
            yield diagnostic(fact, "Set the key again", stack.file_location(*path))
    if key.state is KeyState.PLAINTEXT and key.ciphertext is None:
        fact = "is not encrypted, so everyone who can read the file knows it"
        yield diagnostic(fact, "Revoke it in Palette, then set a new one")
    elif key.state is KeyState.PLAINTEXT or key.ciphertext == "":
        yield diagnostic("is empty", "Set a new one")


def _set_key(name: str, stack: Stack) -> str:
    return stack.key_input or f"`{set_key(name, stack.name, folder_of(stack.file))}`"
