"""Rules about credentials: complete, real and encrypted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator

from paletteai_components.credentials import (
    DIGEST,
    FINGERPRINT,
    PROOF,
    ApiKey,
    KeyState,
    host_problem,
    is_placeholder,
)
from paletteai_components.diagnostics import Place, Problem, Severity
from paletteai_components.encryption import data_key_of, salt_of
from paletteai_components.model.spec import IntegrationSpec
from paletteai_components.redaction import named
from paletteai_components.rules.pasted import pasted_keys
from paletteai_components.rules.rule import Scope, rule
from paletteai_components.stacks.stack import Stack
from paletteai_components.stacks.workspace import Fleet

# The example stacks' own salts, and whose they are. Their passphrase is printed in the README, so whatever is encrypted
# under one of them is public.
EXAMPLE_SALTS = {
    "v1:4DdLuoo5hxI=:v1:DR1cm2352SORDheA:Uws4JhHErYcwE0+nYegjp1Wfxj1pkg==": "acme",
    "v1:FJ/2ly/deQw=:v1:TFKSt7lRhtPko64a:joldzTQWWTJSqi3CqM5nTdQjTA0fkA==": "acme",
    "v1:VTuDByRx2Uk=:v1:LihzOj7lZ9HNdwH7:x5E9FK8DTNjXe/gkxr8hXRCYjvASnQ==": "globex",
    "v1:YxsbvBJloSQ=:v1:IwXmXmd0KlIU+TKw:db5LsN8IxcZvkC+lDyrg8uh3osxj5A==": "globex",
}


_EXAMPLES = {salt_of(salt): owner for salt, owner in EXAMPLE_SALTS.items()}


@rule("PAI009", "A credential is complete and real")
def credential_is_complete(stack: Stack) -> Iterator[Problem]:
    """PaletteAI reads four fields from the Secret, all required: `apiKey`, `defaultProjectID`,
    `hostUrl` and `tenant` (the Palette tenant's name). The host is `https://` and a host name without
    a path: the controllers add the path themselves. A value such as `CHANGE_ME` is refused, and so is
    an empty one.

    An integration is either these four fields or an `existingSecret`, never both. `credential` names
    what is in an existing Secret, so it goes with that only.

    An encrypted key is not opened to judge it; `pulumi preview` does that. Where a stack imports ESC
    environments, a missing `apiKey` may come from there: that is a note here, and judged by
    `pulumi preview`.
    """
    if stack.spec is None:
        return
    for name, integration in stack.spec.integrations.items():
        yield from integration_problems(name, integration, stack)


def integration_problems(name: str, integration: IntegrationSpec, stack: Stack) -> Iterator[Problem]:
    """What is wrong with one integration."""

    def problem(fact: str, remedy: str, *field: str, severity: Severity = Severity.ERROR) -> Problem:
        place = stack.place("integrations", name, *field)
        return Problem("PAI009", f"integration {named(name)} {fact}.", remedy, (place,), severity)

    fields = {
        "apiKey": integration.api_key,
        "defaultProjectID": integration.default_project_id,
        "hostUrl": integration.host_url,
        "tenant": integration.tenant,
    }
    if integration.existing_secret is not None:
        stated = [field for field, value in fields.items() if value is not None]
        if stated:
            fact = f"refers to an existing Secret and also states {_listed(stated)}, which nothing would use"
            yield problem(fact, "Keep `existingSecret` or the four fields, not both.", stated[0])
        return
    if integration.credential is not None and stack.whole:
        fact = "states `credential` without `existingSecret`, so it names nothing"
        yield problem(fact, "Delete it: the fingerprint says which credential this is.", "credential")
    # What was left out of a file that is partly wrong is not missing there.
    missing = [field for field, value in fields.items() if value is None and stack.whole]
    if "apiKey" in missing and stack.imports:
        missing.remove("apiKey")
        fact = "has no `apiKey` in this file; an imported ESC environment may add it, which only Pulumi can tell"
        yield problem(fact, "Run `pulumi preview` to have it judged.", severity=Severity.NOTE)
    if missing:
        fact = f"lacks {_listed(missing)}, so PaletteAI could not log in to Palette"
        yield problem(fact, _add(name, missing))
    if integration.host_url is not None:
        why = "is a placeholder" if is_placeholder(integration.host_url) else host_problem(integration.host_url)
        if why:
            fact = f"has a `hostUrl` that {why}, so PaletteAI could not reach Palette safely"
            yield problem(fact, "Write it like https://api.spectrocloud.com.", "hostUrl")
    for field in ("tenant", "defaultProjectID"):
        value = fields[field]
        if isinstance(value, str) and is_placeholder(value):
            fact = f"has a `{field}` that is empty or a placeholder, so PaletteAI could not log in to Palette"
            yield problem(fact, "Write the real value.", field)
    key = integration.api_key
    if key is not None and key.problem is not None:
        yield problem(f"has an API key that {key.problem}", _add(name, ["apiKey"]), "apiKey")
    written = integration.fingerprint
    if written and not (
        FINGERPRINT.fullmatch(written.value) and DIGEST.fullmatch(written.ciphertext) and PROOF.fullmatch(written.proof)
    ):
        fact = "has a fingerprint that `paletteai fingerprint` did not write, so it says nothing"
        yield problem(fact, "Delete it and run `paletteai fingerprint`.", "fingerprint")


def _listed(fields: list[str]) -> str:
    return ", ".join(f"`{field}`" for field in fields)


def _add(name: str, fields: list[str]) -> str:
    others = [field for field in fields if field != "apiKey"]
    parts = [f"Add {_listed(others)}."] if others else []
    if "apiKey" in fields:
        parts.append(f"Set the key with {_setting_key(name)}.")
    return " ".join(parts)


@rule(
    "PAI010",
    "An API key in a stack file is encrypted, and not under the public passphrase of the examples",
)
def key_is_encrypted(stack: Stack) -> Iterator[Problem]:
    """A stack file is committed, reviewed and copied. A key that stands in it as plain text is known
    to everybody who can read the repository, now and in its history. Revoke it in Palette first,
    then set a new one with `pulumi config set --secret --path`.

    The example stacks are encrypted under a passphrase that the README prints. A file that was copied
    from one of them keeps its `encryptionsalt`, and with it that passphrase: whatever is encrypted in
    it is public. Start a stack with `paletteai new` instead, or delete `encryptionsalt` and every
    `secure` value and run `pulumi stack change-secrets-provider passphrase`.

    A ciphertext is written by Pulumi, in one spelling. Pulumi also opens others, with line breaks in
    them for example, by which a copy would not be seen; they are refused. So is the ciphertext of
    another secret of the stack: as an API key it would be sent to the integration's host.

    A name, a label or any other text that looks like a key, because it begins like one or is long,
    unbroken and mixed as no word is, is a warning: nobody can be sure. Such a text is told as
    `<redacted>` wherever it would stand in a message, a tree or a diagram. A hexadecimal digest is
    taken for one where its name says so, as `checksum/config` does.
    """
    if stack.spec is None:
        return
    for name, integration in stack.spec.integrations.items():
        yield from exposed_key(name, integration, stack)
    yield from pasted_keys(stack)
    owner = _EXAMPLES.get(salt_of(stack.salt)) if stack.salt else None
    if owner is not None and owner != stack.spec.tenant.name:
        yield Problem(
            "PAI010",
            f"tenant {named(stack.spec.tenant.name)} keeps the `encryptionsalt` of an example, so its keys are "
            "encrypted under a passphrase that everybody knows.",
            "Revoke the keys in this file, delete `encryptionsalt`, and encrypt new ones under your own passphrase.",
            (stack.file_place("encryptionsalt"),),
        )


@rule("PAI020", "A stack is encrypted by itself: no two files share a salt or a data key", Scope.FLEET)
def encryption_is_not_shared(fleet: Fleet) -> Iterator[Problem]:
    """With the `encryptionsalt` or the `encryptedkey` of another stack file, whatever that one has encrypted
    can be opened in this one as well, under whoever deploys both. A pull request that knows no key
    could so have another tenant's key written for a host of its own.

    Most often the file is a copy of another. Delete `encryptionsalt`, `encryptedkey` and every `secure`
    value in the copy, run `pulumi stack init` for it, and set its own keys.
    """
    users: dict[tuple[str, Hashable], list[Place]] = defaultdict(list)
    for stack in fleet.stacks:
        if stack.salt:
            users["encryptionsalt", salt_of(stack.salt)].append(stack.file_place("encryptionsalt"))
        if stack.data_key:
            users["encryptedkey", data_key_of(stack.data_key)].append(stack.file_place("encryptedkey"))
    for (field, _), places in users.items():
        if len(places) > 1:
            yield Problem(
                "PAI020",
                f"{len(places)} stack files have the same `{field}`, so each of them can open what another one has "
                "encrypted.",
                f"In the copy, delete `{field}` and every `secure` value, run `pulumi stack init`, and set new keys.",
                tuple(places),
            )


def exposed_key(name: str, integration: IntegrationSpec, stack: Stack) -> Iterator[Problem]:
    """The problem of a key that is known in plain text, that is sealed with nothing in it, or is no key of its own."""
    key = integration.api_key
    if key is not None and key.ciphertext:
        yield from _foreign_ciphertext(name, key, stack)
    if key is None or (key.state is not KeyState.PLAINTEXT and key.ciphertext != ""):
        return
    fact = "is not encrypted, so everybody who reads the file knows it" if key.ciphertext is None else "is empty"
    remedy = "Revoke it in Palette, then set" if key.ciphertext is None else "Set"
    yield Problem(
        "PAI010",
        f"the API key of integration {named(name)} {fact}.",
        f"{remedy} a new one with {_setting_key(name)}.",
        (stack.place("integrations", name, "apiKey"),),
    )


def _foreign_ciphertext(name: str, key: ApiKey, stack: Stack) -> Iterator[Problem]:
    place = stack.place("integrations", name, "apiKey")
    anew = f"Set the key anew with {_setting_key(name)}."
    if not key.is_canonical:
        fact = "is encrypted in a text that Pulumi did not write, so a copy of it would not be seen"
        yield Problem("PAI010", f"the API key of integration {named(name)} {fact}.", anew, (place,))
    path = stack.other_secrets.get(key.ciphertext or "")
    if path is not None:
        fact = "is a copy of another secret of the stack, which would be sent to its host"
        where = (place, stack.file_place(*path))
        yield Problem("PAI010", f"the API key of integration {named(name)} {fact}.", anew, where)


def _setting_key(name: str) -> str:
    return f"`pulumi config set --secret --path 'paletteai:integrations.{named(name)}.apiKey'`"
