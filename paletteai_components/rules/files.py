"""Rules about files: read as Pulumi reads them, and named after their tenant and environment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from paletteai_components.diagnostics import Diagnostic, Severity, escaped
from paletteai_components.kube.palette_api import ASSUMED, FIELDS, fault_of
from paletteai_components.model.planned import Path
from paletteai_components.model.spec import ExtraSpec
from paletteai_components.redaction import named
from paletteai_components.rules.rule import Origin, Scope, rule
from paletteai_components.stacks.stack import Stack
from paletteai_components.stacks.validation import misread, unknown_field
from paletteai_components.stacks.workspace import Workspace

_IN_A_LIST = "spec.integrations[type=palette].secretRef.name"


@rule(
    "PAI012",
    "A stack file has only known fields with valid values, read as Pulumi reads them",
    origins={
        Origin.PULUMI: "How YAML, keys and the project file are read, what is refused, and that encrypted values reach "
        "the program as plain text.",
        Origin.PULUMI_CODE: "The keys that Pulumi and its Kubernetes provider read, and their types.",
        Origin.OWN: "The fields of a stack file, and that an unknown one is refused.\n"
        "A file is read up to 16 MiB, 100 levels and 1,000,000 values.",
        Origin.BELIEF: "A key that is nearly one of this package is meant for it.\n"
        "A key that Pulumi and the provider are not known to read has no effect.",
    },
)
def file_is_understood(stack: Stack) -> Iterator[Diagnostic]:
    """An unknown field has no effect, although its author expects one.

    Unknown fields are refused, and the nearest known field is suggested.
    Missing fields, values of the wrong type and duplicate keys are refused, too.

    Files are read as Pulumi reads them.
    To Pulumi, `651234567890123456789012` without quotes is a number and becomes `6.5e+23`.
    The next `pulumi config set` writes the damaged value into the file.
    Quote text that looks like a number, a boolean or a date.

    Keys below `config:` are read as Pulumi reads them, too, also in other namespaces.
    To Pulumi, `kubernetes:config:context` is `kubernetes:context`.
    A key without a namespace gets the name of the Pulumi project.
    So `tenant` is `paletteai:tenant` in a project `paletteai`, and has no effect in a project `my-platform`.
    If a file has two forms of a key, Pulumi may take either.
    Write each key once, as `<namespace>:<name>`.
    A key that is nearly one of this package, such as `paletteAI:tenant`, is a warning: it may be another program's.
    It is an error where the stack lacks the key and needs it.
    A key that neither Pulumi nor its Kubernetes provider is known to read, such as `kubernetes:contxt`, is a warning.
    So is one of theirs with a value of another type.

    A field that is certainly misspelt, such as `hostURL`, is one problem.
    The rest is checked as if it had been written right.

    The project file is read as Pulumi reads it, too.
    Pulumi refuses every stack of a project without a `name`, or with a default in a form that it does not accept.
    It refuses a stack that does not set what the project requires, or sets it to another type.
    [The stack file](../stack-file.md#defaults) has the forms.

    Only the `apiKey` of an integration may be encrypted.
    Pulumi passes every other encrypted value to the program as plain text.
    It would be plain text in the cluster and in the state, too.
    `pulumi preview` refuses a value that Pulumi marks as secret, for example one from an ESC environment.

    `paletteai:silence` silences the warnings of a rule in one stack, by the rule's code and with a reason.
    A code that no rule has and a missing reason are refused.

    `extraSpec` passes on fields that are not modelled here; it cannot set a field that is.
    `paletteai:vendorFields` sets other paths for those vendor fields whose paths are assumed.
    `spec.integrations[type=palette].secretRef.name` leads through a list, to the element whose `type` is `palette`.
    There, `extraSpec` adds to an element that has the same `type`, and other elements to the list.
    """
    yield from stack.file_diagnostics
    yield from stack.diagnostics
    if stack.spec is None:
        return
    yield from _vendor_field_diagnostics(stack, stack.spec.vendor_fields)
    yield from _extra_spec_diagnostics(stack)


def _vendor_field_diagnostics(stack: Stack, vendor_fields: Mapping[str, str]) -> Iterator[Diagnostic]:
    for name, path in vendor_fields.items():
        location = stack.location("vendorFields", name)
        field = FIELDS.get(name)
        if field is None:
            yield unknown_field(location, name, ASSUMED, "vendorFields")
        elif field.seen:
            fact = f"the path of `{named(name)}` is known from the vendor, so it cannot be changed"
            names = ", ".join(f"`{each}`" for each in sorted(ASSUMED))
            yield misread(location, fact, f"Delete it. Only assumed paths can be changed: {names}.")
        elif fault := fault_of(path):
            remedy = f"Write it like `{field.path}`, or like `{_IN_A_LIST}` for an element of a list."
            yield misread(location, f"the path of `{named(name)}` {fault}, so it would set no field", remedy)
        elif rival := stack.api.rival_of(name):
            fact = f"the path of `{named(name)}` overlaps the path of `{rival}`, so one would overwrite the other"
            yield misread(location, fact, "Give each field its own path.")
    yield from _disputed_field_diagnostics(stack)


def _disputed_field_diagnostics(stack: Stack) -> Iterator[Diagnostic]:
    """The fields that the stack sets and whose assumed path the path of another one shows to be wrong."""
    if stack.plan is None or not stack.api.disputes:
        return
    used = {f"settings.{secret.type}" for settings in stack.plan.settings for secret in settings.secrets}
    for name, (replaced, disputed) in stack.api.disputes.items():
        if name in used:
            fact = (
                f"the path of `{replaced}` and the assumed path of `{name}` disagree on whether "
                f"`{disputed.redacted}` is a list, so one would overwrite the other"
            )
            remedy = f"Set the path of `{name}`, too."
            yield misread(stack.location("vendorFields", replaced), fact, remedy)


def _extra_spec_diagnostics(stack: Stack) -> Iterator[Diagnostic]:
    plan = stack.plan
    if plan is None:
        return
    extras: list[tuple[str, ExtraSpec, Path]] = [("Tenant", plan.tenant.spec.extra_spec, ("tenant",))]
    extras += [("Project", extra, project.path) for project in plan.projects if (extra := project.spec.extra_spec)]
    extras += [("Settings", extra, settings.path) for settings in plan.settings if (extra := settings.spec.extra_spec)]
    for kind, extra, path in extras:
        for field in stack.api.overlaps(kind, extra) if extra else ():
            fact = f"`extraSpec` sets `{field.redacted}` of a {kind}, which is modelled"
            remedy = "Use the modelled field, and delete it here."
            yield misread(stack.location(*path, "extraSpec"), f"{fact}, so one would overwrite the other", remedy)


@rule(
    "PAI014",
    "File name, tenant and environment agree",
    Scope.WORKSPACE,
    origins={
        Origin.OWN: "The name of a stack is `<tenant>.<environment>`.",
        Origin.PULUMI: "Which files are read as stack files.",
        Origin.BELIEF: "A file that no known project reads belongs to none.\n"
        "A name without a dot is the tenant's or the environment's.",
    },
)
def file_name_agrees(workspace: Workspace) -> Iterator[Diagnostic]:
    """A stack file is named `Pulumi.<tenant>.<environment>.yaml`, in the folder from which Pulumi reads it.

    Users, reviewers and `pulumi up` rely on the name.
    A file that declares another tenant is deployed, and later removed, by mistake.

    The tenant in the name has to be `paletteai:tenant.name`.
    The environment in the name has to be `paletteai:environment`, if that is set.
    A name without a dot, such as `Pulumi.acme.yaml`, is a warning: it says only one of the two.
    Rename the file, or correct the name in it.

    Pulumi ignores a file with another extension than the project file, and one whose name begins with `pulumi.`.
    It also ignores a file that is not in the project's `stackConfigDir`.
    Such a file is an error if its project is known, and a warning if another project could read it.
    Stack files outside of the project's repository are a warning, because a pull request can change `stackConfigDir`.
    [The stack file](../stack-file.md#where-stack-files-are) says where they are found.
    """
    originals: dict[tuple[str, str | None], Stack] = {}
    for stack in workspace.stacks:
        if stack.spec is not None and stack.names_its_tenant:
            for environment in (stack.name.rpartition(".")[2], None):
                originals.setdefault((stack.spec.tenant.name, environment), stack)
    for stack in workspace.stacks:
        if not stack.file or stack.spec is None:
            continue
        _, dot, environment = stack.name.rpartition(".")
        declared = stack.spec.tenant.name
        if not dot:
            lacks = "environment" if stack.name == declared else "tenant"
            yield Diagnostic(
                "PAI014",
                f"the stack `{escaped(stack.name)}` is not named `<tenant>.<environment>`, so its name does not say "
                f"which {lacks} it is.",
                _rename(stack),
                (stack.location("tenant", "name"),),
                Severity.WARNING,
            )
        elif not stack.names_its_tenant:
            original = originals.get((declared, environment)) or originals.get((declared, None))
            yield _of_another_tenant(stack, declared, original)
        elif stack.spec.environment not in (None, environment):
            fact = f"the stack `{escaped(stack.name)}` declares environment `{named(str(stack.spec.environment))}`"
            where = (stack.location("environment"),)
            yield Diagnostic(
                "PAI014",
                f"{fact}, so it would be deployed under a misleading name.",
                _rename(stack, "`paletteai:environment`"),
                where,
            )


def _rename(stack: Stack, otherwise: str = "the name in it") -> str:
    declared, own = (stack.spec.tenant.name, stack.spec.environment) if stack.spec else ("", None)
    # The name without a dot is the environment's, unless it is the tenant's.
    environment = named(own or stack.environment) if own or stack.name != declared else "<environment>"
    extension = stack.file.rpartition(".")[2]
    return f"Rename the file to `Pulumi.{named(declared)}.{environment}.{extension}`, or correct {otherwise}."


def _of_another_tenant(stack: Stack, declared: str, original: Stack | None) -> Diagnostic:
    fact = f"the stack `{escaped(stack.name)}` declares tenant `{named(declared)}`"
    remedy, where, explains = _rename(stack), [stack.location("tenant", "name")], frozenset[str]()
    if original is not None:
        fact += f" of stack `{escaped(original.name)}`"
        remedy = "If it is a copy, give it a tenant, projects and integrations of its own. Otherwise rename the file."
        where.append(original.location("tenant", "name"))
        explains = frozenset({"PAI002", "PAI003", "PAI006"})
    fact += ", so its name would mislead the person who deploys or removes it."
    return Diagnostic("PAI014", fact, remedy, tuple(where), explains=explains)
