"""Which part of a pull request a preview takes: stack files, as data, and nothing that makes Pulumi do more."""

from __future__ import annotations

import importlib
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from support.ci_scripts import CI, Ran

from paletteai_components.pulumi_yaml.document import document_from

# These are no part of the package.
pytestmark = pytest.mark.no_cover

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


class Repositories:
    """A repository on a server, with a pull request, and a checkout of its main branch."""

    def __init__(self, folder: Path) -> None:
        """Main has two stacks and a program."""
        self.server, self.checkout = folder / "server", folder / "checkout"
        self.server.mkdir()
        self._git("init", "--quiet", "--initial-branch=main")
        for path, text in {DEV: STACK, PROD: STACK.replace("dev", "prod"), "Pulumi.yaml": PROJECT}.items():
            self.write(path, text)
        self.write("program.py", "print('main')\n")
        self.commit()
        self._git("checkout", "--quiet", "-b", "change")

    def write(self, path: str, text: str) -> Path:
        """Write a file on the server."""
        file = self.server / path
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
        return file

    def commit(self) -> str:
        """Commit what was written, and return the commit."""
        self._git("add", "--all")
        self._git("commit", "--quiet", "--allow-empty", "--message", "change")
        return self._git("rev-parse", "HEAD")

    def on_main(self, path: str, text: str = "", leads_to: str = "", renamed: str = "") -> None:
        """Commit a file, or a link, to main."""
        self._git("checkout", "--quiet", "main")
        if renamed:
            (self.server / path).unlink()
            path = renamed
        if leads_to:
            (self.server / path).symlink_to(leads_to)
        else:
            self.write(path, text)
        self.commit()
        self._git("checkout", "--quiet", "change")

    def follow_main(self) -> None:
        """Start the change from main as it is now."""
        self._git("reset", "--quiet", "--hard", "main")

    def opened(self) -> str:
        """Commit what was written, open the pull request with it, clone main, and return the commit."""
        commit = self.commit()
        self._git("update-ref", REF, commit)
        self._git("clone", "--quiet", "--branch=main", str(self.server), str(self.checkout))
        return commit

    def changes(self) -> list[str]:
        """What is different in the checkout."""
        return self._git("status", "--porcelain", at=self.checkout).split("\n")

    def _git(self, *arguments: str, at: Path | None = None) -> str:
        done = subprocess.run(["git", *arguments], cwd=at or self.server, check=True, capture_output=True, text=True)
        return done.stdout.rstrip()


