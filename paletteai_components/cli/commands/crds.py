"""`paletteai crds`: the vendor's fields, held against the CRDs of a cluster."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from paletteai_components.cli.folder import in_a_folder, in_a_format, on_a_cluster
from paletteai_components.cli.output.report import plural, show_json
from paletteai_components.cli.reading import reading
from paletteai_components.diagnostics import StackFileError, escaped
from paletteai_components.errors import UserError
from paletteai_components.listing import listed
from paletteai_components.redaction import named

if TYPE_CHECKING:
    from paletteai_components.kube.crds import Crds
    from paletteai_components.kube.layout import Layout
    from paletteai_components.kube.palette_api import PaletteApi
    from paletteai_components.stacks.folder import StackFolder

_LISTED = 10
_SET_BY_A_STACK = ("paletteai:apiVersion", "paletteai:vendorFields")


@click.command("crds")
@click.argument("sources", metavar="[FILE|DIR|-]...", nargs=-1, type=click.Path(path_type=Path))
@on_a_cluster
@click.option("--write", is_flag=True, help="Write the best paths into the project file, Pulumi.yaml.")
@in_a_folder
@in_a_format("text", "json")
@click.pass_context
def command(
    ctx: click.Context,
    sources: tuple[Path, ...],
    context: str | None,
    kubeconfig: Path | None,
    write: bool,
    folder: StackFolder,
    output_format: str,
) -> None:
    """Hold the fields that this package writes against the CRDs of a cluster.

    Each field fits, is not there, does not fit or needs more beside it. For a field whose path is
    assumed and wrong, the output names the likely paths, and the lines that set them.

    Without FILE the CRDs are read from the cluster of the kubeconfig; nothing is written there.
    """
    from paletteai_components.cli.output.layout import layout_as_json, show_layout
    from paletteai_components.kube.layout import layout_of

    if folder.unreadable:
        raise StackFileError(folder.unreadable)
    if sources and (context is not None or kubeconfig is not None):
        raise UserError(
            "`--context` and `--kubeconfig` are for a cluster instead of files, so nothing was compared.",
            "Leave out the files, or these options.",
        )
    api = _api_of(folder)
    crds, notes = _crds(sources, kubeconfig, context, api)
    layout = layout_of(crds, api)
    if not any(each.served or each.stored for each in layout.kinds):
        raise UserError(
            f"{escaped(crds.source)} has no CRD of Tenant, Project or Settings of the group of "
            f"`{named(api.api_version)}`, so nothing was compared.",
            "Write the cluster's CRDs to a file with `kubectl get crds -o yaml > crds.yaml`, or correct "
            "`paletteai:apiVersion`.",
        )
    notes += tuple(_notes(folder))
    if output_format == "json":
        show_json(layout_as_json(layout, notes))
    else:
        show_layout(layout, folder.project, notes, is_written=write)
    if write:
        layout = _written(layout, crds, folder, err=output_format == "json")
    ctx.exit(int(not layout.fits))


def _api_of(folder: StackFolder) -> PaletteApi:
    """The vendor's API as the defaults of the project have it."""
    from paletteai_components.kube.palette_api import API_VERSION, PaletteApi

    defaults = folder.project.defaults if folder.project else {}
    version, fields = (defaults.get(key) for key in _SET_BY_A_STACK)
    paths = {name: path for name, path in fields.items() if isinstance(path, str)} if isinstance(fields, dict) else {}
    return PaletteApi(version if isinstance(version, str) and version else API_VERSION, paths)


def _crds(
    sources: Sequence[Path], kubeconfig: Path | None, context: str | None, api: PaletteApi
) -> tuple[Crds, tuple[str, ...]]:
    """The CRDs of files or of a cluster, with what there is to know about their source."""
    from paletteai_components.kube.crds import crds_from

    if sources:
        return crds_from(*sources), ()
    from paletteai_components.kube.api_server import ApiServer, ClusterUnavailable
    from paletteai_components.kube.palette_api import KINDS

    try:
        server = ApiServer(str(kubeconfig) if kubeconfig else None, context)
        crds = server.crds(api.api_version.rpartition("/")[0], KINDS)
    except ClusterUnavailable as error:
        raise UserError(
            f"the CRDs could not be read from the cluster: {error}.",
            "Name another one with `--context`, or a file: `kubectl get crds -o yaml > crds.yaml`.",
        ) from None
    unverified = "the certificate of the API server was not verified: the kubeconfig says so."
    return crds, () if server.is_verified else (unverified,)


def _notes(folder: StackFolder) -> Iterator[str]:
    """What the defaults of the project do not reach."""
    from paletteai_components.pulumi_yaml.document import Document
    from paletteai_components.stacks.configuration import NAMESPACE, qualified

    name = folder.project.name if folder.project else NAMESPACE
    setting: dict[str, list[str]] = {key: [] for key in _SET_BY_A_STACK}
    with reading(folder) as outcomes:
        for path, outcome in outcomes:
            config = outcome.value.get("config") if isinstance(outcome, Document) else None
            for key in setting.keys() & {qualified(each, name) for each in config or () if isinstance(config, dict)}:
                setting[key].append(folder.stack_of(path.name) or path.name)
    for key, stacks in setting.items():
        if stacks:
            names = listed((f"`{escaped(each)}`" for each in sorted(stacks)), _LISTED)
            yield f"`{key}` is also in the file of stack {names}, where it replaces that of the project."


def _written(layout: Layout, crds: Crds, folder: StackFolder, *, err: bool) -> Layout:
    """Write what was found into the project file, and hold the fields against the CRDs again."""
    from paletteai_components.cli.files import edit
    from paletteai_components.kube.layout import layout_of
    from paletteai_components.kube.palette_api import PaletteApi
    from paletteai_components.stacks.editor import with_vendor_fields

    if not layout.found:
        click.echo("Nothing was found to write.", err=err)
        return layout
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
    return layout_of(crds, api)
