"""What would go wrong later, found before anything starts and said in one sentence with what to do."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from local import ports

MEBIBYTE = 1024 * 1024
DISK_WANTED = 1024 * MEBIBYTE


class Unfit(Exception):
    """This machine cannot do it as it is; the sentence says what to do."""


def check_folder(folder: Path, accounts: Iterable[str]) -> None:
    """`folder` can be made and written here, and each of `accounts` can reach it. Raises `Unfit`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unfit(
            f"{folder} cannot be made ({error.strerror}): give yourself the right, or name another folder, "
            "e.g. OPERACIONAL_VAR=/var/tmp/operacional make demo"
        ) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise Unfit(f"{folder} cannot be written by {_me()}: `sudo chown -R {_me()} {folder}` mends it")
    for account in accounts:
        shut = unreachable(folder, account)
        if shut:
            raise Unfit(
                f"the user {account}, as which its server runs, cannot enter {shut}: `chmod o+x {shut}` lets it "
                "through, or put the data elsewhere, e.g. OPERACIONAL_VAR=/var/tmp/operacional make demo"
            )
    free = shutil.disk_usage(folder).free
    if free < DISK_WANTED:
        raise Unfit(f"only {free // MEBIBYTE} MiB are free at {folder}, 1024 are wanted: make room there")


def unreachable(folder: Path, account: str) -> Path | None:
    """The first folder on the way to `folder` that `account` may not enter. Only root can ask for somebody else."""
    who = _known(account)
    if os.geteuid() != 0 or who is None:
        return None
    for step in (*reversed(folder.resolve().parents), folder.resolve()):
        asked = subprocess.run(
            ["/usr/bin/test", "-x", str(step)], user=who.pw_uid, group=who.pw_gid, extra_groups=[], check=False, cwd="/"
        )
        if asked.returncode != 0:
            return step
    return None


def check_ports(wanted: Mapping[str, int]) -> None:
    """Each port is free on loopback; `wanted` maps the variable that moves a port to the port. Raises `Unfit`."""
    taken = {variable: port for variable, port in wanted.items() if port and not ports.is_free(port)}
    if taken:
        said = ", ".join(f"{port} ({variable}{ports.holder(port)})" for variable, port in taken.items())
        raise Unfit(
            f"these ports are taken: {said}; end what holds them, or choose others, "
            f"e.g. {' '.join(f'{variable}={ports.free()}' for variable in taken)} make demo"
        )


def _known(account: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(account)
    except KeyError:
        return None


def _me() -> str:
    return pwd.getpwuid(os.geteuid()).pw_name
