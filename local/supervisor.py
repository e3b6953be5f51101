"""supervisord around the demo's programs: its configuration, and what we ask of it while it runs."""

import os
import pwd
import secrets
import subprocess
import sys
import xmlrpc.client
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import psutil

from local import ports
from local.preflight import Unfit
from local.program import Program, belongs

SERVERS, OUTSIDE, SERVICES, STORY = "servers", "outside", "services", "story"
GROUPS = (SERVERS, OUTSIDE, SERVICES, STORY)
"""In the order of their start; they end the other way round."""

START_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Kept:
    """A program with the group it starts in; `once`: it ends by itself and is not started again."""

    program: Program
    group: str
    once: bool = False


@dataclass(frozen=True, slots=True)
class Supervisor:
    """The supervisor of `home`, reachable for who may read its configuration."""

    home: Path
    port: int
    password: str

    @property
    def config(self) -> Path:
        return self.home / "supervisord.conf"

    @property
    def server(self) -> Any:
        """Its XML-RPC methods, untyped as they come."""
        # An address on loopback: a socket file's path may be 107 bytes long, which a clone in a deep folder exceeds.
        return xmlrpc.client.ServerProxy(f"http://demo:{self.password}@127.0.0.1:{self.port}/RPC2").supervisor

    def start(self, kept: Sequence[Kept], mark: dict[str, str], environment: dict[str, str]) -> None:
        """Write the configuration and start, with nothing running yet. Raises `Unfit`."""
        self.config.touch(mode=0o600)
        self.config.write_text(self.configuration(kept), encoding="utf-8")
        command = [sys.executable, "-m", "supervisor.supervisord", "-c", str(self.config)]
        started = subprocess.run(
            command,
            env={**environment, **mark},
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            start_new_session=True,
            check=False,
        )
        deadline = monotonic() + START_SECONDS
        while not ports.answers(self.port):
            if started.returncode != 0 or monotonic() > deadline:
                raise Unfit(f"the supervisor did not start: {started.stderr.strip() or 'see its log in var/demo/log'}")
            sleep(0.1)

    def configuration(self, kept: Sequence[Kept]) -> str:
        """The text of its configuration file."""
        head = (
            "[supervisord]\n"
            f"logfile = {_safe(self.home / 'log' / 'supervisord.log')}\n"
            f"pidfile = {_safe(self.home / 'supervisord.pid')}\n"
            f"directory = {_safe(self.home)}\n"
            "minfds = 1024\n"
            "loglevel = info\n"
            f"user = {pwd.getpwuid(os.geteuid()).pw_name}\n"
            "[inet_http_server]\n"
            f"port = 127.0.0.1:{self.port}\n"
            f"username = demo\npassword = {self.password}\n"
            "[rpcinterface:supervisor]\n"
            "supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface\n"
            "[supervisorctl]\n"
            f"serverurl = http://127.0.0.1:{self.port}\nusername = demo\npassword = {self.password}\n"
        )
        return head + "".join(self._section(each) for each in kept) + "".join(_groups(kept))

    def _section(self, kept: Kept) -> str:
        program = kept.program
        environment = ",".join(f'{name}="{_safe(value)}"' for name, value in sorted(program.marked.items()))
        lines = {
            "command": " ".join(f'"{_safe(argument)}"' for argument in program.command),
            "environment": environment,
            "directory": _safe(program.home),
            "stdout_logfile": _safe(self.home / "log" / f"{program.name}.log"),
            "redirect_stderr": "true",
            "autostart": "false",
            "autorestart": "false" if kept.once else "true",
            "startsecs": "0" if kept.once else "1",
            "startretries": "1000",
            "stopwaitsecs": "15",
            "stopasgroup": "true",
            "killasgroup": "true",
        }
        if program.account:
            lines["user"] = program.account
        return f"[program:{program.name}]\n" + "".join(f"{name} = {value}\n" for name, value in lines.items())

    def begin(self, group: str) -> None:
        """Start a group's programs. Raises `Unfit` naming one that does not stay up."""
        results = self.server.startProcessGroup(group)
        failed = [result["name"] for result in results if result["status"] != 80]
        if failed:
            raise Unfit(f"{', '.join(failed)} did not stay up: see {self.home / 'log'}")

    def states(self) -> dict[str, str]:
        """Each program's state in supervisor's words (RUNNING, EXITED, BACKOFF, FATAL, ...)."""
        return {process["name"]: process["statename"] for process in self.server.getAllProcessInfo()}

    def answers(self) -> bool:
        """Whether it is there and ours."""
        try:
            return bool(self.server.getState())
        except (OSError, HTTPException, xmlrpc.client.Error):
            return False

    def shut_down(self, within: float) -> None:
        """Let it end everything in order, and itself; at most `within` seconds. Fine when it does so already."""
        with suppress(FileNotFoundError, ValueError, psutil.Error):
            itself = psutil.Process(int((self.home / "supervisord.pid").read_text(encoding="utf-8")))
            if not belongs(itself, self.home):
                return
            if self.answers():
                self.server.shutdown()
            # It stops answering first and ends last.
            itself.wait(within)


def _groups(kept: Iterable[Kept]) -> Iterable[str]:
    for priority, group in enumerate(GROUPS, start=1):
        members = ",".join(each.program.name for each in kept if each.group == group)
        yield f"[group:{group}]\nprograms = {members}\npriority = {priority}\n"


def _safe(value: object) -> str:
    """A value as supervisor's configuration takes it: it expands `%(name)s`."""
    return str(value).replace("%", "%%")


def fresh(home: Path) -> Supervisor:
    """A supervisor to be started in `home`."""
    return Supervisor(home, ports.free(), secrets.token_urlsafe(24))
