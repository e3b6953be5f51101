"""Migrations, logins and their rights, and what the house says when Postgres is not as it should be."""

import secrets
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import ProgrammingError
from structlog.testing import capture_logs

from shared import inbox
from shared.database.connection import SCHEMA_VERSION, WrongPassword, connect, take_turn, transaction, wait_for_schema
from shared.database.upgrade import LOGINS, upgrade
from shared.errors import Outage, Transient

pytestmark = pytest.mark.integration


@pytest.fixture
def empty(postgres):
    """A database without a schema, as the superuser."""
    name = f"test_{secrets.token_hex(4)}"
    server = create_engine(postgres.url, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield postgres.database(name)
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()


@pytest.fixture
def opened():
    """Engines of the test, closed with it."""
    engines = []

    def open_engine(url):
        engines.append(connect(url, name="test"))
        return engines[-1]

    yield open_engine
    for engine in engines:
        engine.dispose()


def tables(engine):
    with engine.connect() as connection:
        return set(
            connection.execute(
                text(
                    "SELECT table_schema || '.' || table_name FROM information_schema.tables"
                    " WHERE table_schema IN ('operacional', 'ops', 'bi')"
                )
            ).scalars()
        )


def test_an_upgrade_may_be_repeated(empty, postgres, opened):
    assert upgrade(empty, postgres.passwords) == SCHEMA_VERSION
    before = tables(opened(empty))
    assert upgrade(empty, postgres.passwords) == SCHEMA_VERSION
    assert tables(opened(empty)) == before
    assert {"operacional.gestta_tasks", "ops.loads", "bi.operational_panel"} <= before


def test_two_upgrades_at_once_are_one_after_the_other(empty, postgres, opened):
    together = threading.Barrier(2)

    def run():
        together.wait()
        return upgrade(empty, postgres.passwords)

    with ThreadPoolExecutor(2) as pool:
        done = [pool.submit(run) for _ in range(2)]
        assert [future.result() for future in done] == [SCHEMA_VERSION] * 2
    assert "bi.operational_panel" in tables(opened(empty))


@pytest.mark.parametrize(
    "password", ["per%cent", "quo'te", 'dou"ble', "back\\slash", "ç€", "%s %(x)s", ":name", "a@b/c:d"]
)
def test_any_password_lets_its_login_in(database_url, postgres, opened, password):
    try:
        upgrade(database_url, postgres.passwords | {"bi_reader": password})
        url = make_url(database_url).set(username="bi_reader", password=password)
        with transaction(opened(url.render_as_string(hide_password=False))) as connection:
            assert connection.execute(text("SELECT current_user")).scalar() == "bi_reader"
    finally:
        upgrade(database_url, postgres.passwords)


def test_a_login_without_a_password_file_may_not_log_in(database_url, login_url, postgres, opened):
    try:
        upgrade(database_url, {k: v for k, v in postgres.passwords.items() if k != "bi_reader"})
        with pytest.raises(Outage, match="not permitted to log in"), transaction(opened(login_url("bi_reader"))):
            pass
    finally:
        upgrade(database_url, postgres.passwords)


def test_a_wrong_password_is_called_just_that(login_url, opened):
    url = make_url(login_url("transformer")).set(password="of-yesterday").render_as_string(hide_password=False)
    with pytest.raises(WrongPassword) as error, transaction(opened(url)):
        pass
    said = str(error.value)
    assert "login transformer: wrong password" in said
    assert "python -m shared.database upgrade" in said
    assert "of-yesterday" not in said


def test_a_server_that_does_not_answer_is_an_outage_that_names_it(opened):
    engine = opened("postgresql://robot:hunter2@127.0.0.1:1/d")
    with pytest.raises(Outage, match=r"127.0.0.1:1, database d, login robot") as error, transaction(engine):
        pass
    assert error.value.what == "database"
    assert not isinstance(error.value, WrongPassword)
    assert "hunter2" not in str(error.value)


def test_a_session_that_the_server_ends_is_an_outage(engine, database_url, opened):
    with pytest.raises(Outage), transaction(opened(database_url)) as connection:  # noqa: PT012
        pid = connection.execute(text("SELECT pg_backend_pid()")).scalar()
        with engine.connect() as other:
            other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
        connection.execute(text("SELECT 1"))


def stopped(opened, url, statement):
    with transaction(opened(url)) as connection:
        connection.execute(text("SET LOCAL statement_timeout = '100ms'"))
        connection.execute(text(statement))


def test_a_statement_that_takes_too_long_counts_as_an_attempt(database_url, opened):
    with pytest.raises(Transient, match="57014") as error:
        stopped(opened, database_url, "SELECT pg_sleep(5)")
    assert not isinstance(error.value, Outage)


def test_waiting_for_ones_turn_is_no_statement_that_takes_too_long(engine, database_url, opened, eventually):
    hasty = opened(f"{database_url}?options=-c%20statement_timeout%3D100ms")
    had = []

    def wait():
        with transaction(hasty) as connection:
            take_turn(connection, "load:gestta")
            had.append(connection.execute(text("SHOW statement_timeout")).scalar())

    with engine.begin() as holder, ThreadPoolExecutor(1) as pool:
        take_turn(holder, "load:gestta")
        waiting = pool.submit(wait)
        eventually(lambda: _waited(engine) > 0.5)
        holder.commit()
        waiting.result(timeout=20)
    assert had == ["100ms"], "what follows is bounded again"


def _waited(engine):
    """Seconds since somebody began to wait for an advisory lock."""
    with engine.connect() as connection:
        return connection.execute(
            text(
                "SELECT coalesce(extract(epoch FROM max(clock_timestamp() - query_start)), 0)"
                " FROM pg_stat_activity WHERE wait_event = 'advisory'"
            )
        ).scalar()


def test_a_mistake_in_a_statement_is_neither(database_url, opened):
    with pytest.raises(ProgrammingError):
        stopped(opened, database_url, "SELECT nonsense")


def test_a_service_waits_for_the_schema_and_says_so_once(empty, postgres, opened, eventually):
    stop, answers = threading.Event(), []
    engine = opened(empty)
    with capture_logs() as lines:
        thread = threading.Thread(target=lambda: answers.append(wait_for_schema(engine, stop)))
        thread.start()
        eventually(lambda: lines)
        upgrade(empty, postgres.passwords)
        thread.join(20)
    assert answers == [True]
    waiting = [line for line in lines if line["event"] == "waiting for the database"]
    assert "python -m shared.database upgrade" in waiting[0]["reason"]
    assert len({line["reason"] for line in waiting}) == len(waiting)


def test_a_service_that_is_stopped_waits_no_longer(opened):
    stop = threading.Event()
    stop.set()
    assert wait_for_schema(opened("postgresql://x@127.0.0.1:1/d"), stop) is False


def test_an_outcome_is_true_with_the_transaction_that_remembers_it(engine):
    outcome = {"inserted": 1, "drift": ["ç"]}
    with engine.connect() as connection:
        inbox.remember(connection, consumer="c", event_id="e", outcome=outcome)
        connection.rollback()
        assert inbox.recall(connection, consumer="c", event_id="e") is None
        inbox.remember(connection, consumer="c", event_id="e", outcome=outcome)
        connection.commit()
        assert inbox.recall(connection, consumer="c", event_id="e") == outcome
        assert inbox.recall(connection, consumer="other", event_id="e") is None


Attempt = Callable[[str, str], str]


@pytest.fixture
def attempt(login_url, opened) -> Attempt:
    """Does a statement as a login, and undoes it: "allowed" or "refused"."""
    engines = {login: opened(login_url(login)) for login in LOGINS}

    def attempt(login, statement):
        with engines[login].connect() as connection:
            try:
                connection.execute(text(statement))
            except ProgrammingError as error:
                return "refused" if getattr(error.orig, "pgcode", None) == "42501" else str(error)
            finally:
                connection.rollback()
        return "allowed"

    return attempt


TABLES = [
    "operacional.gestta_tasks", "operacional.notion_pages", "operacional.task_history",
    "ops.sightings", "ops.scopes", "ops.processed_events", "ops.loads", "ops.rejected_rows", "ops.quality",
    "ops.pending_removals", "ops.refresh_requests", "ops.refresh_runs", "ops.notifications", "ops.schema_version",
    "ops.regenerated", "ops.exports",
]  # fmt: skip
VIEWS = ["bi.operational_panel", "bi.backlog_by_day", "bi.task_history", "bi.freshness"]
VIEWS_WITHIN = ["ops.clients_at_odds", "ops.flags_at_odds", "ops.parts_at_odds", "ops.problems"]
OF_LOADS = ["ops.quality_by_load"]
READS = {
    "bi_reader": set(VIEWS),
    "panel_reader": set(VIEWS) | set(VIEWS_WITHIN) | {"ops.schema_version"},
    "console": set(VIEWS) | set(VIEWS_WITHIN) | set(OF_LOADS) | set(TABLES),
    "transformer": {"bi.operational_panel", "bi.freshness"}
    | set(VIEWS_WITHIN)
    | set(TABLES) - {"ops.refresh_requests", "ops.refresh_runs", "ops.notifications"},
    "bi_refresher": {"ops.refresh_requests", "ops.refresh_runs", "ops.schema_version"},
    "notifier": {"ops.notifications", "ops.processed_events", "bi.freshness", "ops.schema_version"},
}
WRITES = {
    "bi_reader": set(),
    "panel_reader": set(),
    "console": set(),
    "transformer": READS["transformer"] - set(VIEWS) - set(VIEWS_WITHIN) - {"ops.schema_version"},
    "bi_refresher": READS["bi_refresher"] - {"ops.schema_version"},
    "notifier": {"ops.notifications", "ops.processed_events"},
}


@pytest.mark.parametrize("login", LOGINS)
def test_a_login_reads_what_it_needs_and_nothing_else(attempt, login):
    relations = TABLES + VIEWS + VIEWS_WITHIN + OF_LOADS
    allowed = {name for name in relations if attempt(login, f"SELECT count(*) FROM {name}") == "allowed"}
    assert allowed == READS[login]


@pytest.mark.parametrize("login", LOGINS)
def test_a_login_writes_its_own_and_nothing_else(engine, login):
    with engine.connect() as connection:
        allowed = {
            name
            for name in TABLES
            if connection.execute(text(f"SELECT has_table_privilege('{login}', '{name}', 'INSERT')")).scalar()
        }
    assert allowed == WRITES[login]


@pytest.mark.parametrize("login", LOGINS)
def test_no_login_empties_changes_or_makes_tables(attempt, login):
    for statement in (
        *(f"TRUNCATE {name}" for name in TABLES),
        "DROP TABLE operacional.gestta_tasks",
        "ALTER TABLE operacional.gestta_tasks ADD COLUMN x int",
        "CREATE TABLE public.x (y int)",
        "CREATE SCHEMA x",
        "SET ROLE operacional_owner",
    ):
        assert attempt(login, statement) != "allowed", statement


def test_each_service_deletes_of_its_own_ledger_alone_and_nobody_a_current_row(engine):
    with engine.connect() as connection:
        allowed = {
            (login, name)
            for login in LOGINS
            for name in TABLES
            if connection.execute(text(f"SELECT has_table_privilege('{login}', '{name}', 'DELETE')")).scalar()
        }
    ledgers = {
        "transformer": ("scopes", "loads", "quality", "processed_events", "pending_removals", "rejected_rows"),
        "bi_refresher": ("refresh_requests", "refresh_runs"),
        "notifier": ("notifications", "processed_events"),
    }
    owned = {(login, f"ops.{table}") for login, tables in ledgers.items() for table in tables}
    assert allowed == owned | {("transformer", "operacional.task_history")}


def test_the_console_decides_removals_and_changes_nothing_else_of_them(attempt):
    assert attempt("console", "UPDATE ops.pending_removals SET decision = 'approved', decided_by = 'x'") == "allowed"
    assert attempt("console", "UPDATE ops.pending_removals SET row_id = 'x'") == "refused"


def test_only_the_transformer_makes_temporary_tables(attempt):
    makes = {login for login in LOGINS if attempt(login, "CREATE TEMP TABLE x (y int)") == "allowed"}
    assert makes == {"transformer"}
