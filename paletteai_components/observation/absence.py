"""Absences: what observed objects name and what is not among them, and Secrets that hold no credential."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice

from paletteai_components import naming
from paletteai_components.diagnostics import Diagnostic, Severity, SourceLocation
from paletteai_components.kube.palette_api import PaletteApi
from paletteai_components.listing import listed
from paletteai_components.model.planned import IntegrationType
from paletteai_components.observation.credentials import is_annotated, secret_diagnostics
from paletteai_components.observation.objects import Inventory, Key, ObservedObject, View, secret_name_in
from paletteai_components.redaction import named

MAX_LOCATIONS = 10
_COMPARED = 5


def missing_tenants(
    missing: Mapping[str, list[ObservedObject]], inventory: Inventory, api: PaletteApi, view: View
) -> Iterator[Diagnostic]:
    """The problems of Projects whose Tenants are not among the objects. They are given by the names of the Tenants."""
    path = api.path("project.tenantName")
    known = list(map(named, inventory.tenants))
    # Comparing every name with every other would take too long.
    meant = {name: naming.did_you_mean(name, known) for name in islice(missing, _COMPARED)}
    for name, projects in missing.items() if "Tenant" in view.complete else ():
        names = listed((f"`{named(project.name)}`" for project in projects), 5)
        yield Diagnostic(
            "PAI005",
            f"Tenant `{named(name)}` does not exist, so there is nothing to fall back to for project {names}.",
            meant.get(name) or "Create it, or correct the name.",
            tuple(project.field_location(path) for project in projects[:MAX_LOCATIONS]),
        )
    if missing and view.is_partial:
        names = listed((f"`{named(name)}`" for name in missing), 5)
        yield Diagnostic(
            "PAI005",
            f"these objects name Tenants that are not among them: {names}. What their projects fall back to is not "
            "known.",
            next(filter(None, meant.values()), "Check them together with these, or correct the names."),
            tuple(projects[0].field_location(path) for projects in islice(missing.values(), MAX_LOCATIONS)),
            Severity.WARNING,
        )


def diagnostics_of_secrets(inventory: Inventory, api: PaletteApi, view: View) -> Iterator[Diagnostic]:
    """The problems of the Secrets that Settings use: documents that cannot be used, and Secrets that are missing."""
    missing: list[SourceLocation] = []
    checked: set[Key] = set()
    for settings in inventory.settings.values():
        for kind in IntegrationType:
            name = secret_name_in(settings, kind, api)
            key = (settings.namespace, name or "")
            if name is None or key in checked:
                continue
            checked.add(key)
            secret = inventory.secrets.get(key)
            at = settings.field_location(api.path(f"settings.{kind}"))
            if secret is not None and kind is IntegrationType.PALETTE:
                yield from secret_diagnostics(secret, api)
            elif secret is None and key not in inventory.suppliers:
                if not is_annotated(settings):
                    missing.append(at)
                if "Secret" in view.complete:
                    fact = f"Secret `{named(settings.namespace)}/{named(name)}` of Settings `{named(settings.name)}`"
                    yield Diagnostic(
                        "PAI005",
                        f"{fact} does not exist, so the Settings has no credential.",
                        "Create it, or correct the name.",
                        (at,),
                    )
    if missing and view.is_partial:
        what = "1 Secret is" if len(missing) == 1 else f"{len(missing)} Secrets are"
        fact = f"{what} not among these objects, and nothing here supplies them, so their credentials are unknown."
        remedy = "Check the objects that supply them together with these."
        yield Diagnostic("PAI003", fact, remedy, tuple(missing[:MAX_LOCATIONS]), Severity.NOTE)


def unread_settings(inventory: Inventory, api: PaletteApi) -> Iterator[Diagnostic]:
    """The warning that Settings hold something, and none of them has a Secret where this package assumes it."""
    unread = [each for each in inventory.settings.values() if each.manifest.get("spec")]
    if unread:
        yield Diagnostic(
            "PAI016",
            f"no Settings here has the field `{api.path('settings.palette')}`, where this package assumes the name of "
            "the Secret, so which Secrets they use is not known.",
            "Set the right path, which `paletteai crds` finds: in `paletteai:vendorFields`, or with `--vendor-field`.",
            tuple(each.location("spec") for each in unread[:MAX_LOCATIONS]),
            Severity.WARNING,
        )
