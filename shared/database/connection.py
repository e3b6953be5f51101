"""Engines that say in words what is wrong, and the wait for the schema that a service knows."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from sqlalchemy import Connection, Engine, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from shared.errors import Outage, Transient

log = structlog.get_logger()

SCHEMA_VERSION = "0002"
"""The newest migration this code knows; a test compares it with the scripts."""

_WRONG_PASSWORD = ("password authentication failed", "no password supplied")
_SERVER_TROUBLE = ("08", "53", "57P", "58")
"""SQLSTATE classes: connection, resources (disk, memory, connections), shutdown, system."""


class WrongPassword(Outage):
    """The server is there and refuses the login. Nothing is lost: messages wait until a person has mended it."""


def connect(url: str, *, name: str) -> Engine:
    """An engine for `url` (plain `postgresql://` is taken as psycopg2), shown in the server as `name`."""
    address = make_url(url)
    if address.drivername in ("postgresql", "postgres"):
        # SQLAlchemy 2.1 reads the plain name as psycopg 3.
        address = address.set(drivername="postgresql+psycopg2")
    return create_engine(
        address,
        pool_pre_ping=True,
        pool_size=2,
        max_overflow=3,
        pool_recycle=1800,
        connect_args={"application_name": name, "connect_timeout": 10, "keepalives_idle": 30},
    )


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """A transaction; a server that cannot be reached or goes away is an `Outage`, a refused login `WrongPassword`.

    A statement that a healthy server stopped (timeout, deadlock) is `Transient`.
    """
    try:
        with engine.begin() as connection:
            yield connection
    except (OperationalError, InterfaceError) as error:
        state = getattr(error.orig, "pgcode", None)
        if state and not (error.connection_invalidated or state.startswith(_SERVER_TROUBLE)):
            # The server is well and stopped this statement: a timeout, a deadlock. Uncounted it would never be parked.
            raise Transient(f"the database stopped a statement ({state}): {_first_line(error)}") from error
        raise explain(engine, error) from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise explain(engine, error) from error
        raise


def take_turn(connection: Connection, key: str) -> None:
    """Hold `key` until the transaction ends; waits, however long, while another transaction holds it.

    The login's statement timeout does not end the wait: waiting for one's turn is no failed attempt.
    """
    connection.execute(text("SET LOCAL statement_timeout = 0"))
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:key))"), {"key": key})
    connection.execute(text("SET LOCAL statement_timeout TO DEFAULT"))


def explain(engine: Engine, error: DBAPIError) -> Outage:
    """The driver's error as ours, with where, who and what to do."""
    url = engine.url
    where = f"PostgreSQL at {url.host}:{url.port or 5432}, database {url.database}, login {url.username}"
    if any(words in str(error.orig) for words in _WRONG_PASSWORD):
        return WrongPassword(
            "database",
            f"{where}: wrong password. A data volume older than the password file keeps the old one: "
            "run `python -m shared.database upgrade` again, which sets every login's password",
        )
    return Outage("database", f"{where}: {_first_line(error)}")


def _first_line(error: DBAPIError) -> str:
    said = str(error.orig).strip()
    return said.splitlines()[0] if said else type(error).__name__


def wait_for_schema(engine: Engine, stop: threading.Event) -> bool:
    """Wait, saying so, until the migration this code knows is there. Returns False when stopped while waiting."""
    told: str | None = None
    while not stop.is_set():
        reason = _missing(engine)
        if reason is None:
            return True
        if reason != told:
            log.warning("waiting for the database", reason=reason)
            told = reason
        stop.wait(1.0)
    return False


def _missing(engine: Engine) -> str | None:
    try:
        with transaction(engine) as connection:
            found = connection.execute(text("SELECT to_regclass('ops.schema_version')")).scalar()
            version = connection.execute(text("SELECT version_num FROM ops.schema_version")).scalar() if found else None
    except Transient as error:
        return str(error)
    except DBAPIError as error:
        return f"{type(error.orig).__name__}: run `python -m shared.database upgrade`"
    if version is None or str(version) < SCHEMA_VERSION:
        return (
            f"the schema is {version or 'not there'}, this needs {SCHEMA_VERSION}: `python -m shared.database upgrade`"
        )
    return None
