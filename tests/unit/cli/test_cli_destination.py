"""Where the output of a command goes, and in which format: `-o FILE`."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from support.projects import STACK, changed
from support.repository import Repository

# Each command with the files that it writes, and the option for the same on standard output.
WRITTEN = [
    ("check", "out.json", "json"),
    ("plan", "out.json", "json"),
    ("graph", "out.json", "json"),
    ("graph", "out.html", "html"),
    ("graph", "out.mmd", "mermaid"),
    ("diff HEAD", "out.json", "json"),
    ("diff HEAD", "out.md", "markdown"),
    ("diff acme.dev beta.dev", "out.json", "json"),
    ("diff acme.dev beta.dev", "out.md", "markdown"),
    ("schema", "out.json", None),
    ("render", "out.yaml", None),
    ("render", "out.yml", None),
]
COMMANDS = sorted({command for command, _, _ in WRITTEN})
# Others that begin like an output.
NOT_OURS = ["mine\n", "<!doctype html>\n<html>\n", "flowchart LR\n  a --> b\n", "{}", "\n", '{"problems": []}', "---\n"]


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    repository = Repository(tmp_path, monkeypatch)
    repository.declare()
    repository.stack()
    beta = STACK.replace("acme", "beta").replace("vision", "sight").replace("v1:", "v1:b").replace("9012", "9013")
    repository.stack(beta, "beta.dev")
    repository.commit()
    return repository


@pytest.mark.parametrize(("command", "file", "form"), WRITTEN)
def test_a_file_takes_what_is_printed_in_the_format_of_its_extension_and_may_be_written_again(
    repository: Repository, command: str, file: str, form: str | None
) -> None:
    for text in (STACK, changed("displayName: Acme", "displayName: Other")):
        repository.stack(text)
        result = repository.run(*command.split(), "-o", file)
        assert result.stdout.startswith(f"Wrote {file}, ")
        printed = repository.run(*command.split(), *(["--format", form] if form else []))
        # A page says when the files were changed that it shows.
        assert form == "html" or Path(file).read_text().removeprefix("# paletteai render\n") == printed.stdout
        assert result.exit_code == printed.exit_code


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("text", NOT_OURS)
def test_what_no_command_has_written_is_left_as_it_is(repository: Repository, command: str, text: str) -> None:
    Path("out").write_text(text)
    told = "error: out already exists and is not an earlier output, so it was left as it is.\n"
    assert repository.refused(*command.split(), "-o", "out").startswith(told)
    assert Path("out").read_text() == text


@pytest.mark.parametrize("command", COMMANDS)
def test_a_dash_is_standard_output(repository: Repository, command: str) -> None:
    assert repository.run(*command.split(), "-o", "-").stdout == repository.run(*command.split()).stdout
    assert not Path("-").exists()


@pytest.mark.parametrize("command", COMMANDS)
def test_a_link_is_not_followed(repository: Repository, command: str) -> None:
    Path("target").write_text("mine")
    Path("out").symlink_to("target")
    assert "out is a link, so nothing was written." in repository.refused(*command.split(), "-o", "out")
    assert Path("target").read_text() == "mine"


@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_of_pulumi_is_never_written(repository: Repository, command: str) -> None:
    before = repository.files()
    assert "is named like a file of Pulumi" in repository.refused(*command.split(), "-o", "stacks/Pulumi.new.dev.yaml")
    assert repository.files() == before


@pytest.mark.parametrize(
    ("command", "file", "instead"),
    [
        ("check", "out.html", "`.json`, `.sarif`, `.txt` or `.xml`"),
        ("graph", "out.md", "`.html`, `.json` or `.mmd`"),
        ("render", "out.json", "`.yaml` or `.yml`"),
        ("schema", "out.yaml", "`.json`"),
    ],
)
def test_a_format_that_a_command_lacks_is_refused(
    repository: Repository, command: str, file: str, instead: str
) -> None:
    assert repository.refused(command, "--output", file) == (
        f"error: the command `{command}` has no format for `{Path(file).suffix}`, so nothing was written.\n"
        f"  help: Name a file that ends in {instead}.\n"
    )
    assert not Path(file).exists()


def test_a_format_that_is_named_comes_before_the_extension(repository: Repository) -> None:
    repository.run("check", "--format", "json", "-o", "report.txt")
    assert list(json.loads(Path("report.txt").read_text())) == ["problems", "stacks"]


def test_a_file_has_no_colours_and_no_wrapped_lines(repository: Repository) -> None:
    repository.run("--color", "always", "plan", "-o", "plan.txt")
    assert Path("plan.txt").read_text() == repository.run("plan").stdout


def test_problems_are_written_and_still_fail_the_command(repository: Repository) -> None:
    repository.stack(changed("{palette: shared}", "{palette: nowhere}"))
    assert repository.run("check", "-o", "out.json").exit_code == 1
    assert json.loads(Path("out.json").read_text())["problems"][0]["code"] == "PAI005"


def test_a_command_that_prints_nothing_writes_nothing(repository: Repository) -> None:
    repository.run("render", "-o", "out.yaml")
    before = Path("out.yaml").read_bytes()
    repository.stack(changed("{palette: shared}", "{palette: nowhere}"))
    assert "nothing was rendered" in repository.refused("render", "-o", "out.yaml", code=1)
    assert Path("out.yaml").read_bytes() == before


def test_a_reason_for_a_reviewer_is_written_although_the_command_fails(repository: Repository) -> None:
    result = repository.run("diff", "nowhere", "-o", "comment.md")
    assert result.exit_code == 2
    assert "could not be compared" in Path("comment.md").read_text()


def test_secrets_and_manifests_do_not_go_to_two_files(repository: Repository) -> None:
    said = repository.refused("render", "--with-secrets", "a.yaml", "-o", "b.yaml")
    assert said.startswith("error: `--with-secrets` writes to a file of its own, so nothing was written.\n")
    assert not {"a.yaml", "b.yaml"} & set(os.listdir())
