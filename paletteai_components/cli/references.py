"""References in options: the names of Secrets, URLs and names of Kubernetes. None of them may hold what is secret."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

import click

from paletteai_components import naming
from paletteai_components.errors import UserError
from paletteai_components.kube.operator import SecretKey
from paletteai_components.redaction import redacted

_SECRET = re.compile(r"([a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?)/([A-Za-z0-9._-]{1,253})")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DURATION = re.compile(r"(?:[1-9][0-9]*[hms])+")
# The form of ssh that has no scheme: user@host:path.
_SSH = re.compile(r"[A-Za-z0-9._-]+@[A-Za-z0-9.-]+:[^:]+")


def secret_key(ctx: click.Context, parameter: click.Parameter, given: str | None) -> SecretKey | None:
    """The callback of an option that names a Secret and a key in it."""
    return None if given is None else _parsed_secret(given, f"--{(parameter.name or '').replace('_', '-')}")


def secret_variables(ctx: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> dict[str, SecretKey]:
    """The callback of a repeatable option that names environment variables and where their values are."""
    variables: dict[str, SecretKey] = {}
    for each in given:
        name, _, reference = each.partition("=")
        if not _VARIABLE.fullmatch(name):
            raise _no_reference("--secret", "VARIABLE=SECRET/KEY")
        variables[name] = _parsed_secret(reference, "--secret", "VARIABLE=SECRET/KEY")
    return variables


def _parsed_secret(text: str, option: str, form: str = "SECRET/KEY") -> SecretKey:
    found = _SECRET.fullmatch(text)
    if found is None:
        raise _no_reference(option, form)
    return SecretKey(found[1], found[2])


def _no_reference(option: str, form: str) -> UserError:
    # What was given may be the secret itself.
    return UserError(
        f"`{option}` was given something else than the name of a Secret and of a key in it, so nothing was written.",
        f"Write `{option} {form}`. The value itself is only in the Secret.",
    )


def repository(ctx: click.Context, parameter: click.Parameter, given: str | None) -> str | None:
    """The callback of an option that names a git repository."""
    return None if given is None else checked_url(given, "--repo")


def checked_url(url: str, origin: str) -> str:
    """A URL that the operator can fetch, and that holds no password."""
    if _SSH.fullmatch(url):
        return url
    parts = _split(url)
    if parts is None or parts.scheme not in {"https", "http", "ssh"} or not parts.hostname or not url.isprintable():
        raise UserError(
            f"the URL of `{origin}` is none that a cluster can fetch, so nothing was written.",
            "Name the repository's https or ssh URL with `--repo URL`.",
        )
    if parts.password is not None or (parts.username is not None and parts.scheme != "ssh"):
        raise UserError(
            f"the URL of `{origin}` holds a user's name or a password, so nothing was written.",
            "Name the URL without it with `--repo URL`, and the Secret with the token with `--git-token SECRET/KEY`.",
        )
    return url


def _split(url: str) -> SplitResult | None:
    try:
        return urlsplit(url)
    except ValueError:
        return None


def backend_url(ctx: click.Context, parameter: click.Parameter, given: str | None) -> str | None:
    """The callback of an option that names where Pulumi keeps its state."""
    parts = _split(given) if given is not None else None
    if given is not None and (parts is None or not parts.scheme or parts.password is not None or parts.username):
        raise UserError(
            "`--backend` was given no URL of a state, or one with a user's name or a password, so nothing was written.",
            "Write the URL alone, such as `s3://bucket`, and name what is secret with `--secret VARIABLE=SECRET/KEY`.",
        )
    return given


def kubernetes_name(ctx: click.Context, parameter: click.Parameter, given: str | None) -> str | None:
    """The callback of an option that names a namespace or a ServiceAccount."""
    if given is not None and naming.label_problem(given):
        raise UserError(
            f"`{redacted(given)}` is no name of a {(parameter.name or '').replace('_', ' ')}, so nothing was written.",
            "Use small letters, digits and dashes.",
        )
    return given


def environment_before(
    ctx: click.Context, parameter: click.Parameter, given: str | None
) -> tuple[str, str | None] | None:
    """The callback of an option that names an environment and perhaps a duration."""
    if given is None:
        return None
    environment, equals, within = given.partition("=")
    if not environment or (equals and not _DURATION.fullmatch(within)):
        raise UserError(
            f"`--after {redacted(given)}` names no environment with a duration, so nothing was written.",
            "Write `--after dev`, or `--after dev=24h` if it must have succeeded within a day. Units are h, m and s.",
        )
    return environment, within if equals else None
