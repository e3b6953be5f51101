"""A program as both a supervisor and a test can start it, marked so that it is known as ours whatever happens."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

MARK = "OPERACIONAL_PRIVATE"
"""The variable that every process of ours inherits: the folder it belongs to."""

_OURS_BY_FOLDER = ("postgres", "beam.smp", "epmd")
"""Servers that overwrite their environment: known by their data folder instead."""


@dataclass(frozen=True, slots=True)
class Program:
    """What to run, where, as whom (None: as who asks)."""

    name: str
    command: tuple[str, ...]
    home: Path
    """The private folder it belongs to."""
    environment: Mapping[str, str] = field(default_factory=dict)
    account: str | None = None

    @property
    def marked(self) -> dict[str, str]:
        """Its environment beside the inherited one."""
        return {**self.environment, MARK: str(self.home)}


@contextmanager
def running(program: Program, log: Path, *, patience: float) -> Iterator[subprocess.Popen[bytes]]:
    """Start `program` in a session of its own, so that a Ctrl-C meant for us does not reach it; end it afterwards.

    It may take `patience` seconds for an orderly end.
    """
    with log.open("ab") as output:
        process = subprocess.Popen(
            program.command,
            env={**os.environ, **program.marked},
            cwd=program.home,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            user=program.account,
            group=program.account,
            extra_groups=[] if program.account else None,
        )
    try:
        yield process
    finally:
        stop(process, patience)


def stop(process: subprocess.Popen[bytes], patience: float) -> None:
    """SIGTERM to the process and its session, after `patience` seconds SIGKILL."""
    if patience:
        _signal(process, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=patience)
    _signal(process, signal.SIGKILL)
    process.wait()


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def account(name: str) -> str | None:
    """The user as which a server runs that refuses root: `name` where we are root, else ourselves."""
    return name if os.geteuid() == 0 else None


def give(path: Path, owner: str | None) -> None:
    """Make `path` the folder of `owner`, for its eyes only."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o700)
    if owner:
        shutil.chown(path, owner, owner)


def leftovers(home: Path) -> list[psutil.Process]:
    """Living processes that provably belong to `home`: they carry its mark, or are servers on its data."""
    return [process for process in psutil.process_iter() if process.pid != os.getpid() and belongs(process, home)]


def belongs(process: psutil.Process, home: Path) -> bool:
    """Whether it carries the mark of `home` or a folder in it, or is a server on data in it."""
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        with suppress(psutil.AccessDenied):
            mark = process.environ().get(MARK, "")
            if mark == str(home) or mark.startswith(f"{home}/"):
                return True
        if process.name() not in _OURS_BY_FOLDER:
            return False
        inside = f"{home}/"
        return any(inside in argument for argument in process.cmdline()) or process.cwd().startswith(inside)
    except psutil.Error:
        return False


def end(home: Path, within: float = 10) -> int:
    """End whatever a run that died left behind in `home`; returns how many there were."""
    first = leftovers(home)
    deadline = time.monotonic() + within
    for process in first:
        with suppress(psutil.Error):
            process.terminate()
    psutil.wait_procs(first, timeout=max(0.0, deadline - time.monotonic()))
    # A supervisor or an Erlang node may have started another one meanwhile: until nobody is left.
    while rest := leftovers(home):
        for process in rest:
            with suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(rest, timeout=5)
    return len(first)
