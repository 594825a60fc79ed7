"""Which part of a pull request a preview takes: stack files, as data, and nothing that makes Pulumi do more."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
from support.ci_scripts import Ran, run_ci
from support.repository import PLAIN

from paletteai_components.ci import checkout
from paletteai_components.pulumi_yaml.document import document_from

REF = "refs/pull/7/head"
DEV = "stacks/Pulumi.acme.dev.yaml"
PROD = "stacks/Pulumi.acme.prod.yaml"
STACK = """\
# A comment.
config:
  kubernetes:context: dev
  kubernetes:namespace: fleet
  paletteai:tenant: {name: acme, projects: [{name: vision}]}
environment: [fleet/dev]
encryptionsalt: v1:salt
"""

PROJECT = "name: paletteai\nstackConfigDir: stacks\n"


class PullRequest:
    """A pull request that has no change yet, on a server, and a checkout of its main branch."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Main has two stacks and a program."""
        self.server, self.checkout = folder / "server", folder / "checkout"
        self._monkeypatch = monkeypatch
        self.server.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")
        for path, text in {DEV: STACK, PROD: STACK.replace("dev", "prod"), "Pulumi.yaml": PROJECT}.items():
            self.write(path, text)
        self.write("program.py", "print('main')\n")
        self.commit()
        self.git("checkout", "--quiet", "-b", "change")

    def write(self, path: str, text: str) -> Path:
        """Write a file on the server."""
        file = self.server / path
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
        return file

    def commit(self) -> str:
        """Commit what was written, and return the commit."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "change")
        return self.git("rev-parse", "HEAD")

    def on_main(self, path: str, text: str = "", leads_to: str = "", renamed: str = "") -> None:
        """Commit a file, or a link, to main."""
        self.git("checkout", "--quiet", "main")
        if renamed:
            (self.server / path).unlink()
            path = renamed
        if leads_to:
            (self.server / path).symlink_to(leads_to)
        else:
            self.write(path, text)
        self.commit()
        self.git("checkout", "--quiet", "change")

    def follow_main(self) -> None:
        """Start the change from main as it is now."""
        self.git("reset", "--quiet", "--hard", "main")

    def opened(self) -> str:
        """Commit what was written, open the pull request with it, clone main, and return the commit."""
        commit = self.commit()
        self.git("update-ref", REF, commit)
        self.git("clone", "--quiet", "--branch=main", str(self.server), str(self.checkout))
        return commit

    def changes(self) -> list[str]:
        """What is different in the checkout."""
        return self.git("status", "--porcelain", at=self.checkout).split("\n")

    def take(self, *arguments: str) -> Ran:
        """Run the command in the checkout."""
        self._monkeypatch.chdir(self.checkout)
        return run_ci("checkout", *arguments)

    def taken(self) -> Ran:
        """Open the pull request, and take its stack files."""
        return self.take(REF, self.opened())

    def refused(self, ran: Ran | None = None) -> str:
        """Why nothing at all was taken."""
        ran = ran or self.taken()
        assert (ran.code, ran.out, self.changes()) == (2, "", [""])
        return ran.err.splitlines()[0]

    def git(self, *arguments: str, at: Path | None = None) -> str:
        """What git prints, on the server if nothing else is said."""
        done = subprocess.run(
            ["git", *PLAIN, *arguments], cwd=at or self.server, check=True, capture_output=True, text=True
        )
        return done.stdout.rstrip()


@pytest.fixture
def pull(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PullRequest:
    """A pull request, under nobody's settings of git."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, os.devnull)
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "acme")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "acme@example.invalid")
    return PullRequest(tmp_path, monkeypatch)


def value(path: Path) -> object:
    """What Pulumi would read in a file."""
    return document_from(path.read_bytes(), str(path)).value


# --- What is taken ----------------------------------------------------------------------------------------------