@pytest.fixture
def repositories(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repositories:
    """A pull request that has no change yet, under nobody's settings of git."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, os.devnull)
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "acme")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "acme@example.invalid")
    return Repositories(tmp_path)


@pytest.fixture
def take(
    repositories: Repositories, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Ran]:
    """Runs the script in the checkout."""
    monkeypatch.syspath_prepend(str(CI))
    script = importlib.import_module("checkout_stacks")

    def with_arguments(*arguments: str) -> Ran:
        monkeypatch.chdir(repositories.checkout)
        code = 0
        try:
            script.main(list(arguments))
        except SystemExit as ended:
            code = int(str(ended.code))
        out, err = capsys.readouterr()
        return Ran(code, out, err)

    return with_arguments


@pytest.fixture
def taken(repositories: Repositories, take: Callable[..., Ran]) -> Callable[[], Ran]:
    """Opens the pull request, and takes its stack files."""
    return lambda: take(REF, repositories.opened())


def value(path: Path) -> object:
    """What Pulumi would read in a file."""
    return document_from(path.read_bytes(), str(path)).value


# --- What is taken ----------------------------------------------------------------------------------------------


def test_only_the_stack_files_that_change_are_taken(repositories: Repositories, taken: Callable[[], Ran]) -> None:
    changed = STACK.replace("vision", "lab")
    repositories.write(DEV, changed)
    repositories.write("stacks/Pulumi.globex.dev.yaml", changed.replace("acme", "globex"))
    for path in (
        "program.py",
        "Pulumi.yaml",
        "stacks/notes.txt",
        "stacks/Pulumi.a\nb.yaml",
        "stacks/deeper/Pulumi.x.dev.yaml",
        "requirements.txt",
    ):
        (repositories.server / path).parent.mkdir(exist_ok=True)
        repositories.write(path, "import evil\n")
    assert taken() == Ran(0, "acme.dev\nglobex.dev\n", "")
    assert repositories.changes() == [f" M {DEV}", "?? stacks/Pulumi.globex.dev.yaml"]
    assert value(repositories.checkout / DEV) == document_from(changed.encode(), "").value


def test_a_stack_file_is_written_anew_from_what_was_read(repositories: Repositories, taken: Callable[[], Ran]) -> None:
    repositories.write(DEV, STACK.replace("{name: vision}", "&p {name: vision}, {<<: *p, displayName: 0x1F}"))
    assert taken().code == 0
    text = (repositories.checkout / DEV).read_text()
    assert text.startswith("{\n")
    assert not set("&*#") & set(text)
    assert '"displayName": 31' in text


@pytest.mark.parametrize(
    "written",
    [r"\U0001F600", r"\t\\\"", r"é \xe9", "line\\n\\n two", r"\ufffd\xa0e\u0301", r"a: b # c"],
)
def test_no_character_is_changed_on_the_way(written: str, repositories: Repositories, taken: Callable[[], Ran]) -> None:
    changed = STACK.replace("vision}", f'vision, displayName: "{written}"}}')
    repositories.write(DEV, changed)
    assert taken().code == 0
    assert value(repositories.checkout / DEV) == document_from(changed.encode(), "").value


def test_a_stack_file_that_goes_is_gone_and_no_stack_to_preview(
    repositories: Repositories, taken: Callable[[], Ran]
) -> None:
    (repositories.server / DEV).unlink()
    assert taken() == Ran(0, "", "")
    assert repositories.changes() == [f" D {DEV}"]


def test_what_main_has_got_since_stays(repositories: Repositories, taken: Callable[[], Ran]) -> None:
    repositories.on_main(PROD, STACK.replace("vision", "robotics"))
    repositories.write(DEV, STACK.replace("vision", "lab"))
    assert taken().out == "acme.dev\n"
    assert repositories.changes() == [f" M {DEV}"]


def test_a_pull_request_that_conflicts_is_not_taken(repositories: Repositories, taken: Callable[[], Ran]) -> None:
    repositories.on_main(DEV, STACK.replace("vision", "robotics"))
    repositories.write(DEV, STACK.replace("vision", "lab"))
    ran = taken()
    assert (ran.code, repositories.changes()) == (2, [""])
    assert "conflicts with the branch" in ran.err


def test_a_commit_that_is_not_the_newest_is_not_taken(repositories: Repositories, take: Callable[..., Ran]) -> None:
    read = repositories.commit()
    repositories.write(DEV, STACK.replace("vision", "evil"))
    newest = repositories.opened()
    ran = take(REF, read)
    assert (ran.code, repositories.changes()) == (2, [""])
    assert f"is at {newest[:12]}, not at {read[:12]}" in ran.err


# --- What is refused --------------------------------------------------------------------------------------------


def refused(repositories: Repositories, ran: Ran) -> str:
    """Why nothing at all was taken."""
    assert (ran.code, ran.out, repositories.changes()) == (2, "", [""])
    return ran.err.splitlines()[-1]


@pytest.mark.parametrize("leads_to", ["../Pulumi.yaml", "Pulumi.acme.prod.yaml", "/etc/passwd"])
def test_a_link_is_refused(leads_to: str, repositories: Repositories, taken: Callable[[], Ran]) -> None:
    repositories.write(PROD, STACK.replace("dev", "prod").replace("vision", "lab"))
    (repositories.server / DEV).unlink()
    (repositories.server / DEV).symlink_to(leads_to)
    assert "is a link, a program or a folder" in refused(repositories, taken())


def test_a_program_is_refused(repositories: Repositories, taken: Callable[[], Ran]) -> None:
    (repositories.server / DEV).chmod(0o755)
    assert "is a link, a program or a folder" in refused(repositories, taken())


def test_a_folder_is_refused(repositories: Repositories, taken: Callable[[], Ran]) -> None:
    (repositories.server / "stacks" / "Pulumi.new.dev.yaml").mkdir()
    repositories.write("stacks/Pulumi.new.dev.yaml/file", "")
    assert "is a link, a program or a folder" in refused(repositories, taken())


@pytest.mark.parametrize("name", ["a b", "-x.dev", "x;y", "é", "a" * 101, "x.dev."])
def test_a_name_that_is_no_stacks_is_refused(name: str, repositories: Repositories, taken: Callable[[], Ran]) -> None:
    repositories.write(f"stacks/Pulumi.{name}.yaml", STACK)
    told = refused(repositories, taken())
    assert "does not have the name of a stack file" in told
    assert told.startswith("error:")


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
def test_what_makes_pulumi_do_more_than_describe_a_tenant_is_refused(
    key: str, written: str, repositories: Repositories, taken: Callable[[], Ran]
) -> None:
    repositories.write(PROD, STACK.replace("dev", "prod").replace("vision", "lab"))
    repositories.write(DEV, written)
    assert f"{DEV} has a value for `{key}` that no stack" in refused(repositories, taken())


def test_the_refusal_names_the_key_and_not_its_value(repositories: Repositories, taken: Callable[[], Ran]) -> None:
    repositories.write(DEV, STACK + "secretsprovider: hashivault://CANARY\n")
    told = refused(repositories, taken())
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
def test_what_only_describes_a_tenant_is_free(
    written: str, repositories: Repositories, taken: Callable[[], Ran]
) -> None:
    repositories.write(DEV, written)
    assert taken() == Ran(0, "acme.dev\n", "")


def test_a_new_stack_may_have_what_another_of_its_environment_has(
    repositories: Repositories, taken: Callable[[], Ran]
) -> None:
    repositories.write("stacks/Pulumi.globex.dev.yaml", STACK)
    assert taken() == Ran(0, "globex.dev\n", "")


def test_a_new_stack_may_not_have_what_another_environment_has(
    repositories: Repositories, taken: Callable[[], Ran]
) -> None:
    repositories.write("stacks/Pulumi.globex.dev.yaml", STACK.replace("fleet/dev", "fleet/prod"))
    assert "`environment`" in refused(repositories, taken())


def test_one_and_true_are_not_the_same(repositories: Repositories, taken: Callable[[], Ran]) -> None:
    repositories.on_main("stacks/Pulumi.globex.dev.yaml", STACK.replace("namespace: fleet", "namespace: 1"))
    repositories.write(DEV, STACK.replace("namespace: fleet", "namespace: true"))
    assert "`kubernetes:namespace`" in refused(repositories, taken())


def test_a_file_that_is_no_stack_file_is_refused_with_its_problems(
    repositories: Repositories, taken: Callable[[], Ran]
) -> None:
    repositories.write(DEV, "config: {a: b\n")
    ran = taken()
    assert "cannot be read" in refused(repositories, ran)
    assert "PAI012" in ran.err


@pytest.mark.parametrize(
    "character",
    [r"\n", r"\r", r"\t", r"\e", r"\0", r"\x7f", r"\x85", r"\u2028", r"\u2029", r"\u202e", r"\u200b", r"\ufeff"],
)
def test_a_key_with_a_character_that_steers_what_is_shown_is_refused(
    character: str, repositories: Repositories, taken: Callable[[], Ran]
) -> None:
    repositories.write(DEV, STACK.replace("vision}", f'vision, extraSpec: {{"a{character}::error::x": 1}}}}'))
    ran = taken()
    assert "the character \\" in refused(repositories, ran)
    assert ran.err.startswith(f"error: {DEV}:5: ")
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize("character", [r"\r", r"\e", r"\0", r"\x85", r"\u2028", r"\u202e", r"\u200b", r"\ufeff"])
def test_a_value_with_a_character_that_steers_what_is_shown_is_refused(
    character: str, repositories: Repositories, taken: Callable[[], Ran]
) -> None:
    repositories.write(
        DEV, STACK.replace("vision}", f'vision, extraSpec: {{a: ["section_start:1:x{character}[0K"]}}}}')
    )
    assert "a key or value contains the character" in refused(repositories, taken())


@pytest.mark.parametrize("name", ["##[error]x.dev", "##[group]x", "a\u202eb.dev"])
def test_what_is_refused_is_never_a_command_to_the_server(
    name: str, repositories: Repositories, taken: Callable[[], Ran]
) -> None:
    repositories.write(f"stacks/Pulumi.{name}.yaml", STACK)
    told = refused(repositories, taken())
    assert "##" not in told
    assert told.isprintable()


def test_a_link_on_the_branch_does_not_lead_a_file_to_another_ones_place(
    repositories: Repositories, taken: Callable[[], Ran]
) -> None:
    repositories.on_main("stacks/Pulumi.linked.test.yaml", leads_to="Pulumi.acme.dev.yaml")
    subprocess.run(["git", "merge", "--quiet", "main"], cwd=repositories.server, check=True)
    link = repositories.server / "stacks/Pulumi.linked.test.yaml"
    link.unlink()
    link.write_text("config: {'paletteai:tenant': {name: linked}}\n")
    assert taken() == Ran(0, "linked.test\n", "")
    assert not (repositories.checkout / "stacks/Pulumi.linked.test.yaml").is_symlink()
    assert value(repositories.checkout / DEV) == document_from(STACK.encode(), "").value


def test_more_files_than_there_are_jobs_for_are_not_even_read(
    repositories: Repositories, taken: Callable[[], Ran]
) -> None:
    for number in range(257):
        repositories.write(f"stacks/Pulumi.s{number}.dev.yaml", "config: {a: b\n")
    ran = taken()
    assert "changes more than 256 files" in refused(repositories, ran)
    assert "PAI012" not in ran.err


def test_a_file_without_bounds_is_refused(repositories: Repositories, taken: Callable[[], Ran]) -> None:
    repositories.write(DEV, f"config: {{'paletteai:x': {'x' * 1024 * 1024}}}\n")
    assert "is larger than" in refused(repositories, taken())


def test_a_key_that_could_be_read_in_two_ways_is_refused(repositories: Repositories, taken: Callable[[], Ran]) -> None:
    repositories.write(DEV, f"config:\n  paletteai:tenant:\n    ? {'x' * 2000}\n    : y\n")
    assert "changes when it is written again" in refused(repositories, taken())


def test_a_broken_file_on_the_branch_allows_nothing_and_can_be_mended(
    repositories: Repositories, taken: Callable[[], Ran]
) -> None:
    repositories.on_main("stacks/Pulumi.globex.dev.yaml", "config: {a: b\n")
    repositories.on_main("stacks/Pulumi.other.dev.yaml", STACK)
    repositories.write("stacks/Pulumi.mended.dev.yaml", STACK)
    assert taken().out == "mended.dev\n"


def test_a_link_on_the_branch_allows_nothing(repositories: Repositories, taken: Callable[[], Ran]) -> None:
    repositories.on_main("stacks/Pulumi.linked.test.yaml", leads_to="Pulumi.acme.dev.yaml")
    repositories.write("stacks/Pulumi.new.test.yaml", STACK)
    assert "that no stack of environment `test` has" in refused(repositories, taken())


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        (REF,),
        ("refs/heads/main", "0" * 40),
        ("refs/pull/7/head --upload-pack=evil", "0" * 40),
        (REF, "main"),
        (REF, "0" * 39),
    ],
)
def test_a_wrong_call_is_told(arguments: tuple[str, ...], repositories: Repositories, take: Callable[..., Ran]) -> None:
    repositories.opened()
    assert "takes the ref of a pull request" in refused(repositories, take(*arguments))


def test_elsewhere_than_in_the_project_nothing_is_done(repositories: Repositories, take: Callable[..., Ran]) -> None:
    commit = repositories.opened()
    (repositories.checkout / "Pulumi.yaml").unlink()
    assert "is not a checkout of the project" in take(REF, commit).err


def test_what_git_says_is_told_in_one_line(repositories: Repositories, take: Callable[..., Ran]) -> None:
    commit = repositories.opened()
    ran = take("refs/pull/8/head", commit)
    assert ran.err.count("\n") == 1
    assert "git failed, so nothing was copied: fatal: couldn't find remote ref" in refused(repositories, ran)


def test_a_branch_without_a_common_past_is_told(repositories: Repositories, take: Callable[..., Ran]) -> None:
    repositories.opened()
    subprocess.run(["git", "checkout", "--quiet", "--orphan", "other"], cwd=repositories.server, check=True)
    repositories.write("program.py", "")
    commit = repositories.commit()
    subprocess.run(["git", "update-ref", REF, commit], cwd=repositories.server, check=True)
    assert "unrelated histories" in refused(repositories, take(REF, commit))


# --- The token --------------------------------------------------------------------------------------------------


def test_git_gets_the_token_from_the_environment_and_nobody_sees_it_in_a_command(
    repositories: Repositories, take: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    script = importlib.import_module("checkout_stacks")
    commands: list[list[str]] = []
    run = subprocess.run

    def noted(command: list[str], **how: object) -> object:
        commands.append(command)
        return run(command, **how)  # type: ignore[call-overload]

    monkeypatch.setattr(script.subprocess, "run", noted)
    monkeypatch.setenv("GIT_TOKEN", "ghs_CANARY")
    commit = repositories.opened()
    commands.clear()
    assert take(REF, commit).code == 0
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
def test_stack_files_beside_the_project_file_are_taken_and_it_is_not(
    extension: str, repositories: Repositories, take: Callable[..., Ran]
) -> None:
    project, stack = f"Pulumi.{extension}", f"Pulumi.acme.dev.{extension}"
    repositories.on_main("Pulumi.yaml", "name: paletteai\n", renamed=project)
    repositories.on_main(stack, STACK)
    repositories.follow_main()
    repositories.write(stack, STACK.replace("vision", "lab"))
    repositories.write(project, "name: other\nstackConfigDir: /etc\n")
    repositories.write("Pulumi.json", "{}")
    ran = take(REF, repositories.opened())
    assert (ran.code, ran.out) == (0, "acme.dev\n"), ran.err
    assert repositories.changes() == [f" M {stack}"]


def test_a_plain_key_has_the_namespace_of_the_project(repositories: Repositories, take: Callable[..., Ran]) -> None:
    repositories.on_main("Pulumi.yaml", PROJECT.replace("paletteai", "kubernetes"))
    repositories.write(DEV, STACK.replace("config:\n", "config:\n  kubeconfig: '{users: [{user: {exec: {}}}]}'\n"))
    assert "has a value for `kubeconfig`" in refused(repositories, take(REF, repositories.opened()))


def test_a_folder_outside_of_the_checkout_is_refused(repositories: Repositories, take: Callable[..., Ran]) -> None:
    repositories.on_main("Pulumi.yaml", PROJECT.replace("stacks", "../elsewhere"))
    assert "outside of this checkout" in refused(repositories, take(REF, repositories.opened()))
