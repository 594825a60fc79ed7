"""`paletteai crds`: whether the fields that this package writes are in the CRDs of a cluster, and where they may be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click

from paletteai_components.cli import completion
from paletteai_components.cli.folder import in_a_folder, in_a_format, on_a_cluster
from paletteai_components.cli.help import Command
from paletteai_components.cli.output.report import plural, show_json
from paletteai_components.cli.reading import reading
from paletteai_components.cli.selection import Choice, chosen_from
from paletteai_components.diagnostics import StackFileError, escaped
from paletteai_components.errors import UserError
from paletteai_components.listing import listed
from paletteai_components.redaction import named

if TYPE_CHECKING:
    from paletteai_components.kube.api_server import ApiServer
    from paletteai_components.kube.crds import Crds
    from paletteai_components.kube.layout import Layout
    from paletteai_components.kube.palette_api import PaletteApi
    from paletteai_components.stacks.folder import StackFolder
    from paletteai_components.stacks.stack import Stack

_LISTED = 10
_VERSION, _FIELDS = "paletteai:apiVersion", "paletteai:vendorFields"


@click.command("crds", cls=Command)
@click.argument("sources", metavar="[FILE|DIR|-]...", nargs=-1, type=click.Path(path_type=Path))
@on_a_cluster
@click.option(
    "--env",
    "environments",
    multiple=True,
    metavar="ENV",
    shell_complete=completion.environments,
    help="Only the stacks of this environment.",
)
@click.option("--cluster", "clusters", multiple=True, metavar="NAME", help="Only the stacks for this cluster.")
@click.option("--write", is_flag=True, help="Write the best paths into the project file, Pulumi.yaml.")
@in_a_folder
@in_a_format("text", "json")
@click.pass_context
def command(
    ctx: click.Context,
    sources: tuple[Path, ...],
    context: str | None,
    kubeconfig: Path | None,
    environments: tuple[str, ...],
    clusters: tuple[str, ...],
    write: bool,
    folder: StackFolder,
    output_format: str,
) -> None:
    """Hold the fields that this package writes against the CRDs of a cluster.

    Each field fits, is not there, does not fit or needs more beside it. For a field whose path is
    assumed and wrong, the output names the likely paths, and the lines that set them.

    The paths are those of the project, and those of the stacks that set others: of all stacks with files, and of those
    for its context with a cluster.

    Without FILE the CRDs are read from the cluster of the kubeconfig; nothing is written there.
    """
    from paletteai_components.cli.output.layout import layouts_as_json, show_layouts
    from paletteai_components.kube.crds import crds_from
    from paletteai_components.kube.layout import layout_of

    if folder.unreadable:
        raise StackFileError(folder.unreadable)
    if sources and (context is not None or kubeconfig is not None):
        raise UserError(
            "`--context` and `--kubeconfig` are for a cluster instead of files, so nothing was compared.",
            "Leave out the files, or these options.",
        )
    api = _api_of(folder)
    server = None if sources else _server(kubeconfig, context)
    choice = Choice((), environments, clusters)
    stacks, notes = _stacks(folder, choice, server.context if server else None)
    groups = _groups(stacks, api)
    # What is written is the project's. Of chosen stacks, it is only of interest to those that it reaches.
    if all(each.sets for each in groups) and (write or not groups or not choice.is_narrow):
        groups.insert(0, _Group(api))
    crds = crds_from(*sources) if server is None else _crds_of(server, [each.api for each in groups])
    layouts = [layout_of(crds, each.api, each.stacks, each.sets) for each in groups]
    if not any(each.is_served for each in layouts):
        raise UserError(
            f"{escaped(crds.source)} has no CRD of Tenant, Project or Settings of the group of "
            f"`{named(api.api_version)}`, so nothing was compared.",
            "Write the cluster's CRDs to a file with `kubectl get crds -o yaml > crds.yaml`, or correct "
            "`paletteai:apiVersion`.",
        )
    if server is not None and not server.is_verified:
        notes.insert(0, "the certificate of the API server was not verified: the kubeconfig says so.")
    if output_format == "json":
        show_json(layouts_as_json(layouts, notes))
    else:
        show_layouts(layouts, folder.project, notes, is_written=write)
    if write:
        layouts = _written(layouts, crds, folder, err=output_format == "json")
    ctx.exit(int(not all(each.fits for each in layouts)))


def _api_of(folder: StackFolder) -> PaletteApi:
    """The vendor's API as the defaults of the project have it."""
    from paletteai_components.kube.palette_api import API_VERSION, PaletteApi

    defaults = folder.project.defaults if folder.project else {}
    version, fields = (defaults.get(key) for key in (_VERSION, _FIELDS))
    paths = {name: path for name, path in fields.items() if isinstance(path, str)} if isinstance(fields, dict) else {}
    return PaletteApi(version if isinstance(version, str) and version else API_VERSION, paths)


