"""What a load promises, on a real PostgreSQL with the transformer's own login."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count, permutations
from typing import Any

import pytest
from sqlalchemy import Engine, text

from services.transformer.approved import ApprovedRemovals
from services.transformer.service import LoadRawData
from services.transformer.tidy import gestta, notion
from services.transformer.warehouse import Warehouse
from shared.contracts.envelope import Envelope, batch_event_id, first
from shared.contracts.events import RawDataReady, SourceFailed, SourceRecovered, WarehouseLoaded
from shared.database.connection import WrongPassword, connect, transaction
from shared.errors import Rejected
from shared.landing import Landing, batch_id, iso

pytestmark = pytest.mark.integration

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
BLOCK = "report:2026-10-01/2026-12-31"


@dataclass
class House:
    """A landing and a transformer on a database of the test's own."""

    landing: Landing
    load: LoadRawData
    engine: Engine
    numbers: Iterator[int]

    def batch(self, scope: str, rows: list[dict[str, Any]], *, at: int, gone: tuple[str, ...] = (), lacked=1, held=10):
        """A landed batch read `at` seconds after noon, as its fact."""
        read_at = NOON + timedelta(seconds=at)
        name = batch_id(read_at, scope, f"{next(self.numbers):06d}")
        asked = [{"id": g, "scope": BLOCK, "asked_at": iso(read_at), "lacked": lacked, "held": held} for g in gone]
        with self.landing.write("gestta", name, day=read_at.date()) as batch:
            for row in rows:
                batch.add(row, read_at=read_at)
            sha256 = batch.finish()
            content: dict[str, Any] = {"batch_ref": batch.batch_ref, "scope": scope, "kind": "full", "sha256": sha256}
            content |= {"records": batch.records, "read_to": iso(read_at), "removed": asked}
            content["plan"] = [{"scope": BLOCK, "every_seconds": 420}]
            batch.commit(content)
        fact = RawDataReady(
            system="gestta",
            batch_ref=batch.batch_ref,
            sha256=sha256,
            records=len(rows),
            removed=len(gone),
            scope=scope,
            kind="full",
            read_from=read_at,
            read_to=read_at,
        )
        return first(fact, source="/services/test", time=read_at, event_id=batch_event_id(batch.batch_ref))

    def give(self, event: Envelope[RawDataReady]) -> WarehouseLoaded:
        """Load a batch; what was said last of it."""
        loaded = list(self.load(event))[-1]
        assert isinstance(loaded, WarehouseLoaded)
        return loaded

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(query))]

    def live(self) -> list[tuple[Any, ...]]:
        """Everything of the current rows that must not depend on the order of arrival."""
        return self.rows(
            "SELECT task_id, title, status, owner, department FROM operacional.gestta_tasks"
            " WHERE removed_at IS NULL ORDER BY task_id"
        )


@pytest.fixture
def houses(tmp_path, login_url: Callable[[str], str], engine: Engine) -> Iterator[House]:
    own = connect(login_url("transformer"), name="test")
    landing = Landing(str(tmp_path / "landing"))
    warehouse = Warehouse(own, reject_limit=0.2)
    tidy = {"gestta": gestta.tidy, "notion": notion.tidy}
    yield House(landing, LoadRawData(landing, warehouse, tidy, 0.15, "these rules", lambda: NOON), engine, count(1))
    own.dispose()


def report(task: str, **more: Any) -> dict[str, Any]:
    return {"id": task, "name": "DAS", "status": "OPEN", "_due_date": "2026-11-20T03:00:00.000Z", **more}


def search(task: str, **more: Any) -> dict[str, Any]:
    return {"_id": task, "name": "DAS", "status": "OPEN", **more}


def test_a_redelivered_batch_gets_the_stored_outcome_and_touches_nothing(houses):
    event = houses.batch(BLOCK, [report("a"), report("b")], at=1)
    once = houses.give(event)
    assert houses.give(event) == once
    assert (once.inserted, once.updated) == (2, 0)
    assert houses.rows("SELECT count(*) FROM ops.loads") == [(1,)]


def test_unchanged_rows_are_not_written_at_all(houses):
    houses.give(houses.batch(BLOCK, [report(f"t{i}") for i in range(50)], at=1))
    before = houses.rows("SELECT xmin::text, ctid::text FROM operacional.gestta_tasks ORDER BY task_id")
    loaded = houses.give(houses.batch(BLOCK, [report(f"t{i}") for i in range(50)], at=2))
    assert (loaded.inserted, loaded.updated, loaded.unchanged) == (0, 0, 50)
    assert before == houses.rows("SELECT xmin::text, ctid::text FROM operacional.gestta_tasks ORDER BY task_id")


