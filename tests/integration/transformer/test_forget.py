"""What nobody needs any more goes, and what is still needed stays however old it is."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from services.console import warehouse as console
from services.transformer.approved import ApprovedRemovals
from services.transformer.forget import OLD, forgetting
from shared.contracts.events import SchemaDrifted, SourceFailed
from shared.database.forget import DELETE
from tests.integration.transformer.conftest import BLOCK, NEXT_BLOCK, NOW, at

pytestmark = pytest.mark.integration

TABLES = ("loads", "quality", "processed_events", "rejected_rows", "pending_removals")
GOOD = [{"id": f"t{n}", "name": "T"} for n in range(8)]
BAD = {"id": "x", "_due_date": "soon"}
ODD = {"id": "o", "name": "T", "status": "PAUSED"}


@pytest.fixture
def forget(transformer_engine, owner_engine):
    """`forget(days)`: the beat, that long after everything that is there was written."""

    def later(days: float, **how: int) -> None:
        with owner_engine.begin() as connection:
            newest: datetime = connection.execute(text("SELECT now()")).scalar_one()
        forgetting(transformer_engine, lambda: newest + timedelta(days=days), **how).beat()

    return later


@pytest.fixture
def left(office):
    """How many rows each table of the ledger holds."""
    return lambda: {table: office.rows(f"SELECT count(*) AS n FROM ops.{table}")[0]["n"] for table in TABLES}


def read_twice(office):
    """Two blocks, one of them read twice, each with a row that cannot be read; then a lookup."""
    for scope, minute, name in ((BLOCK, 1, "a"), (NEXT_BLOCK, 2, "b"), (BLOCK, 3, "c")):
        rows = [row | {"id": f"{row['id']}-{scope}", "name": name} for row in GOOD]
        office.bring([*rows, BAD], read_at=at(minute), scope=scope, plan=[(BLOCK, timedelta(hours=1))])


def test_within_its_time_nothing_goes(office, forget, left):
    read_twice(office)
    before = left()
    forget(6)
    assert left() == before
    assert before["rejected_rows"] == 3


def test_rejected_rows_go_after_a_week_but_for_those_of_each_scopes_newest_load(office, forget, left):
    read_twice(office)
    before = left()
    forget(8)
    assert left() == before | {"rejected_rows": 2}
    batches = office.rows("SELECT l.read_to FROM ops.rejected_rows r JOIN ops.loads l USING (batch_ref) ORDER BY 1")
    assert [row["read_to"] for row in batches] == [at(2), at(3)]


def test_loads_and_measures_go_after_ninety_days_and_a_scope_is_as_fresh_as_before(office, forget, left):
    read_twice(office)
    before = left()
    forget(91)
    assert left() == before | {"loads": 2, "rejected_rows": 2, "quality": 0}
    office.bring([], read_at=at(9), scope="search:open", plan=[(BLOCK, timedelta(1)), (NEXT_BLOCK, timedelta(1))])
    fresh = {row["scope"]: row["last_read_at"] for row in office.rows("SELECT * FROM bi.freshness")}
    assert fresh == {BLOCK: at(3), NEXT_BLOCK: at(2)}


def test_a_message_that_comes_again_after_its_time_changes_nothing(office, forget, left):
    event = office.land(GOOD, read_at=at(1))
    office.load(event)
    office.bring([row | {"name": "newer"} for row in GOOD], read_at=at(2))
    forget(101)
    assert left()["processed_events"] == 0
    again = office.load(event)
    assert (again.inserted, again.updated, again.removed) == (0, 0, 0)
    assert office.shown()["t0"]["title"] == "newer"


def test_another_services_handled_messages_are_not_touched(office, forget, left):
    with office.engine.begin() as connection:
        connection.execute(
            text("INSERT INTO ops.processed_events (consumer, event_id, outcome) VALUES ('notifier', 'e', '{}')")
        )
    forget(1000)
    assert left()["processed_events"] == 1


@pytest.fixture
def tells(office, transformer_engine):
    """Whether an odd word is told that is met on this day of the story; what is old is forgotten before."""

    def told(day: float) -> bool:
        office.clock = NOW + timedelta(days=day)
        forgetting(transformer_engine, lambda: office.clock).beat()
        facts = office.handle(office.land([ODD | {"name": f"day {day}"}], read_at=office.clock))
        return any(isinstance(fact, SchemaDrifted) for fact in facts)

    return told


@pytest.mark.parametrize(
    ("days", "told_on"),
    [
        pytest.param((0, 0.1, 0.2, 1.5), [0], id="one fact, not one per load"),
        pytest.param(range(0, 400, 50), [0], id="what stays is told once, for ever"),
        pytest.param((0, 10, 375), [0, 375], id="what went and came back a year later is told again"),
        pytest.param((0, 89, 178), [0], id="what is met in time is known"),
    ],
)
def test_a_word_is_told_when_nobody_met_it_for_long(tells, days, told_on):
    assert [day for day in days if tells(day)] == told_on


def test_a_word_is_noted_once_a_day(office, tells):
    for day in (0, 0.1, 0.2, 1.5, 1.6):
        tells(day)
    noted = office.rows("SELECT measured_at FROM ops.quality WHERE starts_with(measure, 'unknown') ORDER BY 1")
    assert [row["measured_at"] for row in noted] == [NOW, NOW + timedelta(days=1.5)]


def mass(office, minute):
    gone = [{"id": f"t{n}", "lacked": 101, "held": 101} for n in range(8)]
    return office.handle(office.land([], read_at=at(minute), scope="lookup", removed=gone))


@pytest.mark.parametrize("decision", [None, "approved", "rejected"])
def test_what_waits_for_a_person_or_was_kept_by_one_stays(office, forget, left, console_engine, decision):
    office.bring(GOOD, read_at=at(1))
    mass(office, 2)
    if decision:
        console.decide_removals(console_engine, "gestta", None, decision, by="analyst", at=NOW)
    forget(1000)
    assert left()["pending_removals"] == 8
    assert bool([fact for fact in mass(office, 3) if isinstance(fact, SourceFailed)]) is (decision is None)


def test_what_was_carried_out_and_said_goes(office, forget, left, console_engine, transformer_engine):
    office.bring(GOOD, read_at=at(1))
    mass(office, 2)
    console.decide_removals(console_engine, "gestta", None, "approved", by="analyst", at=NOW)
    list(ApprovedRemovals(transformer_engine, source="/services/transformer", now=lambda: NOW).beat())
    forget(1000)
    assert left()["pending_removals"] == 0
    assert office.shown() == {}


MANY_LOADS = """
INSERT INTO ops.loads (event_id, correlation_id, system, scope, kind, batch_ref, records, inserted, updated, unchanged,
                       removed, rejected, read_to, started_at, committed_at)
