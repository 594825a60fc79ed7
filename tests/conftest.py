"""How the property tests run, and the real API server and the real CLI that some tests need.

The properties are tested on a few hundred examples, always the same ones, or on very many:
`pytest --hypothesis-profile=thorough --timeout=0`.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from support.cluster.control_plane import ControlPlane, MissingAssets, assets
from support.cluster.vendor import Vendor
from support.real import PULUMI, RealProject

_SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large)

settings.register_profile(
    "ci", derandomize=True, max_examples=200, deadline=None, database=None, suppress_health_check=_SLOW
)
settings.register_profile("thorough", max_examples=10_000, deadline=None, suppress_health_check=_SLOW)
settings.load_profile("ci")

# No test may ask the cluster of whoever runs it.
os.environ["KUBECONFIG"] = os.devnull

# A shell has what it starts in the background ignore SIGINT, and so would what the tests interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Function) -> None:
    """Skips a test that needs the real CLI where there is none, before a cluster is started for it."""
    if "real" in item.fixturenames and item.get_closest_marker("engine") and PULUMI is None:
        pytest.skip("there is no pulumi on PATH")


@pytest.fixture
def asking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody is there to be asked."""
    monkeypatch.setattr("paletteai_components.cli.environment._asks", lambda: True)


@pytest.fixture(scope="session")
def programs() -> Path:
    """The folder with the programs of a control plane. Tests are skipped without them, unless they were promised."""
    try:
        return assets()
    except MissingAssets as error:
        if os.environ.get("KUBEBUILDER_ASSETS"):
            pytest.fail(str(error))
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def bare_cluster(programs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A cluster that knows nothing of PaletteAI, for the tests of one module."""
    cluster = ControlPlane(programs, tmp_path_factory.mktemp("cluster"))
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture(scope="module")
def vendor(bare_cluster: ControlPlane) -> Iterator[Vendor]:
    """The vendor's kinds, admission and controllers on the cluster."""
    with Vendor(bare_cluster) as vendor:
        yield vendor


@pytest.fixture(scope="module")
def cluster(bare_cluster: ControlPlane, vendor: Vendor) -> ControlPlane:
    """A cluster with the vendor's part, for the tests of one module."""
    return bare_cluster


@pytest.fixture
def real(cluster: ControlPlane, tmp_path: Path) -> Callable[..., RealProject]:
    """Makes a project for the real CLI."""
    return lambda program=None: RealProject(tmp_path, cluster, program)