def test_an_older_batch_loses_against_what_was_last_seen_not_against_what_last_changed(houses):
    houses.give(houses.batch(BLOCK, [report("a", name="A")], at=1))
    houses.give(houses.batch(BLOCK, [report("a", name="A")], at=3))
    houses.give(houses.batch(BLOCK, [report("a", name="B")], at=2))
    assert [row[1] for row in houses.live()] == ["A"]


def test_a_person_may_force_an_older_batch(houses):
    houses.give(houses.batch(BLOCK, [report("a", name="new")], at=2))
    older = houses.batch(BLOCK, [report("a", name="old")], at=1)
    houses.give(replace(older, force=True))
    assert [row[1] for row in houses.live()] == ["old"]


def test_an_absent_key_never_clears_what_the_other_part_knows(houses):
    houses.give(houses.batch("search:open", [search("a", owner={"name": "Ana"})], at=1))
    houses.give(houses.batch(BLOCK, [report("a")], at=2))
    assert [row[3] for row in houses.live()] == ["Ana"]


def test_a_part_that_newer_rules_cannot_read_goes_on_saying_what_it_was_read_as(houses):
    houses.give(houses.batch(BLOCK, [report("a", value=12.5, created_at="2026-10-01T12:00:00.000Z")], at=1))
    with houses.engine.begin() as connection:  # as rules would have it that refuse what older ones took
        connection.execute(
            text("UPDATE operacional.gestta_tasks SET report = jsonb_set(report, '{value}', '\"much\"')")
        )
    before = houses.rows("SELECT value, created_at, due_date FROM operacional.gestta_tasks")
    houses.give(houses.batch("search:open", [search("a", owner={"name": "Ana"})], at=2))
    assert houses.rows("SELECT value, created_at, due_date FROM operacional.gestta_tasks") == before
    assert [row[3] for row in houses.live()] == ["Ana"]
    assert before[0][0] == Decimal("12.5")


def test_a_null_parent_is_an_answer_and_the_newest_part_wins(houses):
    houses.give(houses.batch("search:open", [search("a", owner={"name": "Ana"})], at=1))
    houses.give(houses.batch(BLOCK, [report("a", owner=None)], at=2))
    assert [row[3] for row in houses.live()] == [None]


STORY: tuple[tuple[str, list[dict[str, Any]], int, tuple[str, ...]], ...] = (
    (BLOCK, [report("a", name="A1"), report("b")], 1, ()),
    ("search:open", [search("a", name="A2", owner={"name": "Ana"})], 2, ()),
    (BLOCK, [report("a", name="A3")], 3, ()),
    ("lookup", [], 4, ("a", "b")),
    ("search:open", [search("a", name="A5")], 5, ()),
)


@pytest.mark.parametrize("order", list(permutations(range(5)))[::7], ids=str)
def test_the_order_of_arrival_makes_no_difference(houses, order):
    events = [houses.batch(scope, rows, at=at, gone=gone) for scope, rows, at, gone in STORY]
    for index in (*order, order[0]):
        houses.give(events[index])
    assert houses.live() == [("a", "A5", "open", None, None)]


def test_a_removed_row_comes_back_with_any_later_read(houses):
    houses.give(houses.batch(BLOCK, [report("a")], at=1))
    assert houses.give(houses.batch("lookup", [], at=2, gone=("a",))).removed == 1
    assert houses.live() == []
    houses.give(houses.batch(BLOCK, [report("a")], at=3))
    assert [row[0] for row in houses.live()] == ["a"]


def test_a_mass_removal_waits_for_a_person(houses):
    tasks = [f"t{i}" for i in range(300)]
    houses.give(houses.batch(BLOCK, [report(task) for task in tasks], at=1))
    facts = list(houses.load(houses.batch("lookup", [], at=2, gone=tuple(tasks[:200]), lacked=200, held=300)))
    assert [fact.scope for fact in facts if isinstance(fact, SourceFailed)] == ["mass_removal"]
    assert len(houses.live()) == 300
    houses.give(houses.batch(BLOCK, [report("t0")], at=3))
    with transaction(houses.engine) as connection:
        connection.execute(
            text("UPDATE ops.pending_removals SET decision = 'approved', decided_by = 'ana', decided_at = now()")
        )
    approved = ApprovedRemovals(houses.engine, source="/services/transformer", now=lambda: NOON)
    loaded, over = (fact.data for fact in approved.beat())
    assert isinstance(loaded, WarehouseLoaded)
    assert (loaded.removed, over) == (199, SourceRecovered(system="gestta", scope="mass_removal"))
    assert len(houses.live()) == 101


