"""Stack files by the thousand."""

from __future__ import annotations

from pathlib import Path


def stack_text(
    tenant: str, projects: int, prefix: str = "project", credential: str = "benchmark", context: str = "dev"
) -> str:
    """A stack file of a tenant with a default Settings and as many projects as asked for."""
    lines = [
        "config:",
        f"  kubernetes:context: {context}",
        "  paletteai:integrations:",
        "    shared:",
        "      existingSecret: shared-palette",
        f"      credential: {credential}",
        "  paletteai:tenant:",
        f"    name: {tenant}",
        "    onRemoval: delete",
        "    computeConfigRef: {name: default}",
        "    settings: {default: {palette: shared}}",
        "    projects:",
    ]
    for number in range(projects):
        lines += [f"      - name: {prefix}-{number}", f"        displayName: Project {number}"]
    return "\n".join(lines) + "\n"


def many_stacks(folder: Path, stacks: int, projects: int) -> Path:
    """A new folder of as many stack files, of one cluster and with nothing wrong with them."""
    folder.mkdir(parents=True)
    for number in range(stacks):
        tenant = f"t{number}"
        text = stack_text(tenant, projects, f"{tenant}-project", f"benchmark-{number}")
        (folder / f"Pulumi.{tenant}.dev.yaml").write_text(text)
    return folder
