"""How the property tests run, the real API server and the real CLI that some tests need, and who runs where.

The properties are tested on a hundred examples, always the same ones, or on very many:
`pytest --hypothesis-profile=thorough --timeout=0`.
"""

from __future__ import annotations

import gc
import os
import shutil
import signal
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, is_hypothesis_test, settings
from support.cluster.control_plane import ControlPlane, MissingAssets, assets
from support.cluster.namespaces import empty
from support.cluster.vendor import Vendor
from support.projects import Project
from support.real import PULUMI, Real, RealProject
from support.wheel import Elsewhere, installed_wheel

import paletteai_components

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large)

settings.register_profile(
    "ci", derandomize=True, max_examples=100, deadline=None, database=None, suppress_health_check=_SLOW
)
settings.register_profile("thorough", max_examples=10_000, deadline=None, suppress_health_check=_SLOW)
settings.load_profile("ci")

# What traces the tests: of the main thread, and of those that it starts.
_TRACERS = pytest.StashKey[tuple[Any, Any]]()

# No test may ask the cluster of whoever runs it.
os.environ["KUBECONFIG"] = os.devnull

# A shell has what it starts in the background ignore SIGINT, and so would what the tests interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One worker more than there are cores: the one that has the tests on a cluster mostly waits."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Keeps on one worker what shares a file, a browser or a cluster."""
    from support.workers import Files

    return Files(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Brings the tests into an order, and measures no coverage of properties.

    Under coverage a property takes twice its time, and what only chance reaches is not held by a test.
    What forks comes first: a cluster leaves threads in a process, and where there are threads nothing is forked. Then
    comes what waits for a cluster, then the files with the most tests, so that nobody waits for one in the end.
    """
    sizes = Counter(item.path for item in items)

    def rank(item: pytest.Item) -> tuple[bool, bool, int]:
        forks = "several" in getattr(item, "fixturenames", ())
        return not forks, not item.get_closest_marker("cluster"), -sizes[item.path]

    items.sort(key=rank)
    for item in items:
        if is_hypothesis_test(getattr(item, "obj", None)):
            item.add_marker(pytest.mark.untraced)


@contextmanager
def _tracers(main: Any, threads: Any) -> Iterator[tuple[Any, Any]]:
    """Other tracers for a while: of this thread, and of those that it starts."""
    before = sys.gettrace(), threading.gettrace()
    sys.settrace(main)
    threading.settrace(threads)
    try:
        yield before
    finally:
        sys.settrace(before[0])
        threading.settrace(before[1])


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Traces how the package is imported, and nothing else of what happens before the tests run.

    What is there by then stays to the end, so the garbage collector need not look through it during the tests.
    """
    if sys.gettrace():
        for module in walk_packages(paletteai_components.__path__, "paletteai_components."):
            if not module.name.endswith("__main__"):
                import_module(module.name)
    gc.disable()
    try:
        with _tracers(None, None):
            return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtestloop(session: pytest.Session) -> Iterator[None]:
    """Traces nothing between the tests."""
    with _tracers(None, None) as session.config.stash[_TRACERS]:
        return (yield)


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_setup(item: pytest.Function) -> Iterator[None]:
    """Skips a test that needs the real CLI where there is none, before a cluster is started for it."""
    if "real" in item.fixturenames and item.get_closest_marker("engine") and PULUMI is None:
        pytest.skip("needs pulumi on PATH")
    with _tracers(*item.config.stash[_TRACERS]):
        return (yield)


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Runs what is marked `untraced` without a tracer. Under `no_cover` of pytest-cov, none would come back."""
    with _tracers(*(None, None) if item.get_closest_marker("untraced") else item.config.stash[_TRACERS]):
        return (yield)


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    with _tracers(*item.config.stash[_TRACERS]):
        return (yield)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says in one line what was skipped. What is skipped says what it needs: `needs pulumi on PATH`."""
    reasons = Counter(
        report.longrepr[2].removeprefix("Skipped: ")
        for report in terminalreporter.getreports("skipped")
        if isinstance(report.longrepr, tuple)
    )
    if reasons:
        each = (
            f"{number} {reason if number == 1 else reason.replace('needs', 'need', 1)}"
            for reason, number in reasons.most_common()
        )
        terminalreporter.write_line(f"{reasons.total()} skipped: {'; '.join(each)} (see CONTRIBUTING.md)")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project without stack files, whose folder is the working directory."""
    return Project(tmp_path, monkeypatch)


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder where the built wheel is installed, the same for all workers."""
    base = tmp_path_factory.getbasetemp()
    return installed_wheel(base.parent if "PYTEST_XDIST_WORKER" in os.environ else base)


@pytest.fixture
def elsewhere(wheel: Path, tmp_path: Path) -> Elsewhere:
    """An empty folder with a fresh HOME, where nothing but the installed wheel is there of this project."""
    return Elsewhere(wheel, tmp_path / "empty", tmp_path / "fresh-home")


@pytest.fixture
def asking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody is there to be asked."""
    monkeypatch.setattr("paletteai_components.cli.environment._can_ask", lambda: True)


@pytest.fixture(scope="session")
def programs() -> Path:
    """The folder with the programs of a control plane. Tests are skipped without them, unless they were promised."""
    try:
        return assets()
    except MissingAssets as error:
        if os.environ.get("KUBEBUILDER_ASSETS"):
            pytest.fail(str(error))
        pytest.skip("needs the programs of a control plane: make assets")


@pytest.fixture(scope="session")
def control_plane(programs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """The one control plane of this process, and of all workers where there is no real CLI."""
    if PULUMI is None and "PYTEST_XDIST_WORKER" in os.environ:
        # The folder of the run. Were tests no longer kept together, nothing else would tell.
        (tmp_path_factory.getbasetemp().parent / "control-plane").touch(exist_ok=False)
    control_plane = ControlPlane(programs, tmp_path_factory.mktemp("cluster"))
    try:
        control_plane.start()
        yield control_plane
    finally:
        control_plane.stop()


@pytest.fixture(scope="session")
def vendor(control_plane: ControlPlane) -> Iterator[Vendor]:
    """The vendor's kinds, admission and controllers on the cluster."""
    with Vendor(control_plane) as vendor:
        yield vendor


@pytest.fixture(scope="session")
def cluster(control_plane: ControlPlane, vendor: Vendor) -> ControlPlane:
    """The cluster with the vendor's part. Tests of other modules may have left something in it."""
    return control_plane


@pytest.fixture(scope="module")
def fresh_cluster(cluster: ControlPlane, vendor: Vendor) -> ControlPlane:
    """The same, with nothing left in it."""
    vendor.install()
    empty(cluster)
    return cluster


@pytest.fixture
def emptied(cluster: ControlPlane) -> None:
    """Nothing is left on the cluster by the test before."""
    empty(cluster)


@pytest.fixture
def real(fresh_cluster: ControlPlane, tmp_path: Path) -> Real:
    """Makes a project for the real CLI."""
    return lambda program=None: RealProject(tmp_path, fresh_cluster, program)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A Chromium. Tests are skipped without one, unless it was promised."""
    promised = os.environ.get("PALETTEAI_CHROMIUM")
    chromium = promised or shutil.which("chromium")
    if chromium is None:
        pytest.skip("needs chromium on PATH")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        arguments = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        try:
            yield browser
        finally:
            browser.close()
