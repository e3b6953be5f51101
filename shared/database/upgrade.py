"""Migrations and roles, once, under a lock, with nobody's password in a log."""

from collections.abc import Mapping
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from shared.database.connection import connect, transaction

OWNER = "operacional_owner"
LOGINS = {
    "transformer": "10min",
    "bi_refresher": "30s",
    "notifier": "30s",
    "console": "2min",
    "panel_reader": "30s",
    "bi_reader": "225s",  # what Power BI itself allows a query
}
"""Each login with its statement timeout."""

_LOCK = 0x6F706572  # any number that nobody else uses


def upgrade(url: str, passwords: Mapping[str, str]) -> str:
    """Bring the database at `url` (a superuser or the database's owner with CREATEROLE) to the newest schema.

    Every role of the house exists afterwards; a login whose password is given gets it set again, one without may not
    log in. Safe to run any number of times, also at once. Returns the schema's version.
    """
    engine = connect(url, name="upgrade")
    try:
        with transaction(engine) as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            _roles(connection, passwords)
            connection.execute(text(f"SET LOCAL ROLE {OWNER}"))
            connection.execute(text("CREATE SCHEMA IF NOT EXISTS ops"))
            config = Config()
            config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            return str(connection.execute(text("SELECT version_num FROM ops.schema_version")).scalar_one())
    finally:
        engine.dispose()


def _roles(connection: Connection, passwords: Mapping[str, str]) -> None:
    for role in (OWNER, *LOGINS):
        exists = connection.execute(text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": role}).scalar()
        if not exists:
            connection.execute(text(f"CREATE ROLE {role} NOLOGIN"))
    for role, limit in LOGINS.items():
        password = passwords.get(role)
        if password:
            # ALTER ROLE takes no parameters; the driver quotes the literal.
            literal = connection.execute(text("SELECT quote_literal(:word)"), {"word": password}).scalar_one()
            connection.exec_driver_sql(f"ALTER ROLE {role} LOGIN PASSWORD {literal}".replace("%", "%%"))
        else:
            connection.execute(text(f"ALTER ROLE {role} NOLOGIN"))
        connection.execute(text(f"ALTER ROLE {role} SET statement_timeout = '{limit}'"))
        connection.execute(text(f"ALTER ROLE {role} SET idle_in_transaction_session_timeout = '15min'"))
    database = connection.execute(text("SELECT quote_ident(current_database())")).scalar_one()
    connection.execute(text(f"GRANT CREATE, CONNECT ON DATABASE {database} TO {OWNER}"))
    connection.execute(text(f"REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC"))
    connection.execute(text(f"GRANT TEMPORARY ON DATABASE {database} TO transformer"))
    connection.execute(text(f"GRANT {OWNER} TO CURRENT_USER"))
