"""What a command does whose streams are closed, full, without a reader or in another encoding: no traceback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.environments import Backend
from support.projects import KEY
from support.repository import GIT
from support.streams import Call, Ended, ended

from paletteai_components.credentials import fingerprint_of

pytestmark = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")

PRINTING = [
    "--help",
    "check --help",
    "check",
    "check --format json",
    "plan",
    "render",
    "diff HEAD",
    "explain PAI003",
    "graph",
    "schema",
    "new globex dev --stacks {how}",
    "fingerprint",
    "preview dev",
    "preview dev --format json",
    "up dev --yes",
    "refresh dev --yes",
]
LOST = {"closed": "Bad file descriptor", "full": "No space left on device"}
COMPLAINING = ["check --nope", "check absent.dev", "up dev"]
KEYS = {
    "utf-8": (KEY.encode(), None),
    "with the mark of UTF-8": (b"\xef\xbb\xbf" + KEY.encode() + b"\r\n", None),
    "utf-16": (KEY.encode("utf-16"), "standard input is in UTF-16, so no key was read."),
    "utf-16 without a mark": (KEY.encode("utf-16-le"), "the key contains a character that is not visible ASCII."),
    "utf-8 after a mark of UTF-16": (b"\xfe\xff" + KEY.encode(), "standard input is in UTF-16, so no key was read."),
    "latin-1": (f"{KEY}é".encode("latin-1"), "the key contains a character that is not visible ASCII."),
    "anything": (bytes(range(128, 256)) * 999, "the key contains a character that is not visible ASCII."),
    "two lines": (f"{KEY[:20]}\n{KEY[20:]}".encode(), "the key contains white space."),
    "empty": (b"", "the key is empty or a placeholder."),
}

LOSING = {(arguments, how): Call(arguments.format(how=how), stdout=how) for arguments in PRINTING for how in LOST}
UNREAD = {(arguments, "broken"): Call(arguments.format(how="broken"), stdout="broken") for arguments in PRINTING}
UNHEARD = {
    (arguments, how): Call(arguments, stderr=how) for arguments in COMPLAINING for how in ("closed", "full", "broken")
}
FOLLOWED = {("up dev --yes", f"stderr {how}"): Call("up dev --yes", stderr=how) for how in ("closed", "full", "broken")}
WITHOUT_ANY = {(each, "all"): Call(each, "closed", "closed", "closed") for each in ("plan", "up dev --yes")}
ENCODED = {
    (each, encoding): Call(each, encoding=encoding)
    for each in ("plan", "check ré.dev", "check --hëlp")
    for encoding in ("ascii", "latin-1")
}
PIPED = {("fingerprint --stdin", name): Call("fingerprint --stdin", name.replace(" ", "-")) for name in KEYS}
NOT_READ = {("fingerprint --stdin", "closed"): Call("fingerprint --stdin", "closed")}
EVERY = LOSING | UNREAD | UNHEARD | FOLLOWED | WITHOUT_ANY | ENCODED | PIPED | NOT_READ


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Ended]:
    folder = tmp_path_factory.mktemp("streams")
    if GIT is None:
        pytest.skip("needs git on PATH")
    with pytest.MonkeyPatch.context() as patch:
        backend = Backend(folder, patch)
        patch.setenv("PATH", os.pathsep.join([str(backend.bin), os.path.dirname(GIT)]))
        (backend.bin / "plays.json").write_text("{}")
        for how in (*LOST, "broken"):
            (folder / how).mkdir()
            (folder / how / "Pulumi.yaml").write_text("name: paletteai\n")
        opened = {"paletteai:integrations": {"objectValue": {"shared": {"apiKey": KEY}}}}
        (backend.bin / "opened.json").write_text(json.dumps(opened))
        for name, (key, _) in KEYS.items():
            (folder / name.replace(" ", "-")).write_bytes(key)
        who = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
        for arguments in (("init", "-q"), ("add", "--all"), (*who, "commit", "-qm", "all")):
            subprocess.run([GIT, *arguments], cwd=folder, check=True)
        return dict(zip(EVERY, ended(EVERY.values(), folder), strict=True))


@pytest.mark.parametrize("call", LOSING, ids=" ".join)
def test_output_that_cannot_be_written_is_told_once(
    outcomes: dict[tuple[str, str], Ended], call: tuple[str, str]
) -> None:
    done = outcomes[call]
    reason = LOST[call[1]]
    assert done.err.endswith(
        f"error: the command stopped early ({reason}), so its output is incomplete.\n  help: Check its destination.\n"
    )
    assert done.err.count("error:") == 1
    assert "Traceback" not in done.err
    assert done.code == 2


@pytest.mark.parametrize("call", UNREAD, ids=" ".join)
def test_a_command_that_nobody_reads_ends_as_other_programs_do(
    outcomes: dict[tuple[str, str], Ended], call: tuple[str, str]
) -> None:
    done = outcomes[call]
    assert "Error" not in done.err
    assert "Traceback" not in done.err
    assert done.code == -signal.SIGPIPE


@pytest.mark.parametrize("call", UNHEARD, ids=" ".join)
def test_an_error_that_cannot_be_told_is_still_one(
    outcomes: dict[tuple[str, str], Ended], call: tuple[str, str]
) -> None:
    done = outcomes[call]
    assert (done.code, done.out, done.err) == (-signal.SIGPIPE if call[1] == "broken" else 2, "", "")


@pytest.mark.parametrize("call", FOLLOWED, ids=" ".join)
def test_a_deployment_goes_on_when_nobody_can_follow_it(
    outcomes: dict[tuple[str, str], Ended], call: tuple[str, str]
) -> None:
    assert "3 stacks of dev: 3 deployed in " in outcomes[call].out
    assert outcomes[call].code == 0


@pytest.mark.parametrize("call", WITHOUT_ANY, ids=" ".join)
def test_without_any_stream_it_ends_with_2(outcomes: dict[tuple[str, str], Ended], call: tuple[str, str]) -> None:
    assert outcomes[call] == Ended(2, "", "")


@pytest.mark.parametrize("call", ENCODED, ids=" ".join)
def test_a_character_that_the_encoding_lacks_stops_nothing(
    outcomes: dict[tuple[str, str], Ended], call: tuple[str, str]
) -> None:
    done = outcomes[call]
    assert "Traceback" not in done.err
    assert done.code == (0 if call[0] == "plan" else 2)
    assert call != ("plan", "latin-1") or "\\u201cAcme\\u201d" in done.out


@pytest.mark.parametrize(("name", "said"), [(name, said) for name, (_, said) in KEYS.items()])
def test_a_key_is_read_from_what_is_piped_in_or_it_says_why_not(
    outcomes: dict[tuple[str, str], Ended], name: str, said: str | None
) -> None:
    done = outcomes["fingerprint --stdin", name]
    if said is None:
        assert done == Ended(0, f"{fingerprint_of(KEY)}\n", "")
    else:
        assert done.err.splitlines()[0] == f"error: {said}"
        assert (done.code, done.out) == (2, "")


def test_a_key_from_a_closed_input_is_refused(outcomes: dict[tuple[str, str], Ended]) -> None:
    assert outcomes["fingerprint --stdin", "closed"] == Ended(
        2,
        "",
        "error: standard input could not be read (Bad file descriptor), so there is no key.\n"
        "  help: Type a Palette API key, or pipe one in.\n",
    )


def test_a_process_of_its_own_ends_the_same_way(tmp_path: Path) -> None:
    command = f"'{sys.executable}' -m paletteai_components schema <&- >&-"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.stderr.startswith("error: the command stopped early (Bad file descriptor)")
    assert (done.returncode, done.stdout) == (2, "")
