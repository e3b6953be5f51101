"""RabbitMQ, PostgreSQL and Chromium from the distribution's packages, without the servers Debian would start."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from local import broker, postgres
from local.preflight import Unfit

POLICY = Path("/usr/sbin/policy-rc.d")
CLUSTERS = Path("/etc/postgresql-common/createcluster.d/operacional.conf")
UNITS = {"rabbitmq-server": "rabbitmq-server.service", "postgresql": "postgresql.service"}

PACKAGES: dict[str, Callable[[], object]] = {
    "rabbitmq-server": lambda: broker.SERVER.exists() and shutil.which("erl"),
    "postgresql": postgres.programs,
    "chromium": lambda: shutil.which("chromium"),
    "chromium-driver": lambda: shutil.which("chromedriver"),
}
"""Each package with the question whether what we need of it is here, whoever installed it."""


def missing() -> list[str]:
    """The packages whose programs are not on this machine."""
    return [package for package, present in PACKAGES.items() if not present()]


def ensure() -> None:
    """Install what is missing; afterwards no server of Debian's runs that did not run before. Raises `Unfit`."""
    wanted = missing()
    if not wanted:
        return
    if shutil.which("apt-get") is None:
        raise Unfit(
            f"{', '.join(wanted)} missing, and this machine has no apt-get: install RabbitMQ 3.10 or later, "
            "PostgreSQL 15 to 17 and Chromium with its driver, or use Docker"
        )
    root = _root()
    print(f"installing {', '.join(wanted)} from the distribution's packages", flush=True)
    with ExitStack() as changes:
        changes.enter_context(_file(POLICY, "#!/bin/sh\nexit 101\n", mode="755", root=root))
        changes.enter_context(_file(CLUSTERS, "create_main_cluster = false\n", mode="644", root=root))
        apt = [*root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300"]
        _run([*apt, "update"])
        _run([*apt, "install", "-y", "--no-install-recommends", *wanted])
    if shutil.which("systemctl"):
        # Nothing runs now; it would after the next boot.
        units = [UNITS[package] for package in wanted if package in UNITS]
        subprocess.run([*root, "systemctl", "disable", "--quiet", *units], check=False, stderr=subprocess.DEVNULL)
    still = missing()
    if still:
        raise Unfit(f"{', '.join(still)}: installed, but its programs are not where Debian puts them")


def _root() -> list[str]:
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") is None:
        raise Unfit(
            f"{', '.join(missing())} missing and neither root nor sudo is here: "
            f"ask for `apt-get install {' '.join(missing())}`, or use Docker"
        )
    return ["sudo"]


@contextmanager
def _file(path: Path, text: str, *, mode: str, root: list[str]) -> Iterator[None]:
    """`path` says `text` for a while; what stood there before comes back, also after an error."""
    aside = path.with_name(path.name + ".operacional-saved")
    made = not path.parent.exists()
    if path.exists() and not aside.exists():
        _run([*root, "mv", str(path), str(aside)])
    _run([*root, "mkdir", "-p", str(path.parent)])
    subprocess.run([*root, "tee", str(path)], input=text.encode(), stdout=subprocess.DEVNULL, check=True)
    _run([*root, "chmod", mode, str(path)])
    try:
        yield
    finally:
        if aside.exists():
            _run([*root, "mv", str(aside), str(path)])
        else:
            _run([*root, "rm", "-f", str(path)])
        if made:
            subprocess.run([*root, "rmdir", str(path.parent)], check=False, stderr=subprocess.DEVNULL)


def _run(command: list[str]) -> None:
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        last = "\n".join(done.stdout.strip().splitlines()[-15:])
        raise Unfit(f"`{' '.join(command)}` failed:\n{last}")


def main() -> int:
    try:
        ensure()
    except Unfit as unfit:
        print(unfit, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
