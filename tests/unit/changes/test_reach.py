"""A reach: no stack is left out that a commit since the revision, or the work tree, declares otherwise.

Histories with merges are made up, and an oracle that knows neither git nor the package says what each commit declares.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.repository import GIT

from paletteai_components.changes.difference import difference_between
from paletteai_components.changes.history import history_since
from paletteai_components.changes.reach import Cause, Reach, reach_of
from paletteai_components.changes.revision import revision_named, workspace_at
from paletteai_components.stacks.folder import stack_folder
from paletteai_components.stacks.workspace import workspace_from

# Each starts some fifteen processes.
MOST = (settings.default.max_examples if settings.default else 100) // 4

STACKS = ("a.dev", "b.dev", "c.dev")
PROJECT = "Pulumi.yaml"

State = dict[str, str]
"""The content of every file of a commit, by its path."""


def stack_file(name: str, word: str, own: str, comment: str) -> str:
    override = f"  kubernetes:namespace: {own}\n" if own else ""
    return (
        f"# {comment}\nconfig:\n  kubernetes:context: dev\n{override}  paletteai:tenant: {{name: {name[0]}, "
        f"displayName: {word}, sharedClusterOnly: true, computeConfigRef: {{name: default}}}}\n"
    )


def project_file(default: str, comment: str) -> str:
    config = f"config: {{kubernetes:namespace: {{value: {default}}}}}\n" if default else ""
    return f"# {comment}\nname: paletteai\nruntime: python\nstackConfigDir: stacks\n{config}"


FIRST: State = {
    **{f"stacks/Pulumi.{name}.yaml": stack_file(name, "One", "", "x") for name in STACKS},
    PROJECT: project_file("one", "x"),
    "requirements.txt": "1\n",
    "README.md": "1\n",
}


@st.composite
def edits(draw: st.DrawFn) -> State:
    """Some files and their new contents; an empty one is deleted."""
    changed: State = {}
    comment = draw(st.sampled_from("xy"))
    for name in draw(st.sets(st.sampled_from(STACKS), max_size=2)):
        word, own = draw(st.sampled_from(["One", "Two"])), draw(st.sampled_from(["", "one", "two"]))
        gone = draw(st.integers(0, 7)) == 0
        changed[f"stacks/Pulumi.{name}.yaml"] = "" if gone else stack_file(name, word, own, comment)
    match draw(st.integers(0, 9)):
        case 0 | 1:
            changed[PROJECT] = project_file(draw(st.sampled_from(["", "one", "two"])), comment)
        case 2:
            changed["requirements.txt"] = f"{draw(st.integers(1, 2))}\n"
        case 3 | 4:
            changed["README.md"] = f"{draw(st.integers(1, 2))}\n"
    return changed


@dataclass
class Story:
    """Commits on a main branch, what is in the work tree, and the revision."""

    steps: list[tuple[int, list[State]]]
    """The commits on a branch that is merged, and how many commits before it the branch began; one commit and 0 for a
    commit on the main branch itself."""
    unsaved: State
    revision: int
    """How many commits of the main branch are after the revision; at most all of them."""
    main: list[State] = field(default_factory=lambda: [FIRST])
    """What each commit of the main branch has."""

    @property
    def now(self) -> State:
        """What is in the work tree."""
        return with_edits(self.main[-1], self.unsaved)


stories = st.builds(
    Story,
    st.lists(st.tuples(st.integers(0, 2), st.lists(edits(), min_size=1, max_size=2)), min_size=1, max_size=4),
    edits(),
    st.integers(0, 4),
)


def with_edits(state: State, changed: State) -> State:
    return {path: text for path, text in {**state, **changed}.items() if text}


_FOLDERS = count()


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A repository without a commit. Nobody's own configuration of git has a say."""
    if GIT is None:
        pytest.skip("needs git on PATH")
    folder = tmp_path_factory.mktemp("empty")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
        patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
        git(folder, "-c", "init.templateDir=", "init", "--quiet", "--initial-branch=main")
        yield folder


def git(folder: Path, *arguments: str, input: str = "") -> None:
    subprocess.run([str(GIT), *arguments], cwd=folder, input=input.encode(), capture_output=True, check=True)


