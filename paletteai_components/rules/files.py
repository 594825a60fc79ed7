"""Rules about files: understood as Pulumi understands them, and named after what is in them."""

from __future__ import annotations

from collections.abc import Iterator

from paletteai_components.diagnostics import Problem, escaped
from paletteai_components.kube.palette_api import FIELDS, Vendor, overlaps
from paletteai_components.model.planned import Path
from paletteai_components.model.spec import ExtraSpec
from paletteai_components.redaction import named
from paletteai_components.rules.rule import Scope, rule
from paletteai_components.stacks.stack import Stack
from paletteai_components.stacks.validation import misread, unknown_field
from paletteai_components.stacks.workspace import Fleet


@rule("PAI012", "A stack file says only what the schema knows, in Pulumi's own reading of YAML")
def file_is_understood(stack: Stack) -> Iterator[Problem]:
    """A field that nobody knows has no effect, and its author believes it has. So unknown fields are
    refused, with the nearest known one. So are missing fields, values of another type and keys that
    stand twice.

    Files are read as Pulumi reads them. `651234567890123456789012` without quotes is a number to it
    and arrives as `6.5e+23`, and the next `pulumi config set` writes the damage into the file. Text
    that looks like a number, a boolean or a date must be quoted.

    So are keys below `config:`, also those of other namespaces. Pulumi reads `tenant` as
    `paletteai:tenant` and `kubernetes:config:context` as `kubernetes:context`, and where a file has
    both, it takes either. A file says each key once, as `<namespace>:<name>`.

    Only the `apiKey` of an integration may be encrypted. Pulumi hands every other encrypted value to
    the program as plain text, so it would be that in the cluster and in the state as well. A value
    that Pulumi marks as secret, from an ESC environment for instance, is refused by the preview.

    `extraSpec` passes on fields that are not modelled here; it cannot say what a field of ours says.
    `paletteai:vendorFields` gives other paths to the vendor's fields whose path is assumed.
    """
    yield from stack.file_problems
    yield from stack.problems
    if stack.spec is None:
        return
    for name, path in stack.spec.vendor_fields.items():
        place = stack.place("vendorFields", name)
        field = FIELDS.get(name)
        assumed = [known for known, each in FIELDS.items() if not each.seen]
        if field is None:
            yield unknown_field(place, name, assumed, "vendorFields")
        elif field.seen:
            fact = f"the path of {named(name)} is known from the vendor, so it cannot be given another"
            yield misread(place, fact, f"Delete it. These are assumed: {', '.join(sorted(assumed))}.")
        elif not path.startswith("spec.") or not all(path.split(".")):
            fact = f"the path of {named(name)} does not lead into `spec`, so it would reach no field"
            yield misread(place, fact, "Write it like spec.integrations.palette.secretRef.name.")
        elif rival := _rival_of(name, stack.vendor):
            fact = f"the path of {named(name)} leads to that of {rival}, so one would take the other's place"
            yield misread(place, fact, "Give each field a path of its own.")
    yield from _extra_specs(stack)


def _rival_of(name: str, vendor: Vendor) -> str | None:
    """Another field of the same object at the same path, or at one inside the other."""
    path = vendor.path(name)
    for other, field in FIELDS.items():
        at = vendor.path(other)
        if other != name and field.kind == FIELDS[name].kind and path[: len(at)] == at[: len(path)]:
            return other
    return None


def _extra_specs(stack: Stack) -> Iterator[Problem]:
    topology = stack.topology
    if stack.spec is None or topology is None:
        return
    extras: list[tuple[str, ExtraSpec, Path]] = [("Tenant", topology.tenant.spec.extra_spec, ("tenant",))]
    extras += [("Project", project.spec.extra_spec, project.path) for project in topology.projects]
    extras += [("Settings", settings.spec.extra_spec, settings.path) for settings in topology.settings]
    for kind, extra, path in extras:
        for field in overlaps(kind, extra, stack.spec.vendor_fields) if extra else ():
            fact = f"`extraSpec` says `{named(field)}` of a {kind}, which is modelled; one would overwrite the other"
            yield misread(stack.place(*path, "extraSpec"), fact, "Use the field of ours, and delete it here.")


@rule("PAI014", "File name, tenant and environment agree", Scope.FLEET)
def file_name_agrees(fleet: Fleet) -> Iterator[Problem]:
    """A stack file is `Pulumi.<tenant>.<environment>.yaml`. People, reviews and `pulumi up` go by the
    name; a file that declares another tenant than it is called after gets deployed, and one day
    removed, by mistake. The tenant in the name is `paletteai:tenant.name`; the environment in the name
    is `paletteai:environment` where that is stated.
    """
    for stack in fleet.stacks:
        if not stack.file or stack.spec is None:
            continue
        tenant, dot, environment = stack.name.rpartition(".")
        declared = stack.spec.tenant.name
        if not dot:
            yield _disagrees(
                stack,
                f"the stack {escaped(stack.name)} is not called <tenant>.<environment>",
                declared,
            )
        elif tenant != declared:
            fact = f"the stack {escaped(stack.name)} declares the tenant {named(declared)}"
            yield _disagrees(stack, fact, declared)
        elif stack.spec.environment not in (None, environment):
            fact = f"the stack {escaped(stack.name)} states the environment {named(str(stack.spec.environment))}"
            where = (stack.place("environment"),)
            yield Problem(
                "PAI014",
                f"{fact}; it would be deployed as another one than it is called.",
                "Make them agree.",
                where,
            )


def _disagrees(stack: Stack, fact: str, declared: str) -> Problem:
    stated = stack.spec.environment if stack.spec else None
    environment = named(stated or stack.environment) if stated or "." in stack.name else "<environment>"
    return Problem(
        "PAI014",
        f"{fact}, so its name would mislead whoever deploys or removes it.",
        f"Rename the file to Pulumi.{named(declared)}.{environment}.yaml, or correct the name in it.",
        (stack.place("tenant", "name"),),
    )