def _stacks(folder: StackFolder, choice: Choice, context: str | None) -> tuple[list[Stack], list[str]]:
    """The stacks whose paths are compared, and notes about others.

    Without a choice, those of another context than that of the cluster are for another cluster.
    """
    from paletteai_components.stacks.workspace import unread_stacks, workspace_from

    if not folder.path.is_dir():
        return [], []
    with reading(folder) as outcomes:
        workspace = workspace_from(folder, outcomes)
    every = [*workspace.stacks, *unread_stacks(workspace, folder)]
    chosen = chosen_from(every, choice, folder) if choice.is_narrow else {each.name for each in every}
    stacks = [each for each in every if each.name in chosen]
    notes = []
    # Without a usable tenant, what a file sets is not known either.
    if unread := sorted(each.name for each in stacks if each.spec is None):
        notes.append(f"`paletteai check` shows why what these stacks set could not be compared: {_names(unread)}.")
    elsewhere = [each for each in stacks if context and each.context not in (None, context) and not choice.is_narrow]
    if own := sorted(each.name for each in elsewhere if _sets(each)):
        what = f"these stacks are not for context `{named(context or '')}`"
        notes.append(f"{what}, so what they set themselves was not compared: {_names(own)}.")
    return [each for each in stacks if each.spec is not None and each not in elsewhere], notes


@dataclass(slots=True)
class _Group:
    """Stacks with one version and the same paths."""

    api: PaletteApi
    stacks: list[str] = field(default_factory=list)
    sets: tuple[str, ...] = ()
    """The keys that they set themselves."""


def _groups(stacks: Sequence[Stack], default: PaletteApi) -> list[_Group]:
    """The stacks by their versions and paths, those of the project first."""
    groups: dict[object, _Group] = {}
    for stack in sorted(stacks, key=lambda each: (bool(_sets(each)), each.name)):
        sets, api = _sets(stack), stack.api if _sets(stack) else default
        key = sets, api.api_version, tuple(sorted((api.fields or {}).items()))
        groups.setdefault(key, _Group(api, sets=sets)).stacks.append(stack.name)
    return list(groups.values())


def _sets(stack: Stack) -> tuple[str, ...]:
    """The keys that the file of a stack sets instead of the project's."""
    keys = (_VERSION, _FIELDS)
    return tuple(key for key in keys if stack.own_path(key.partition(":")[2]) is not None)


def _names(stacks: Sequence[str]) -> str:
    return listed((f"`{escaped(each)}`" for each in stacks), _LISTED)


def _server(kubeconfig: Path | None, context: str | None) -> ApiServer:
    from paletteai_components.kube.api_server import ApiServer, ClusterUnavailable

    try:
        return ApiServer(str(kubeconfig) if kubeconfig else None, context)
    except ClusterUnavailable as error:
        raise _unread(error) from None


def _crds_of(server: ApiServer, apis: Sequence[PaletteApi]) -> Crds:
    """The CRDs of a cluster, of every group that is written."""
    from paletteai_components.kube.api_server import ClusterUnavailable
    from paletteai_components.kube.crds import Crds
    from paletteai_components.kube.palette_api import KINDS

    groups = dict.fromkeys(each.api_version.rpartition("/")[0] for each in apis)
    try:
        found = [server.crds(group, KINDS) for group in groups]
    except ClusterUnavailable as error:
        raise _unread(error) from None
    return Crds(server.name, {key: version for each in found for key, version in each.versions.items()})


def _unread(error: Exception) -> UserError:
    return UserError(
        f"the CRDs could not be read from the cluster: {error}.",
        "Name another one with `--context`, or a file: `kubectl get crds -o yaml > crds.yaml`.",
    )


def _written(layouts: Sequence[Layout], crds: Crds, folder: StackFolder, *, err: bool) -> list[Layout]:
    """Write what was found for the project into its file, and hold the fields against the CRDs again."""
    from paletteai_components.cli.files import edit
    from paletteai_components.kube.layout import layout_of
    from paletteai_components.kube.palette_api import PaletteApi
    from paletteai_components.stacks.editor import with_vendor_fields

    layout = next(each for each in layouts if not each.sets)
    if not layout.found:
        click.echo("Nothing was found to write.", err=err)
        return list(layouts)
    project = folder.project
    if project is None:
        raise UserError("no Pulumi project was found, so nothing was written.", "Run the command in the project.")
    if project.diagnostics:
        raise StackFileError(project.diagnostics)
    unclear = [each.name for each in layout.fields if each.is_ambiguous]
    if unclear:
        names = ", ".join(f"`{each}`" for each in unclear)
        raise UserError(
            f"two paths are equally likely for {names}, so {project.file} was left unchanged.",
            "Choose one of them, and set it in `paletteai:vendorFields`.",
        )
    api = PaletteApi(layout.api.api_version, layout.replaced)
    for name in layout.found:
        if rival := api.rival_of(name):
            raise UserError(
                f"the paths of `{name}` and `{rival}` overlap, so {project.file} was left unchanged.",
                "Set the right ones in `paletteai:vendorFields`.",
            )
    found = {name: str(path) for name, path in layout.found.items()}
    edit(project.document, lambda old: with_vendor_fields(old, project, found))
    click.echo(f"Wrote {plural(len(found), 'path')} to {escaped(str(project.file))}.", err=err)
    if plausible := [each.name for each in layout.fields if each.candidates and not each.candidates[0].is_certain]:
        names = ", ".join(f"`{each}`" for each in plausible)
        click.echo(f"Only plausible: {names}. Compare the paths with the vendor's documentation.", err=err)
    if own := sorted(name for each in layouts if _FIELDS in each.sets for name in each.stacks):
        click.echo(
            f"It has no effect for these stacks, whose files have their own `{_FIELDS}`: {_names(own)}.", err=err
        )
    return [
        each
        if _FIELDS in each.sets
        else layout_of(crds, PaletteApi(each.api.api_version, api.fields), each.stacks, each.sets)
        for each in layouts
    ]