def test_only_the_stack_files_that_change_are_taken(pull: PullRequest) -> None:
    changed = STACK.replace("vision", "lab")
    pull.write(DEV, changed)
    pull.write("stacks/Pulumi.globex.dev.yaml", changed.replace("acme", "globex"))
    others = ("stacks/notes.txt", "stacks/Pulumi.a\nb.yaml", "stacks/deeper/Pulumi.x.dev.yaml")
    for path in ("program.py", "Pulumi.yaml", "requirements.txt", *others):
        (pull.server / path).parent.mkdir(exist_ok=True)
        pull.write(path, "import evil\n")
    assert pull.taken() == Ran(0, "acme.dev\nglobex.dev\n", "")
    assert pull.changes() == [f" M {DEV}", "?? stacks/Pulumi.globex.dev.yaml"]
    assert value(pull.checkout / DEV) == document_from(changed.encode(), "").value


def test_a_stack_file_is_written_anew_from_what_was_read(pull: PullRequest) -> None:
    pull.write(DEV, STACK.replace("{name: vision}", "&p {name: vision}, {<<: *p, displayName: 0x1F}"))
    assert pull.taken().code == 0
    text = (pull.checkout / DEV).read_text()
    assert text.startswith("{\n")
    assert not set("&*#") & set(text)
    assert '"displayName": 31' in text


@pytest.mark.parametrize(
    "written", [r"\U0001F600", r"\t\\\"", r"é \xe9", "line\\n\\n two", r"\ufffd\xa0e\u0301", r"a: b # c"]
)
def test_no_character_is_changed_on_the_way(written: str, pull: PullRequest) -> None:
    changed = STACK.replace("vision}", f'vision, displayName: "{written}"}}')
    pull.write(DEV, changed)
    assert pull.taken().code == 0
    assert value(pull.checkout / DEV) == document_from(changed.encode(), "").value


def test_a_stack_file_that_goes_is_gone_and_no_stack_to_preview(pull: PullRequest) -> None:
    (pull.server / DEV).unlink()
    assert pull.taken() == Ran(0, "", "")
    assert pull.changes() == [f" D {DEV}"]


def test_what_main_has_got_since_stays(pull: PullRequest) -> None:
    pull.on_main(PROD, STACK.replace("vision", "robotics"))
    pull.write(DEV, STACK.replace("vision", "lab"))
    assert pull.taken().out == "acme.dev\n"
    assert pull.changes() == [f" M {DEV}"]


def test_a_pull_request_that_conflicts_is_not_taken(pull: PullRequest) -> None:
    pull.on_main(DEV, STACK.replace("vision", "robotics"))
    pull.write(DEV, STACK.replace("vision", "lab"))
    assert "conflicts with the branch" in pull.refused()


def test_a_commit_that_is_not_the_newest_is_not_taken(pull: PullRequest) -> None:
    read = pull.commit()
    pull.write(DEV, STACK.replace("vision", "evil"))
    newest = pull.opened()
    assert f"is at {newest[:12]}, not at {read[:12]}" in pull.refused(pull.take(REF, read))


# --- What is refused --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("leads_to", ["../Pulumi.yaml", "Pulumi.acme.prod.yaml", "/etc/passwd"])
def test_a_link_is_refused(leads_to: str, pull: PullRequest) -> None:
    pull.write(PROD, STACK.replace("dev", "prod").replace("vision", "lab"))
    (pull.server / DEV).unlink()
    (pull.server / DEV).symlink_to(leads_to)
    assert "is a link, a program or a folder" in pull.refused()


def test_a_program_is_refused(pull: PullRequest) -> None:
    (pull.server / DEV).chmod(0o755)
    assert "is a link, a program or a folder" in pull.refused()


def test_a_folder_is_refused(pull: PullRequest) -> None:
    (pull.server / "stacks" / "Pulumi.new.dev.yaml").mkdir()
    pull.write("stacks/Pulumi.new.dev.yaml/file", "")
    assert "is a link, a program or a folder" in pull.refused()


@pytest.mark.parametrize(
    "name", ["a b", "-x.dev", "x;y", "é", "a" * 101, "x.dev.", "##[error]x.dev", "##[group]x", "a\u202eb.dev"]
)
def test_a_name_that_is_no_stacks_is_refused_and_no_command_to_the_server(name: str, pull: PullRequest) -> None:
    pull.write(f"stacks/Pulumi.{name}.yaml", STACK)
    told = pull.refused()
    assert "does not have the name of a stack file" in told
    assert told.startswith("error:")
    assert "##" not in told
    assert told.isprintable()