SELECT 'e' || n, 'e', 'gestta', 'report:' || n % 12, 'full', 'gestta/b' || n, 0, 0, 0, 0, 0, 0, moment, moment, moment
FROM (SELECT n, now() - n * interval '1 minute' AS moment FROM generate_series(1, 20000) AS n) made
"""
THEIR_REJECTED_ROWS = """
INSERT INTO ops.rejected_rows (batch_ref, row_number, field, reason, raw, rejected_at)
SELECT batch_ref, 1, 'f', 'r', '{}', committed_at FROM ops.loads
"""


def rows_of_loads(plan):
    """How many rows of `ops.loads` a plan read, of what its parts read."""
    own = plan["Actual Rows"] * plan["Actual Loops"] if plan.get("Relation Name") == "loads" else 0
    return own + sum(map(rows_of_loads, plan.get("Plans", ())))


@pytest.mark.parametrize("table", ["loads", "rejected_rows"])
def test_what_is_to_go_is_found_without_reading_all_loads(office, table):
    with office.engine.begin() as connection:
        connection.execute(text(MANY_LOADS))
        connection.execute(text(THEIR_REJECTED_ROWS))
        connection.execute(text("ANALYZE ops.loads, ops.rejected_rows"))
        (eldest,) = connection.execute(text("SELECT min(committed_at) FROM ops.loads")).one()
        long_ago = {"most": 100, "load" if table == "loads" else "rejected_row": eldest + timedelta(hours=1)}
        statement = f"EXPLAIN (ANALYZE, FORMAT JSON) {DELETE.format(table=table, old=OLD[table])}"
        (found,) = connection.execute(text(statement), long_ago).scalar_one()
    assert rows_of_loads(found["Plan"]) < 1000


def test_it_goes_step_by_step(office, forget, left):
    for minute in range(1, 6):
        office.bring(GOOD, read_at=at(minute))
    forget(1000, most=3)
    assert (left()["loads"], left()["processed_events"]) == (2, 2)
    forget(1000, most=3)
    assert (left()["loads"], left()["processed_events"]) == (1, 0)