def told(story: Story, folder: Path) -> list[set[tuple[str, str]]]:
    """Writes the repository of a story. Returns what each step touched: paths with what was there before and after."""
    stream: list[str] = []
    marks: list[int] = []
    number = count(1)

    def commit(state: State, *parents: int) -> int:
        mark = next(number)
        stream.append(f"commit refs/heads/main\nmark :{mark}\ncommitter x <x@example.com> {mark} +0000\ndata 1\nx\n")
        stream.extend(f"{word} :{parent}\n" for word, parent in zip(("from", "merge"), parents, strict=False))
        stream.append("deleteall\n")
        for path, text in state.items():
            stream.append(f"M 100644 inline {path}\ndata {len(text)}\n{text}\n")
        return mark

    touched: list[set[tuple[str, str]]] = [set()]
    marks.append(commit(FIRST))
    for back, changes in story.steps:
        before = story.main[-1]
        branch, mark = (before, marks[-1]) if back == 0 else (story.main[-back:][0], marks[-back:][0])
        merged, seen = before, set[tuple[str, str]]()
        for changed in changes if back else changes[:1]:
            after = with_edits(branch, changed)
            paths = {path for path in changed if branch.get(path) != after.get(path)}
            seen |= {(path, state.get(path, "")) for path in paths for state in (branch, after)}
            merged = with_edits(merged, {path: after.get(path, "") for path in paths})
            branch, mark = after, commit(after, mark)
        if back:
            seen |= {
                (path, state.get(path, ""))
                for path in merged.keys() | before.keys()
                for state in (merged, before)
                if merged.get(path) != before.get(path)
            }
            mark = commit(merged, marks[-1], mark)
        marks.append(mark)
        story.main.append(merged)
        touched.append(seen)
    git(folder, "fast-import", "--quiet", input="".join(stream))
    git(folder, "reset", "--quiet", "--hard", "main")
    for path, text in story.unsaved.items():
        (folder / path).unlink(missing_ok=True)
        if text:
            (folder / path).write_text(text)
    return touched


def deployed(stack: str, project: str) -> Any:
    """What Pulumi gets of a stack file beside a project file; None of no file."""
    if not stack:
        return None
    defaults = {key: entry["value"] for key, entry in (yaml.safe_load(project).get("config") or {}).items()}
    return {**defaults, **yaml.safe_load(stack)["config"]}


def reach(folder: Path, revision: str) -> Reach:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        found = stack_folder()
        now, at = workspace_from(found), revision_named(revision, found)
        return reach_of(now, difference_between(workspace_at(at, found, now), now), history_since(at, found))


def one(*changes: State, unsaved: State | None = None, revision: int = 4) -> Story:
    return Story([(0, [changed]) for changed in changes], unsaved or {}, revision)


A = "stacks/Pulumi.a.dev.yaml"


@settings(max_examples=MOST)
@given(stories)
@example(one({A: stack_file("a.dev", "Two", "", "x")}, {A: FIRST[A]}))
@example(one({PROJECT: project_file("two", "x")}, {PROJECT: project_file("one", "y")}))
@example(one({"requirements.txt": "2\n"}, {"requirements.txt": "1\n"}))
@example(one({A: ""}, {A: FIRST[A]}))
@example(one(unsaved={"requirements.txt": "2\n"}))
@example(one(unsaved={A: stack_file("a.dev", "One", "one", "y")}))
def test_a_stack_is_left_out_only_if_every_deployment_since_was_of_the_same(empty: Path, story: Story) -> None:
    folder = empty.parent / f"story-{next(_FOLDERS)}"
    shutil.copytree(empty, folder)
    touched = told(story, folder)
    back = min(story.revision, len(story.main) - 1)
    found = reach(folder, f"HEAD{'^' * back}")
    shutil.rmtree(folder)

    since, now = story.main[len(story.main) - 1 - back :], story.now
    everything = any(each["requirements.txt"] != now["requirements.txt"] for each in since)
    seen = {each for step in touched[len(story.main) - back :] for each in step}
    for name in STACKS:
        path = f"stacks/Pulumi.{name}.yaml"
        ours = deployed(now.get(path, ""), now[PROJECT])
        if ours is None:
            assert name not in found.reached
            was_there = any(path in state for state in since) or any(text for each, text in seen if each == path)
            assert (name in found.removed) == was_there
            continue
        otherwise = any(deployed(each.get(path, ""), each[PROJECT]) != ours for each in since)
        if everything or otherwise:
            assert name in found.reached, "a stack is left out that was another"
        files = {state.get(path, "") for state in since} | {text for each, text in seen if each == path} | {now[path]}
        projects = {state[PROJECT] for state in since} | {text for each, text in seen if each == PROJECT}
        perhaps = any(deployed(file, project) != ours for file in files for project in projects | {now[PROJECT]})
        program = everything or any(each == "requirements.txt" for each, _ in seen)
        if name in found.reached:
            assert perhaps or program, "a stack is reached that was always the same"
            assert (Cause.PROGRAM in {why.cause for why in found.reached[name]}) == program