@pytest.mark.parametrize(
    ("key", "written"),
    [
        ("kubernetes:kubeconfig", "config: {'kubernetes:kubeconfig': '{users: [{user: {exec: {command: sh}}}]}'}"),
        ("kubernetes:config:kubeconfig", "config: {'kubernetes:config:kubeconfig': x}"),
        ("kubernetes:context", "config: {'kubernetes:context': {secure: x}}"),
        ("kubernetes:namespace", "config: {'kubernetes:namespace': kube-system}"),
        ("pulumi:disable-default-providers", "config: {'pulumi:disable-default-providers': ['*']}"),
        ("kubernetes:kubeconfig", "config: {'paletteai:x': &b {'kubernetes:kubeconfig': x}, <<: *b}"),
        ("base", "base: &b {'kubernetes:kubeconfig': x}\nconfig: {<<: *b}"),
        ("kubernetes:kubeconfig", r'config: {"kubernetes\u003akubeconfig": x}'),
        ("environment", "environment: {values: {environmentVariables: {LD_PRELOAD: x}}}\nconfig: {}"),
        ("environment", "environment: [fleet/prod]\nconfig: {}"),
        ("secretsprovider", "secretsprovider: hashivault://x\nconfig: {}"),
        ("encryptionsalt", "encryptionsalt: {x: y}\nconfig: {}"),
        ("config", "config: [x]"),
        ("paletteai:tenant", "config: {'paletteai:tenant': {extraSpec: {a: [{note: {secure: x}}]}}}"),
        ("tenant", "config: {tenant: {extraSpec: {secure: x}}}"),
        ("paletteai:integrations", "config: {'paletteai:integrations': {shared: {tenant: {secure: x}}}}"),
        ("paletteai:integrations", "config: {'paletteai:integrations': {secure: x}}"),
        ("paletteai:integrations", "config: {'paletteai:integrations': [{apiKey: {secure: x}}]}"),
        ("paletteai:config:integrations", "config: {'paletteai:config:integrations': {shared: {apiKey: {secure: x}}}}"),
        ("backend", "backend: {url: https://evil.invalid}\nconfig: {}"),
    ],
)
def test_what_makes_pulumi_do_more_than_describe_a_tenant_is_refused(key: str, written: str, pull: PullRequest) -> None:
    pull.write(PROD, STACK.replace("dev", "prod").replace("vision", "lab"))
    pull.write(DEV, written)
    assert f"{DEV} has a value for `{key}` that no stack" in pull.refused()


def test_the_refusal_names_the_key_and_not_its_value(pull: PullRequest) -> None:
    pull.write(DEV, STACK + "secretsprovider: hashivault://CANARY\n")
    told = pull.refused()
    assert "`secretsprovider` that no stack of environment `dev` has on the branch" in told
    assert "CANARY" not in told


@pytest.mark.parametrize(
    "written",
    [
        STACK.replace("context: dev", "context: other"),
        STACK.replace("v1:salt", "v1:another"),
        STACK + "encryptedkey: abc\n",
        STACK.replace("kubernetes:namespace", "unqualified: x\n  kubernetes:namespace"),
        "config: {'paletteai:tenant': {name: acme}}\n",
        "config: {'paletteai:integrations': {shared: {tenant: x, apiKey: {secure: y}}, odd: 1}}\n",
    ],
)
def test_what_only_describes_a_tenant_is_free(written: str, pull: PullRequest) -> None:
    pull.write(DEV, written)
    assert pull.taken() == Ran(0, "acme.dev\n", "")


def test_a_new_stack_may_have_what_another_of_its_environment_has(pull: PullRequest) -> None:
    pull.write("stacks/Pulumi.globex.dev.yaml", STACK)
    assert pull.taken() == Ran(0, "globex.dev\n", "")


