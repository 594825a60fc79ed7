"""A Project: its namespace, Settings of its own where it has them, and itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pulumi

from paletteai_components.claims import Claim, binding_claims, project_claims
from paletteai_components.components.args import Declaration, ProjectArgs
from paletteai_components.components.integration import PaletteIntegration, Placement
from paletteai_components.components.ledger import DeclarationError, Ledger, expect, spec_of
from paletteai_components.components.resource import child_options, kubernetes_resource, of_kind, of_the_tenant
from paletteai_components.components.tenant import TenantOwner
from paletteai_components.manifests import project_namespace, project_object
from paletteai_components.problem import Place, Problem
from paletteai_components.redaction import named
from paletteai_components.stack import Stack
from paletteai_components.topology import PlannedProject, planned_project

# Settings a Project refers to come after its own position in the one-project stack it is judged in.
_PATH = ("tenant", "projects", 0)


class Project(pulumi.ComponentResource):
    """A Project with its namespace and, where it has them, Settings of its own.

    Raises DeclarationError, before anything is registered, where it is wrong, resolves to no Palette
    integration without saying so, or something of it is another's.

    Outputs:
        project_name, namespace: the Project; the two are equal.
        source: where its Palette integration comes from, a `Source`.
        settings: the Settings that gives it, ``namespace/name``; None without one.
        integration: its own `PaletteIntegration`, or None.
    """

    def __init__(
        self,
        name: str,
        args: ProjectArgs,
        opts: pulumi.ResourceOptions | None = None,
        *,
        integration_aliases: Sequence[str] | None = None,
    ) -> None:
        """Checks the Project against the program so far, then registers it.

        `integration_aliases` gives former URNs of its own integration, and of its Settings and Secret.
        """
        ledger = Ledger.of_this_program()
        part = ledger.part_of("Project", name)
        expect(args, ProjectArgs, part, "args", "a ProjectArgs")
        expect(args.tenant, TenantOwner, part, "the tenant", "a Tenant or TenantReference")
        tenant = args.tenant
        declaration = Declaration(ledger.key_of)
        declared = declaration.of(args, leave_out={"tenant", "settings_ref"})
        referred = args.settings_ref
        if isinstance(referred, PaletteIntegration):
            if referred.namespace != tenant.namespace:
                raise DeclarationError([_foreign(referred, tenant, part)])
            declared["settingsRef"] = referred.settings_name
        elif referred is not None:
            declared["settingsRef"] = referred
        tenant_of_its_own = {"name": tenant.tenant_name, "projects": [declared]}
        alone = spec_of(tenant_of_its_own, {"integrations": declaration.integrations}, part)
        integrations = {**tenant.spec.integrations, **alone.integrations}
        spec = tenant.spec.model_copy(
            update={
                "integrations": integrations,
                "tenant": tenant.spec.tenant.model_copy(update={"projects": alone.tenant.projects}),
            }
        )
        stack = replace(tenant.stack, spec=spec, part=part)
        planned = planned_project(alone.tenant.projects[0], tenant.planned, integrations, _PATH)
        ledger.admit(stack, self._claims(planned, stack))

        opts = of_the_tenant(tenant, opts)
        provider = str(planned.provider) if planned.provider else None
        # Told as inputs: registered outputs would make a seventh more checkpoints to write in a first deployment.
        told = {"namespace": planned.namespace, "source": planned.source.value, "settings": provider}
        super().__init__("paletteai:index:Project", name, told, opts)
        # The SDK has made Outputs of them, but nothing has to be awaited.
        self.project_name, self.namespace = planned.name, planned.namespace
        self.source, self.settings = planned.source.value, provider
        used = {planned.spec.settings_ref, planned.provider.name if planned.provider else None}
        settings = [each.settings for settings, each in tenant.integrations.items() if settings in used]
        self._register(name, planned, stack, opts, [*tenant.ready, *settings], integration_aliases)

    @staticmethod
    def _claims(planned: PlannedProject, stack: Stack) -> Iterator[Claim]:
        yield from project_claims(planned, stack)
        if planned.own is not None:
            yield from binding_claims(planned.own, stack)

    def _register(
        self,
        name: str,
        planned: PlannedProject,
        stack: Stack,
        opts: pulumi.ResourceOptions | None,
        before: list[pulumi.Resource],
        aliases: Sequence[str] | None,
    ) -> None:
        if planned.spec.create_namespace:
            options = child_options(self, opts, before, planned.on_removal)
            manifest = project_namespace(planned)
            before = [kubernetes_resource(manifest, name, options, stack.vendor, planned.spec.import_ids)]
        self.integration: PaletteIntegration | None = None
        if planned.own is not None:
            self.integration = PaletteIntegration(
                f"{name}.{planned.own.name}",
                Placement(
                    planned.own,
                    stack,
                    planned.spec.labels,
                    planned.spec.annotations,
                    before,
                    planned.spec.import_ids,
                    aliases or (),
                ),
                child_options(self, opts, [], aliases=of_kind(aliases or (), "PaletteIntegration")),
            )
            before = [*before, self.integration.settings]
        options = child_options(self, opts, before, planned.on_removal)
        manifest = project_object(planned, stack.vendor)
        self.resource = kubernetes_resource(manifest, name, options, stack.vendor, planned.spec.import_ids)


def _foreign(referred: PaletteIntegration, tenant: TenantOwner, part: str) -> Problem:
    return Problem(
        "PAI005",
        f"the Settings {named(referred.reference)} that it refers to are not in the namespace of tenant "
        f"{named(tenant.tenant_name)}, so it would never find them.",
        "Refer to Settings of its own tenant.",
        (Place(part),),
    )
