"""Problems as a Code Quality report of GitLab, which shows in a merge request what is new in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from paletteai_components.cli.output.place import Repository, fingerprints_of
from paletteai_components.diagnostics import Diagnostic, Severity, escaped, reported

_SEVERITIES = {Severity.ERROR: "critical", Severity.WARNING: "minor", Severity.NOTE: "info"}


@dataclass(frozen=True, slots=True)
class QualityReport:
    """A report, and what is not in it."""

    issues: tuple[dict[str, Any], ...]
    left_out: int
    """How many problems are in no file of the repository. GitLab takes none of them."""


def quality_report_of(diagnostics: Sequence[Diagnostic], repository: Repository) -> QualityReport:
    """The report of the problems that are not silenced, each at its first place in the repository."""
    shown = reported(diagnostics)
    issues = [
        _issue(diagnostic, fingerprint, repository)
        for diagnostic, fingerprint in zip(shown, fingerprints_of(shown, repository), strict=True)
    ]
    kept = tuple(issue for issue in issues if issue is not None)
    return QualityReport(kept, len(shown) - len(kept))


def _issue(diagnostic: Diagnostic, fingerprint: str, repository: Repository) -> dict[str, Any] | None:
    places = ((repository.path_of(location.file), location.line) for location in diagnostic.where)
    path, line = next(((path, line) for path, line in places if path is not None and _is_unicode(path)), (None, None))
    if path is None:
        return None
    return {
        "check_name": diagnostic.code,
        "description": escaped(f"{diagnostic.code}: {diagnostic.message} {diagnostic.help}"),
        "fingerprint": fingerprint,
        "severity": _SEVERITIES[diagnostic.severity],
        # What is about a complete file is shown at its first line.
        "location": {"path": path, "lines": {"begin": line or 1}},
    }


def _is_unicode(path: str) -> bool:
    """Whether a path can be in JSON. A file may have a name that is no text in any encoding."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True