def test_one_and_true_are_not_the_same(pull: PullRequest) -> None:
    pull.on_main("stacks/Pulumi.globex.dev.yaml", STACK.replace("namespace: fleet", "namespace: 1"))
    pull.write(DEV, STACK.replace("namespace: fleet", "namespace: true"))
    assert "`kubernetes:namespace`" in pull.refused()


def test_a_file_that_is_no_stack_file_is_refused_with_its_problems(pull: PullRequest) -> None:
    pull.write(DEV, "config: {a: b\n")
    assert re.match(rf"{re.escape(DEV)}:\d+: error PAI012: ", pull.refused())


@pytest.mark.parametrize(
    "character",
    [r"\n", r"\r", r"\t", r"\e", r"\0", r"\x7f", r"\x85", r"\u2028", r"\u2029", r"\u202e", r"\u200b", r"\ufeff"],
)
def test_a_key_with_a_character_that_steers_what_is_shown_is_refused(character: str, pull: PullRequest) -> None:
    pull.write(DEV, STACK.replace("vision}", f'vision, extraSpec: {{"a{character}::error::x": 1}}}}'))
    ran = pull.taken()
    assert "the character \\" in pull.refused(ran)
    assert ran.err.startswith(f"error: {DEV}:5: ")
    assert ran.err.count("\n") == 2


@pytest.mark.parametrize("character", [r"\r", r"\e", r"\0", r"\x85", r"\u2028", r"\u202e", r"\u200b", r"\ufeff"])
def test_a_value_with_a_character_that_steers_what_is_shown_is_refused(character: str, pull: PullRequest) -> None:
    pull.write(DEV, STACK.replace("vision}", f'vision, extraSpec: {{a: ["section_start:1:x{character}[0K"]}}}}'))
    assert "a key or value contains the character" in pull.refused()


def test_a_link_on_the_branch_does_not_lead_a_file_to_another_ones_place(pull: PullRequest) -> None:
    pull.on_main("stacks/Pulumi.linked.test.yaml", leads_to="Pulumi.acme.dev.yaml")
    pull.git("merge", "--quiet", "main")
    link = pull.server / "stacks/Pulumi.linked.test.yaml"
    link.unlink()
    link.write_text("config: {'paletteai:tenant': {name: linked}}\n")
    assert pull.taken() == Ran(0, "linked.test\n", "")
    assert not (pull.checkout / "stacks/Pulumi.linked.test.yaml").is_symlink()
    assert value(pull.checkout / DEV) == document_from(STACK.encode(), "").value


def test_more_files_than_are_read_in_time_are_not_even_read(pull: PullRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkout, "MOST_FILES", 20)
    for number in range(21):
        pull.write(f"stacks/Pulumi.s{number}.dev.yaml", "config: {a: b\n")
    ran = pull.taken()
    assert "changes more than 20 files" in pull.refused(ran)
    assert "PAI012" not in ran.err


@pytest.mark.parametrize(
    ("path", "text", "says"),
    [
        (DEV, f"config: {{'paletteai:x': {'x' * 1024 * 1024}}}\n", "is larger than"),
        (DEV, f"config:\n  paletteai:tenant:\n    ? {'x' * 2000}\n    : y\n", "changes when it is written again"),
        # Another environment has it.
        ("stacks/Pulumi.globex.dev.yaml", STACK.replace("fleet/dev", "fleet/prod"), "`environment`"),
    ],
    ids=["without bounds", "read in two ways", "of another environment"],
)
def test_what_is_wrong_with_a_file_is_told(path: str, text: str, says: str, pull: PullRequest) -> None:
    pull.write(path, text)
    assert says in pull.refused()


def test_a_broken_file_on_the_branch_allows_nothing_and_can_be_mended(pull: PullRequest) -> None:
    pull.on_main("stacks/Pulumi.globex.dev.yaml", "config: {a: b\n")
    pull.on_main("stacks/Pulumi.other.dev.yaml", STACK)
    pull.write("stacks/Pulumi.mended.dev.yaml", STACK)
    assert pull.taken().out == "mended.dev\n"