def test_a_row_that_cannot_be_read_is_set_aside_and_the_rest_loads(houses):
    rows = [report(f"t{i}") for i in range(9)] + [report("bad", _due_date="soon")]
    loaded = houses.give(houses.batch(BLOCK, rows, at=1))
    assert (loaded.inserted, loaded.rejected) == (9, 1)
    assert houses.rows("SELECT row_id, field FROM ops.rejected_rows") == [("bad", "due_date")]


def test_too_many_unreadable_rows_park_the_batch_whole_unless_a_person_accepts(houses):
    event = houses.batch(BLOCK, [report("a"), report("b", _due_date=7)], at=1)
    with pytest.raises(Rejected, match="accept-rejects"):
        houses.give(event)
    assert houses.live() == []
    assert houses.give(replace(event, acceptrejects=True)).inserted == 1


def test_a_damaged_batch_is_refused(houses):
    event = houses.batch(BLOCK, [report("a")], at=1)
    with pytest.raises(Rejected, match="damaged"):
        houses.give(replace(event, data=replace(event.data, sha256="0" * 64)))


def test_the_view_never_doubles_and_never_loses_a_task(houses):
    houses.give(houses.batch(BLOCK, [report("a", **{"customer.code": "0012"}), report("b")], at=1))
    with transaction(houses.engine) as connection:
        for page, name, edited in (("p1", "Old", NOON), ("p2", "New", NOON + timedelta(days=1))):
            connection.execute(
                text(
                    "INSERT INTO operacional.notion_pages (page_id, data_source_id, role, client_key, trade_name,"
                    " properties, content_hash, read_at, source_updated_at, batch_ref)"
                    " VALUES (:page, 's', 'clients', '12', :name, '{}', '', :at, :at, 'x')"
                ),
                {"page": page, "name": name, "at": edited},
            )
    shown = houses.rows("SELECT task_id, client_trade_name FROM bi.operational_panel ORDER BY task_id")
    assert shown == [("a", "New"), ("b", None)]


def test_an_unknown_status_is_kept_shown_as_open_and_told_once(houses):
    facts = list(houses.load(houses.batch(BLOCK, [report("a", status="PAUSED")], at=1)))
    assert [fact.fields for fact in facts if hasattr(fact, "fields")] == [("status=PAUSED",)]
    again = list(houses.load(houses.batch(BLOCK, [report("a", status="PAUSED")], at=2)))
    assert [fact for fact in again if hasattr(fact, "fields")] == []
    assert houses.rows("SELECT status, source_status FROM operacional.gestta_tasks") == [("open", "PAUSED")]


@pytest.mark.parametrize(
    ("login", "query", "may"),
    [
        ("bi_reader", "SELECT count(*) FROM bi.operational_panel", True),
        ("bi_reader", "SELECT count(*) FROM operacional.gestta_tasks", False),
        ("bi_reader", "SELECT count(*) FROM ops.loads", False),
        ("panel_reader", "SELECT count(*) FROM ops.problems", True),
        ("panel_reader", "SELECT count(*) FROM ops.rejected_rows", False),
        ("notifier", "UPDATE operacional.gestta_tasks SET title = 'x'", False),
        ("transformer", "DROP VIEW bi.operational_panel", False),
        ("console", "DELETE FROM operacional.gestta_tasks", False),
    ],
)
def test_each_login_may_do_what_it_needs_and_no_more(login_url, login, query, may):
    engine = connect(login_url(login), name="test")
    try:
        with engine.begin() as connection:
            if may:
                connection.execute(text(query))
            else:
                with pytest.raises(Exception, match=r"permission denied|must be owner"):
                    connection.execute(text(query))
    finally:
        engine.dispose()


def test_a_wrong_password_is_told_as_that(login_url):
    engine = connect(login_url("transformer").replace("transformer-", "wrong-"), name="test")
    with pytest.raises(WrongPassword, match="wrong password"), transaction(engine):
        pass
    engine.dispose()
