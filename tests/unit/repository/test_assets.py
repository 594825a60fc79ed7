"""The script that finds or builds the programs of a test control plane, with a `go` that only pretends."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path

import pytest
from support.checkout import TESTS

CLUSTER = TESTS / "support" / "cluster"
SCRIPT = CLUSTER / "assets.sh"
PROGRAMS = ("etcd", "kube-apiserver", "kube-controller-manager")
BASH = shutil.which("bash") or "/bin/bash"
# All that the script runs besides go. The machine's PATH may have a go, or an etcd.
TOOLS = ("awk", "bash", "cat", "cksum", "date", "dirname", "head", "ln", "mkdir", "mktemp", "mv", "rm", "sleep", "sort")

# Writes what it would have built of its arguments, and what it was told by the environment.
GO = f"""\
#!{BASH}
case $1 in
  env)
    for name in "${{@:2}}"; do
      case $name in
        GOVERSION) echo "go${{FAKE_GO:-9.0.0}}" ;;
        GOHOSTOS) echo linux ;;
        GOHOSTARCH) echo fake ;;
      esac
    done
    ;;
  build)
    echo "$*" >>"$FAKE_LOG"
    echo "noise of the build"
    while [[ $1 != -o ]]; do shift; done
    printf '%s\\n' "$GOFLAGS" "$CGO_ENABLED" "$GOWORK" "$GOOS/$GOARCH" >"$2"
    touch "$GOTMPDIR/work"
    if [[ -n ${{FAKE_SECONDS:-}} ]]; then sleep "$FAKE_SECONDS"; fi
    if [[ $3 == */"${{FAKE_FAILS:-none}}" ]]; then
      echo "it does not compile" >&2
      exit 2
    fi
    chmod +x "$2"
    ;;
esac
"""


def executable(file: Path, text: str = f"#!{BASH}\n") -> Path:
    """A program that does nothing, or what it is told."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(0o755)
    return file