def test_a_link_on_the_branch_allows_nothing(pull: PullRequest) -> None:
    pull.on_main("stacks/Pulumi.linked.test.yaml", leads_to="Pulumi.acme.dev.yaml")
    pull.write("stacks/Pulumi.new.test.yaml", STACK)
    assert "that no stack of environment `test` has" in pull.refused()


@pytest.mark.parametrize(
    "arguments",
    [
        *((), (REF,), (REF, "main"), (REF, "0" * 39)),
        *((ref, "0" * 40) for ref in ("refs/heads/main", "refs/pull/7/head --upload-pack=evil")),
    ],
)
def test_a_wrong_call_is_told(arguments: tuple[str, ...], pull: PullRequest) -> None:
    pull.opened()
    told = pull.refused(pull.take(*arguments))
    assert ("lacks " if len(arguments) < 2 else "this is not the ref of a pull request") in told


def test_elsewhere_than_in_the_project_nothing_is_done(pull: PullRequest) -> None:
    commit = pull.opened()
    (pull.checkout / "Pulumi.yaml").unlink()
    assert "is not a checkout of the project" in pull.take(REF, commit).err


def test_what_git_says_is_told_in_one_line(pull: PullRequest) -> None:
    commit = pull.opened()
    ran = pull.take("refs/pull/8/head", commit)
    assert ran.err.count("\n") == 1
    assert "git failed, so nothing was copied: fatal: couldn't find remote ref" in pull.refused(ran)


def test_a_branch_without_a_common_past_is_told(pull: PullRequest) -> None:
    pull.opened()
    pull.git("checkout", "--quiet", "--orphan", "other")
    pull.write("program.py", "")
    commit = pull.commit()
    pull.git("update-ref", REF, commit)
    assert "unrelated histories" in pull.refused(pull.take(REF, commit))


# --- The token --------------------------------------------------------------------------------------------------


def test_git_gets_the_token_from_the_environment_and_nobody_sees_it_in_a_command(
    pull: PullRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[list[str]] = []
    run = subprocess.run

    def noted(command: list[str], **how: object) -> object:
        commands.append(command)
        return run(command, **how)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "run", noted)
    monkeypatch.setenv("GIT_TOKEN", "ghs_CANARY")
    commit = pull.opened()
    commands.clear()
    assert pull.take(REF, commit).code == 0
    assert "CANARY" not in str(commands)
    (fetch,) = (command for command in commands if "fetch" in command)
    filled = run(
        [*fetch[:3], "credential", "fill"],
        input="protocol=https\nhost=x\n\n",
        capture_output=True,
        text=True,
        check=True,
    )
    assert "username=x-access-token\npassword=ghs_CANARY\n" in filled.stdout


# --- Where the branch has its stack files ---------------------------------------------------------------------------


@pytest.mark.parametrize("extension", ["yaml", "yml"])
def test_stack_files_beside_the_project_file_are_taken_and_it_is_not(pull: PullRequest, extension: str) -> None:
    project, stack = f"Pulumi.{extension}", f"Pulumi.acme.dev.{extension}"
    pull.on_main("Pulumi.yaml", "name: paletteai\n", renamed=project)
    pull.on_main(stack, STACK)
    pull.follow_main()
    pull.write(stack, STACK.replace("vision", "lab"))
    pull.write(project, "name: other\nstackConfigDir: /etc\n")
    pull.write("Pulumi.json", "{}")
    ran = pull.taken()
    assert (ran.code, ran.out) == (0, "acme.dev\n"), ran.err
    assert pull.changes() == [f" M {stack}"]


def test_a_plain_key_has_the_namespace_of_the_project(pull: PullRequest) -> None:
    pull.on_main("Pulumi.yaml", PROJECT.replace("paletteai", "kubernetes"))
    pull.write(DEV, STACK.replace("config:\n", "config:\n  kubeconfig: '{users: [{user: {exec: {}}}]}'\n"))
    assert "has a value for `kubeconfig`" in pull.refused()


def test_a_folder_outside_of_the_checkout_is_refused(pull: PullRequest) -> None:
    pull.on_main("Pulumi.yaml", PROJECT.replace("stacks", "../elsewhere"))
    assert "outside of this checkout" in pull.refused()
