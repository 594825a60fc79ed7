"""The policy pack: `pulumi preview --policy-pack` runs this folder, in an environment with its requirements."""

import sys
from pathlib import Path

if __name__ == "__main__":
    # The package of the checkout around this folder, so that it is always the one of the same commit.
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

    from paletteai_components.policy.pack import serve

    serve()
