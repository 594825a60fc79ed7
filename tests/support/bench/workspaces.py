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


def many_stacks(folder: Path, stacks: int, projects: int, *, faulty: bool = False, context: str = "dev") -> Path:
    """A new folder of as many stack files, of one cluster.

    Args:
        folder: Where the files are written.
        stacks: How many.
        projects: How many each of them has.
        faulty: Whether each has a wrong reference, a wrong display name and an unknown field, or nothing wrong.
        context: The context of the kubeconfig that each is deployed with.
    """
    folder.mkdir(parents=True)
    for number in range(stacks):
        tenant = f"t{number}"
        text = stack_text(tenant, projects, f"{tenant}-project", f"benchmark-{number}", context)
        if faulty:
            text = text.replace("Project 1\n", "Project-1\n").replace(
                "Project 2\n", "Project 2\n        settingsRef: none\n"
            )
            text += "    cluster: here\n"
        (folder / f"Pulumi.{tenant}.dev.yaml").write_text(text)
    return folder
