"""The host of the component: the SDK's, with the names, the descriptions and the errors of this package."""

from __future__ import annotations

import json
import sys
from typing import Any, cast

import pulumi
from pulumi.errors import InputPropertiesError
from pulumi.provider import ConstructResult, main
from pulumi.provider.experimental.component import ComponentProvider
from pulumi.provider.server import ComponentInitError

from paletteai_components import __version__
from paletteai_components.components.registry import Registry
from paletteai_components.plugin.descriptions import described
from paletteai_components.plugin.tenant import Tenant
from paletteai_components.sdk import own_process
from paletteai_components.stacks.configuration import NAMESPACE


class TenantProvider(ComponentProvider):
    """Serves the component to the engine, for one deployment."""

    def __init__(self) -> None:
        """Derives the schema of the package from the component's types."""
        super().__init__(cast(list[type[pulumi.ComponentResource]], [Tenant]), NAMESPACE, version=__version__)
        self.schema = json.dumps(described(json.loads(self.schema or "{}")))
        # The components of one program are judged together. A process serves one program, once for the preview and
        # once for the deployment.
        self._registries: dict[bool, Registry] = {}

    def map_inputs(self, inputs: pulumi.Inputs, component_def: Any) -> pulumi.Inputs:
        """The inputs as they are: their names are those of a stack file, and an unknown one is reported with others."""
        return inputs

    def construct(
        self,
        name: str,
        resource_type: str,
        inputs: pulumi.Inputs,
        options: pulumi.ResourceOptions | None = None,
    ) -> ConstructResult:
        """Checks and registers one component.

        Raises:
            InputPropertiesError: It is wrong. The engine would show the values of single properties, and one of them
                may hold a key; so the paths are in the text.
        """
        is_preview = pulumi.runtime.is_dry_run()
        self._registries.setdefault(is_preview, Registry()).serve_this_program()
        try:
            return super().construct(name, resource_type, inputs, options)
        except ComponentInitError as error:
            if isinstance(error.inner, pulumi.RunError):
                # Without a list, even an empty one, the SDK fails instead of refusing.
                raise InputPropertiesError(str(error.inner), []) from None
            raise


def serve() -> None:
    """Serves the component until the engine ends this process."""
    own_process()
    main(TenantProvider(), sys.argv[1:])