class Machine:
    """A machine that has what the script runs, and what a test puts on it."""

    def __init__(self, folder: Path) -> None:
        """It has no go and none of the programs."""
        self.folder = folder
        self.cache = folder / "cache"
        self.log = folder / "log"
        self.environment = {
            "PATH": str(folder / "bin"),
            "PALETTEAI_TEST_ASSETS": str(self.cache),
            "FAKE_LOG": str(self.log),
        }
        for tool in (*TOOLS, "chmod", "touch"):
            found = shutil.which(tool)
            assert found is not None, tool
            link = folder / "bin" / tool
            link.parent.mkdir(exist_ok=True)
            link.symlink_to(found)

    def install_go(self) -> None:
        """Puts a go on PATH."""
        executable(self.folder / "bin/go", GO)

    def install(self, folder: str, programs: Iterable[str] = PROGRAMS) -> Path:
        """Puts programs into a folder."""
        for program in programs:
            executable(self.folder / folder / program)
        return self.folder / folder

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Starts the script."""
        return subprocess.Popen(
            [BASH, str(SCRIPT), *arguments],
            cwd=self.folder,
            env={**self.environment, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # What is ignored, as under nohup, a shell cannot trap.
            preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),
        )

    def fails(self, *arguments: str, code: int = 1, **environment: str) -> str:
        """What the script says that prints nothing and ends with a code."""
        with self.start(*arguments, **environment) as process:
            out, err = process.communicate(timeout=60)
        assert (process.returncode, out) == (code, ""), err
        return err

    def prints(self, *arguments: str, **environment: str) -> Path:
        """The folder that the script prints: one line, of a folder with the three programs."""
        with self.start(*arguments, **environment) as process:
            out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        (line,) = out.splitlines()
        folder = Path(line)
        assert folder.is_absolute()
        assert all(os.access(folder / program, os.X_OK) for program in PROGRAMS)
        return folder

    def builds(self) -> list[str]:
        """The packages that go was asked to build, in order."""
        return [line.rpartition(" ")[2] for line in self.log.read_text().splitlines()] if self.log.exists() else []

    def cached(self) -> set[str]:
        """The files of the cache."""
        return {file.name for file in self.cache.rglob("*") if not file.is_dir()}

    def leftovers(self) -> list[Path]:
        """What only a build that runs may have in the cache."""
        return [path for path in self.cache.rglob("*") if path.name.startswith(".")]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.fixture
def with_go(machine: Machine) -> Machine:
    machine.install_go()
    return machine


@pytest.mark.parametrize("arguments", [(), ("--find",)], ids=["build", "find"])
def test_a_folder_that_has_all_three_is_printed_as_it_is(with_go: Machine, arguments: tuple[str, ...]) -> None:
    folder = with_go.install("assets")
    assert with_go.prints(*arguments, KUBEBUILDER_ASSETS=str(folder)) == folder
    assert with_go.prints(*arguments, KUBEBUILDER_ASSETS="assets/") == folder
    assert not with_go.builds()
    assert not with_go.cache.exists()


@pytest.mark.parametrize("arguments", [(), ("--find",)], ids=["build", "find"])
def test_programs_on_path_are_found_without_go(machine: Machine, arguments: tuple[str, ...]) -> None:
    folder = machine.install("bin")
    assert machine.prints(*arguments) == folder
    assert machine.prints(*arguments, KUBEBUILDER_ASSETS=str(machine.folder / "nowhere")) == folder


def test_what_is_nowhere_is_built_once_and_then_found(with_go: Machine) -> None:
    folder = with_go.prints()
    assert folder.parent == with_go.cache
    assert with_go.builds() == [
        "go.etcd.io/etcd/server/v3",
        "k8s.io/kubernetes/cmd/kube-apiserver",
        "k8s.io/kubernetes/cmd/kube-controller-manager",
    ]
    assert with_go.cached() == set(PROGRAMS)
    assert with_go.prints() == folder
    assert with_go.prints("--find") == folder
    assert len(with_go.builds()) == 3


def test_find_never_builds_and_says_what_is_missing_in_one_line(with_go: Machine) -> None:
    (line,) = with_go.fails("--find", code=3).splitlines()
    assert "etcd, kube-apiserver, kube-controller-manager" in line
    assert "make assets" in line
    assert not with_go.builds()
    assert not with_go.cache.exists()


def test_a_missing_go_is_an_error_that_says_what_to_do(machine: Machine) -> None:
    machine.install("bin", ["etcd"])
    (line,) = machine.fails().splitlines()
    assert line.startswith("error: There is no working go on PATH, so kube-apiserver, kube-controller-manager cannot")
    assert "Install Go" in line
    assert "KUBEBUILDER_ASSETS" in line
    assert not machine.cache.exists()


def test_a_go_that_is_too_old_is_an_error_that_names_the_version_that_is_needed(with_go: Machine) -> None:
    said = with_go.fails(FAKE_GO="1.9.7")
    needed = re.search(r"^go (\S+)$", (CLUSTER / "modules/etcd/go.mod").read_text(), re.MULTILINE)
    assert needed is not None
    assert "go is version 1.9.7" in said
    assert f"Install Go {needed[1]} or newer" in said
    assert not with_go.builds()
    assert not with_go.leftovers()


def test_a_failing_build_keeps_what_was_built_and_nothing_half_done(with_go: Machine) -> None:
    said = with_go.fails(FAKE_FAILS="kube-apiserver")
    for each in ("it does not compile", "error: go could not build kube-apiserver v1.", "make assets"):
        assert each in said
    assert with_go.cached() == {"etcd"}
    assert not with_go.leftovers()
    with_go.prints()
    assert with_go.cached() == set(PROGRAMS)
    assert with_go.builds().count("go.etcd.io/etcd/server/v3") == 1


@pytest.mark.parametrize(("signum", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)])
def test_an_interrupted_build_leaves_nothing_behind(with_go: Machine, signum: signal.Signals, code: int) -> None:
    with with_go.start(FAKE_SECONDS="60") as process:
        until = time.monotonic() + 30
        while "work" not in with_go.cached() and time.monotonic() < until:
            time.sleep(0.01)
        process.send_signal(signum)
        # Its output ends only when the build has ended, too.
        out, _ = process.communicate(timeout=30)
    assert (process.returncode, out) == (code, "")
    assert not with_go.leftovers()
    assert not with_go.cached()


@pytest.mark.parametrize("module", ["etcd", "kubernetes"])
def test_a_module_is_pinned_to_published_versions(module: str) -> None:
    folder = CLUSTER / "modules" / module
    text = (folder / "go.mod").read_text()
    replaced = re.findall(r"^(?:replace)?\s*(\S+)(?: v\S+)? => (.+)$", text, re.MULTILINE)
    assert text.count("=>") == len(replaced)
    assert all(re.fullmatch(r"[a-z][\w.]*\.\w+/\S+ v\d+\.\d+\.\d+", target) for _, target in replaced)
    assert (folder / "go.sum").stat().st_size


def test_the_parts_of_kubernetes_are_of_the_version_that_is_built() -> None:
    text = (CLUSTER / "modules/kubernetes/go.mod").read_text()
    (version,) = re.findall(r"^\s*(?:require )?k8s\.io/kubernetes v1\.(\S+)", text, re.MULTILINE)
    parts = re.findall(r"^\s*(k8s\.io/\S+) => (\S+) (\S+)$", text, re.MULTILINE)
    assert len(parts) > 20
    assert parts == [(name, name, f"v0.{version}") for name, _, _ in parts]
