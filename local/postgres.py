"""A private PostgreSQL: own data folder, own port on loopback, a random password, no socket file."""

import os
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep

import psycopg2

from local import ports, program
from local.preflight import Unfit
from local.program import Program

ACCOUNT = "postgres"
SUPERUSER = "postgres"
START_SECONDS = 60


def programs() -> Path | None:
    """The folder with the newest PostgreSQL's programs; None where there is none."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    return max(found, key=lambda folder: float(folder.parent.name), default=None)


@dataclass(frozen=True, slots=True)
class Postgres:
    """A server that is prepared, or to be prepared, under `home`."""

    home: Path
    port: int = field(default_factory=ports.free)
    password: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    durable: bool = True
    """False: no fsync. For tests, whose data nobody wants back."""

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def program(self) -> Program:
        return Program(
            name="postgres",
            command=(str(_bin() / "postgres"), "-D", str(self.data)),
            home=self.home,
            # The server's own messages, and only they, are read by machines too.
            environment={"LC_ALL": "C.UTF-8", "TZ": "UTC"},
            account=program.account(ACCOUNT),
        )

    def url(self, database: str = "postgres", user: str = SUPERUSER) -> str:
        """SQLAlchemy's address; with the superuser's password, without any for others."""
        login = f"{user}:{self.password}" if user == SUPERUSER else user
        return f"postgresql+psycopg2://{login}@127.0.0.1:{self.port}/{database}"

    def prepare(self) -> None:
        """Create the cluster. Raises `Unfit`."""
        owner = program.account(ACCOUNT)
        program.give(self.home, owner)
        word = self.home / "superuser"
        word.write_text(self.password, encoding="utf-8")
        word.chmod(0o600)
        if owner:
            os.chown(word, self.home.stat().st_uid, self.home.stat().st_gid)
        command = [str(_bin() / "initdb"), "-D", str(self.data), "-U", SUPERUSER, "--pwfile", str(word)]
        command += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions"]
        done = subprocess.run(
            command if self.durable else [*command, "--no-sync"],
            cwd=self.home,
            capture_output=True,
            text=True,
            check=False,
            user=owner,
            group=owner,
            extra_groups=[] if owner else None,
        )
        word.unlink()
        if done.returncode != 0:
            raise Unfit(f"PostgreSQL could not create its data in {self.data}: {done.stderr.strip().splitlines()[-1]}")
        with (self.data / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write(self._settings())

    def _settings(self) -> str:
        chosen = {
            "port": self.port,
            "listen_addresses": "'127.0.0.1'",
            # A socket file's path may be 107 bytes long, which a clone in a deep folder exceeds.
            "unix_socket_directories": "''",
            "max_connections": 60,
            "shared_buffers": "'64MB'",
            "timezone": "'UTC'",
        }
        if not self.durable:
            chosen |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        return "".join(f"{name} = {value}\n" for name, value in chosen.items())

    def wait(self, alive: subprocess.Popen[bytes] | None = None) -> None:
        """Until it takes connections. Raises `Unfit` when `alive` ends, or after a minute."""
        deadline = monotonic() + START_SECONDS
        while True:
            try:
                psycopg2.connect(
                    host="127.0.0.1", port=self.port, user=SUPERUSER, password=self.password, dbname="postgres"
                ).close()
            except psycopg2.OperationalError as error:
                if (alive and alive.poll() is not None) or monotonic() > deadline:
                    raise Unfit(f"the private PostgreSQL did not start: see its log in {self.home.parent}") from error
                sleep(0.1)
            else:
                return


def _bin() -> Path:
    folder = programs()
    if folder is None:
        raise Unfit("PostgreSQL is missing: `make test` and `make demo` install it from the distribution's packages")
    return folder


@contextmanager
def private(home: Path, *, durable: bool) -> Iterator[Postgres]:
    """A fresh server under `home` (absolute, not there yet) that lives as long as the block and is killed with it."""
    server = Postgres(home, durable=durable)
    server.prepare()
    try:
        with program.running(server.program, home.with_suffix(".log"), patience=0) as process:
            server.wait(process)
            yield server
    finally:
        program.end(home)
