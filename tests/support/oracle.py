"""An oracle: what stack files amount to, told a second time.

It follows the documentation and shares no code with the package: plain data, searched from end to
end. It expects what the schema accepts. Which rules are broken is for `oracle_rules`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

File = dict[str, Any]
Files = dict[str, File]
Path = tuple[str | int, ...]
# What takes part in a problem: the stack, and the path of a declaration in it.
Thing = tuple[str, Path]


class Binding(NamedTuple):
    """A Settings that is written here."""

    stack: str
    cluster: object
    namespace: str
    name: str
    path: Path
    body: dict[str, Any]
    integration: dict[str, Any] | None

    @property
    def key(self) -> str | None:
        return self.body.get("palette")


class Secret(NamedTuple):
    """A Secret that a Settings uses."""

    namespace: str
    name: str
    path: Path
    written: bool


def said(file: File, key: str, default: Any = None) -> Any:
    return file["config"].get(f"paletteai:{key}", default)


def tenant_of(file: File) -> dict[str, Any]:
    tenant: dict[str, Any] = said(file, "tenant")
    return tenant


def projects_of(file: File) -> list[tuple[dict[str, Any], Path]]:
    return [(project, ("tenant", "projects", at)) for at, project in enumerate(tenant_of(file).get("projects", []))]


def namespace_of(file: File) -> str:
    tenant = tenant_of(file)
    return str(tenant.get("namespace") or "tenant-" + tenant["name"])


def cluster_of(stack: str, file: File) -> object:
    named = said(file, "cluster") or file["config"].get("kubernetes:context")
    return named or None


def environment_of(stack: str, file: File) -> str:
    return str(said(file, "environment") or stack.split(".")[-1])


def bindings(files: Files) -> list[Binding]:
    found = []
    for stack, file in files.items():
        cluster, integrations = cluster_of(stack, file), said(file, "integrations", {})
        bodies: list[tuple[str, str, Path, dict[str, Any]]] = [
            (namespace_of(file), name, ("tenant", "settings", name), body)
            for name, body in tenant_of(file).get("settings", {}).items()
        ]
        bodies += [
            (project["name"], project["settings"].get("name", "default"), (*path, "settings"), project["settings"])
            for project, path in projects_of(file)
            if "settings" in project
        ]
        for namespace, name, path, body in bodies:
            found.append(
                Binding(stack, cluster, namespace, name, path, body, integrations.get(body.get("palette", object())))
            )
    return found


def secrets_of(binding: Binding) -> Iterator[Secret]:
    def elsewhere(text: str, path: Path) -> Secret:
        parts = text.split("/")
        return Secret("/".join(parts[:-1]) if len(parts) > 1 else binding.namespace, parts[-1], path, False)

    if binding.key is not None:
        existing = (binding.integration or {}).get("existingSecret")
        if existing is not None:
            yield elsewhere(existing, ("integrations", binding.key, "existingSecret"))
        elif "secretName" in binding.body:
            yield Secret(binding.namespace, binding.body["secretName"], (*binding.path, "secretName"), True)
        else:
            yield Secret(binding.namespace, binding.name + "-palette", (*binding.path, "palette"), True)
    for kind in ("huggingFace", "nvidia"):
        if kind in binding.body:
            yield elsewhere(binding.body[kind]["existingSecret"], (*binding.path, kind, "existingSecret"))


def tenant_settings(file: File) -> list[tuple[str, bool, Path]]:
    """The tenant's Settings: name, whether they give Palette, and where they are declared."""
    tenant = tenant_of(file)
    made = [(n, "palette" in body, ("tenant", "settings", n)) for n, body in tenant.get("settings", {}).items()]
    return made + [
        (name, True, ("tenant", "existingSettings", at)) for at, name in enumerate(tenant.get("existingSettings", []))
    ]


def default_of(file: File) -> tuple[str, bool, Path] | None:
    wanted = tenant_of(file).get("settingsRef", "default")
    return next((each for each in tenant_settings(file) if each[0] == wanted), None)


def looks_up(file: File, project: dict[str, Any]) -> bool:
    """Whether the tenant's default reaches the project."""
    return said(file, "mergedSettings", True) or not ({"settings", "settingsRef"} & project.keys())


def resolutions(file: File) -> list[tuple[str, Path | None]]:
    """For each project where its Palette integration comes from, and which Settings gives it."""
    answers: list[tuple[str, Path | None]] = []
    default = default_of(file)
    for project, path in projects_of(file):
        own = project.get("settings")
        asked = [each for each in tenant_settings(file) if each[0] == project.get("settingsRef")]
        options: list[tuple[str, bool, Path]] = []
        if own is not None:
            options.append(("own", "palette" in own, (*path, "settings")))
        else:
            options += [("fallback" if each == default else "settingsRef", each[1], each[2]) for each in asked[:1]]
        if default is not None and looks_up(file, project):
            options.append(("fallback", default[1], default[2]))
        given = [(source, provider) for source, has_palette, provider in options if has_palette]
        alone = project.get("sharedClusterOnly", tenant_of(file).get("sharedClusterOnly", False))
        answers.append(given[0] if given else ("sharedClusterOnly" if alone else "nowhere", None))
    return answers
