"""The Pulumi program: one tenant in one environment, as the selected stack declares it."""

from paletteai_components.deployment.program import run

run()
