"""A control plane of one's own: etcd, API server and controller manager, on free ports, in a folder of its own."""

from __future__ import annotations

import json
import os
import secrets
import socket
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

PROGRAMS = ("etcd", "kube-apiserver", "kube-controller-manager")
CONTROLLERS = (
    "namespace-controller",
    "garbage-collector-controller",
    "serviceaccount-controller",
    "serviceaccount-token-controller",
    "root-ca-certificate-publisher-controller",
)
ADMIN = "admin"
CONTEXTS = ("dev", "staging", "prod")

_ASSETS = Path(__file__).with_name("assets.sh")
_STARTS_WITHIN = 60.0

# The shell ends the program when its standard input closes: so also when the tests are killed.
_TETHERED = '"$@" </dev/null & program=$!; { read -r _; kill -9 $program; } <&3 & wait $program'


class MissingAssets(Exception):
    """There are no programs to start."""


def assets() -> Path:
    """The folder with the programs, as envtest finds them. Raises MissingAssets with what to do."""
    found = subprocess.run([_ASSETS, "--find"], capture_output=True, text=True, check=False)
    if found.returncode != 0:
        raise MissingAssets(found.stderr.strip())
    return Path(found.stdout.strip())


class ControlPlane:
    """A running control plane.

    Fields:
        kubeconfig: a file with the contexts ``dev``, ``staging`` and ``prod``, all this cluster, as its administrator.
        url: the API server's.
    """

    def __init__(
        self,
        assets: Path,
        folder: Path,
        users: Iterable[str] = ("nobody",),
        api_flags: Mapping[str, object] | None = None,
    ) -> None:
        """A control plane that does not run yet.

        Args:
            assets: The folder with the programs.
            folder: Where it keeps everything.
            users: Those who may ask what anybody who is known may, beside its administrator.
            api_flags: Other flags of the API server.
        """
        self._assets = assets
        self._api_flags = api_flags or {}
        self._folder = folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._tokens: dict[str, str] = {}
        self._api, self._etcd, self._peers, self._controllers = _free_ports(4)
        self.url = f"https://127.0.0.1:{self._api}"
        self.kubeconfig = folder / "kubeconfig"
        self.certificate = folder / "certificates" / "apiserver.crt"
        folder.mkdir(exist_ok=True)
        self._users({ADMIN: "system:masters", **dict.fromkeys(users, "")})
        self._write_kubeconfig()

    def start(self) -> None:
        """Starts everything and waits until it answers."""
        for program in PROGRAMS:
            self.run(program)
        self._wait_for("the namespace controller", lambda: self.kubectl("-n", "default", "get", "sa", "default"))

    def stop(self) -> None:
        """Ends everything."""
        for program in reversed(PROGRAMS):
            self.kill(program)

    def run(self, program: str) -> None:
        """Starts one of the programs and waits until it answers."""
        log = (self._folder / f"{program}.log").open("ab")
        read, write = os.pipe()
        command = ["/bin/sh", "-c", f"exec 3<&0; {_TETHERED}", "sh", str(self._assets / program), *self._flags(program)]
        with log:
            process = subprocess.Popen(command, stdin=read, stdout=log, stderr=log, start_new_session=True)
        os.close(read)
        process.stdin = os.fdopen(write, "wb")
        self._running[program] = process
        answers = {"etcd": self._etcd_answers, "kube-apiserver": self._api_answers}
        if program in answers:
            self._wait_for(program, answers[program])

    def kill(self, program: str) -> None:
        """Ends one of the programs as a crash would."""
        process = self._running.pop(program, None)
        if process is not None and process.stdin is not None:
            process.stdin.close()
            process.wait(timeout=30)

    def forget(self, revision: int) -> None:
        """Forgets what was before a revision of the store, so that lists that began before are too old to go on."""
        _ask(f"http://127.0.0.1:{self._etcd}/v3/kv/compaction", body=json.dumps({"revision": revision}).encode())

    def kubectl(self, *arguments: str, input: str | None = None, check: bool = True) -> str:
        """What kubectl prints. Raises CalledProcessError, with what it said, where it fails."""
        command = ["kubectl", "--kubeconfig", str(self.kubeconfig), *arguments]
        result = subprocess.run(command, input=input, capture_output=True, text=True, check=False)
        if check and result.returncode != 0:
            error = subprocess.CalledProcessError(result.returncode, command, result.stdout, result.stderr)
            error.add_note(result.stderr)
            raise error
        return result.stdout

    def kubeconfig_at(self, url: str, path: Path) -> Path:
        """A kubeconfig that reaches this API server by another address, for example a proxy's."""
        config = yaml.safe_load(self.kubeconfig.read_text())
        for each in config["clusters"]:
            each["cluster"] |= {"server": url, "tls-server-name": "127.0.0.1"}
        path.write_text(yaml.safe_dump(config))
        return path

    def kubeconfig_of(self, user: str, path: Path) -> Path:
        """A kubeconfig of another user."""
        config = yaml.safe_load(self.kubeconfig.read_text())
        config["users"][0]["user"] = {"token": self._tokens[user]}
        path.write_text(yaml.safe_dump(config))
        return path

    def _users(self, groups: dict[str, str]) -> None:
        self._tokens = {user: secrets.token_hex(16) for user in groups}
        lines = [f'{self._tokens[user]},{user},{user},"{group}"' for user, group in groups.items()]
        path = self._folder / "tokens.csv"
        path.write_text("\n".join(lines) + "\n")
        path.chmod(0o600)

    def _write_kubeconfig(self) -> None:
        cluster = {"server": self.url, "certificate-authority": str(self.certificate)}
        config: dict[str, Any] = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "test", "cluster": cluster}],
            "users": [{"name": ADMIN, "user": {"token": self._tokens[ADMIN]}}],
            "contexts": [{"name": name, "context": {"cluster": "test", "user": ADMIN}} for name in CONTEXTS],
            "current-context": "dev",
        }
        self.kubeconfig.write_text(yaml.safe_dump(config))
        self.kubeconfig.chmod(0o600)

    def _flags(self, program: str) -> list[str]:
        certificates = str(self.certificate.parent)
        # The API server makes this key at its first start, and it serves for service accounts, too.
        key = str(self.certificate.with_suffix(".key"))
        client, peer = f"http://127.0.0.1:{self._etcd}", f"http://127.0.0.1:{self._peers}"
        flags: dict[str, dict[str, Any]] = {
            "etcd": {
                "data-dir": self._folder / "etcd",
                "listen-client-urls": client,
                "advertise-client-urls": client,
                "listen-peer-urls": peer,
                "initial-advertise-peer-urls": peer,
                "initial-cluster": f"default={peer}",
                "unsafe-no-fsync": "true",
                "log-level": "warn",
            },
            "kube-apiserver": {
                "etcd-servers": client,
                "bind-address": "127.0.0.1",
                "advertise-address": "127.0.0.1",
                "secure-port": self._api,
                "endpoint-reconciler-type": "none",
                "cert-dir": certificates,
                "token-auth-file": self._folder / "tokens.csv",
                "authorization-mode": "RBAC",
                "service-cluster-ip-range": "10.0.0.0/24",
                "service-account-issuer": self.url,
                "service-account-key-file": key,
                "service-account-signing-key-file": key,
                "disable-admission-plugins": "ServiceAccount",
                **self._api_flags,
            },
            "kube-controller-manager": {
                "kubeconfig": self.kubeconfig,
                "bind-address": "127.0.0.1",
                "secure-port": self._controllers,
                "cert-dir": certificates,
                "leader-elect": "false",
                "service-account-private-key-file": key,
                "root-ca-file": self.certificate,
                "controllers": ",".join(CONTROLLERS),
            },
        }
        return [f"--{flag}={value}" for flag, value in flags[program].items()]

    def _etcd_answers(self) -> None:
        _ask(f"http://127.0.0.1:{self._etcd}/health")

    def _api_answers(self) -> None:
        _ask(f"{self.url}/readyz", ssl.create_default_context(cafile=self.certificate), self._tokens[ADMIN])

    def _wait_for(self, what: str, answers: Callable[[], object]) -> None:
        until = time.monotonic() + _STARTS_WITHIN
        while True:
            try:
                answers()
            except (OSError, subprocess.CalledProcessError) as error:
                ended = [name for name, process in self._running.items() if process.poll() is not None]
                if ended or time.monotonic() > until:
                    raise RuntimeError(f"{what} did not come up\n{self._last_words(ended or [what])}") from error
                time.sleep(0.1)
            else:
                return

    def _last_words(self, programs: Iterable[str]) -> str:
        logs = [self._folder / f"{program}.log" for program in programs]
        return "\n".join(line for log in logs if log.exists() for line in log.read_text().splitlines()[-10:])


def _ask(url: str, context: ssl.SSLContext | None = None, token: str = "", body: bytes | None = None) -> None:
    request = urllib.request.Request(url, body, headers={"Authorization": f"Bearer {token}"} if token else {})
    handlers = [urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)]
    with urllib.request.build_opener(*handlers).open(request, timeout=5):
        pass


def _free_ports(number: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    try:
        return [each.getsockname()[1] for each in held]
    finally:
        for each in held:
            each.close()
