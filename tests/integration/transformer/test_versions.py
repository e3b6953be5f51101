"""Newer never gives way to older, whatever the order of arrival (guarantees 2 and 3)."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from services.transformer.warehouse import Warehouse
from shared.landing import Landing
from tests.integration.transformer.conftest import BLOCK, NEXT_BLOCK, REGISTER, Office, at, page

pytestmark = pytest.mark.integration


def report(title: str, task_id: str = "a", **other: Any) -> dict[str, Any]:
    return {"id": task_id, "name": title, "status": "OPEN"} | other


def search(title: str, task_id: str = "a", **other: Any) -> dict[str, Any]:
    return {"_id": task_id, "name": title, "status": "OPEN"} | other


def test_a_redelivery_returns_the_stored_outcome_and_touches_no_row(office):
    event = office.land([report("A"), report("B", "b")], read_at=at(1))
    said = office.handle(event)
    before = office.rows("SELECT xmin, ctid, * FROM operacional.gestta_tasks ORDER BY task_id")
    assert office.handle(event) == said
    assert office.rows("SELECT xmin, ctid, * FROM operacional.gestta_tasks ORDER BY task_id") == before
    assert len(office.rows("SELECT * FROM ops.loads")) == 1


def test_a_redelivery_returns_its_outcome_even_when_the_batch_is_gone(office):
    event = office.land([report("A")], read_at=at(1))
    said = office.handle(event)
    newer = office.land([report("B")], read_at=at(2))
    office.handle(newer)
    assert office.handle(event) == said
    assert office.task()["title"] == "B"


@pytest.mark.parametrize(
    ("story", "title"),
    [
        ("A1 B2", "B"),
        ("B2 A1", "B"),
        ("A1 A3 B2", "A"),
        ("A3 B2 A1", "A"),
        ("B2 A1 A3", "A"),
        ("A1 B2 A1 A1", "B"),
        ("A1 B1", "B"),
    ],
    ids=[
        "in order",
        "turned round",
        "seen again unchanged, an older one last",
        "backwards",
        "the oldest in the middle",
        "again and again",
        "at an equal version another content wins",
    ],
)
def test_what_was_seen_last_counts_not_what_came_last(office, story, title):
    landed: dict[str, Any] = {}
    for name in story.split():
        if name not in landed:
            landed[name] = office.land([report(name[0])], read_at=at(int(name[1:])))
            office.load(landed[name])
        else:
            office.again(landed[name])
    assert office.task()["title"] == title


def test_a_person_may_force_an_older_batch(office):
    old = office.land([report("A")], read_at=at(1))
    office.bring([report("B")], read_at=at(2))
    assert office.again(old).updated == 0
    assert office.again(old, force=True, replay="r").updated == 1
    assert office.task()["title"] == "A"
    assert office.bring([report("B")], read_at=at(3)).updated == 1
    assert office.task()["title"] == "B"


def test_one_part_never_clears_what_the_other_knows(office):
    office.bring([report("A", **{"owner.name": "Ana", "fine": True})], read_at=at(1))
    office.bring([search("A2", competence_date="2026-11-01T03:00:00Z")], read_at=at(2), scope="search:open")
    task = office.task()
    assert (task["title"], task["owner"], task["generates_fine"], str(task["competence"])) == (
        "A2",
        "Ana",
        True,
        "2026-11-01",
    )
    office.bring([report("A3")], read_at=at(3))
    task = office.task()
    assert (task["title"], task["owner"], str(task["competence"])) == ("A3", None, "2026-11-01"), (
        "its own part forgot it"
    )


def test_null_in_the_newer_part_does_clear_it(office):
    office.bring([report("A", **{"owner.name": "Ana"})], read_at=at(1))
    office.bring([search("A", owner=None)], read_at=at(2), scope="search:open")
    assert office.task()["owner"] is None
    office.bring([report("A", **{"owner.name": "Ana"})], read_at=at(3))
    assert office.task()["owner"] == "Ana"


def test_the_part_seen_last_wins_though_the_other_changed_last(office):
    office.bring([report("A")], read_at=at(1))
    office.bring([search("S")], read_at=at(2), scope="search:open")
    assert office.task()["title"] == "S"
    office.bring([report("A")], read_at=at(3))
    assert office.task()["title"] == "A", "the report was seen after the search, although it said nothing new"


def test_a_row_that_moves_to_another_block_is_one_row(office):
    office.bring([report("A", _due_date="2026-12-30")], read_at=at(1), scope=BLOCK)
    office.bring([report("A", _due_date="2027-01-05")], read_at=at(2), scope=NEXT_BLOCK)
    office.bring([], read_at=at(3), scope=BLOCK)
    assert str(office.shown()["a"]["due_date"]) == "2027-01-05"


def test_unchanged_rows_are_not_written(office):
    rows = [report(f"T{n}", f"t{n}", **{"owner.name": "Ana"}) for n in range(300)]
    office.bring(rows, read_at=at(1))
    before = office.rows("SELECT ctid, xmin, task_id FROM operacional.gestta_tasks ORDER BY task_id")
    rows[7] = report("other", "t7")
    loaded = office.bring(rows, read_at=at(2))
    assert (loaded.inserted, loaded.updated, loaded.unchanged) == (0, 1, 299)
    after = office.rows("SELECT ctid, xmin, task_id FROM operacional.gestta_tasks ORDER BY task_id")
    assert [row["task_id"] for row, former in zip(after, before, strict=True) if row != former] == ["t7"]


def test_a_pages_edit_time_goes_before_the_time_it_was_read(office):
    office.load(office.land_pages([page("p", edited=at(5), title="new")], read_at=at(10)))
    office.load(office.land_pages([page("p", edited=at(1), title="old")], read_at=at(20)))
    (stored,) = office.rows("SELECT title FROM operacional.notion_pages")
    assert stored["title"] == "new", "a lagging index does not undo an edit"
    office.load(office.land_pages([page("p", edited=at(5), title="same minute")], read_at=at(30)))
    (stored,) = office.rows("SELECT title FROM operacional.notion_pages")
    assert stored["title"] == "same minute"


def test_a_page_whose_mapping_changed_is_a_change(office):
    event = office.land_pages([page("p", title="T")], read_at=at(1))
    office.load(event)
    other = {"role": "tasks", "fields": {"title": {"id": "title"}}, "statuses": {}}
    assert office.load(office.land_pages([page("p", title="T")], read_at=at(2), mapping=other)).updated == 1


def test_an_address_that_changes_on_every_read_is_no_change(office):
    office.load(office.land_pages([page("p", title="T")], read_at=at(1)))
    moved = page("p", title="T") | {"url": "https://app.notion.com/p/elsewhere"}
    assert office.load(office.land_pages([moved], read_at=at(2))).unchanged == 1


def test_the_same_row_twice_in_a_batch_is_one_row(office):
    loaded = office.bring([report("first"), report("second"), report("B", "b")], read_at=at(1))
    assert (loaded.inserted, office.task()["title"]) == (2, "second")


def test_history_is_written_in_the_order_of_reading(office):
    office.bring([report("A", status="OPEN")], read_at=at(1))
    office.bring([report("A", status="IMPEDIMENT")], read_at=at(3))
    late = office.land([report("A", status="DONE")], read_at=at(2))
    office.load(late)
    office.bring([report("A", status="IMPEDIMENT", **{"customer.name": "X"})], read_at=at(4))
    office.bring([report("A", status="DONE")], read_at=at(5))
    story = office.rows("SELECT status, valid_from, valid_to FROM operacional.task_history ORDER BY valid_from")
    assert [(row["status"], row["valid_from"], row["valid_to"]) for row in story] == [
        ("open", at(1), at(3)),
        ("blocked", at(3), at(5)),
        ("done", at(5), None),
    ]


def test_a_removal_ends_the_history_and_a_return_opens_it_again(office):
    office.bring([report("A")], read_at=at(1))
    office.bring([], read_at=at(2), scope="lookup", removed=["a"])
    office.bring([report("A")], read_at=at(3))
    story = office.rows("SELECT valid_from, valid_to FROM operacional.task_history ORDER BY valid_from")
    assert [(row["valid_from"], row["valid_to"]) for row in story] == [(at(1), at(2)), (at(3), None)]


@dataclass(frozen=True, slots=True)
class Told:
    """What one batch says: contents by task id, or ids that are gone."""

    part: str
    minute: int
    rows: dict[str, dict[str, Any]]
    gone: frozenset[str] = frozenset()


def expected(told: list[Told], task_id: str) -> tuple[Any, ...] | None:
    """The house's rule in ten lines: of each part the newest, of both the newest key, alive while seen after gone."""
    newest: dict[str, Told] = {}
    for batch in told:
        if task_id in batch.rows and (batch.part not in newest or newest[batch.part].minute <= batch.minute):
            newest[batch.part] = batch
    if not newest:
        return None
    fields: dict[str, Any] = {}
    for batch in sorted(newest.values(), key=lambda batch: batch.minute):
        fields |= batch.rows[task_id]
    gone = max((batch.minute for batch in told if task_id in batch.gone), default=-1)
    alive = max(batch.minute for batch in newest.values()) > gone
    return fields["title"], fields.get("owner"), fields.get("status", "open"), alive


OWNERS = st.sampled_from([{}, {"owner": None}, {"owner": "Ana"}, {"owner": "Bia"}])
STATUSES = st.sampled_from([{}, {"status": "open"}, {"status": "done"}])
CONTENTS = st.builds(
    lambda title, owner, status: {"title": title} | owner | status, st.sampled_from("AB"), OWNERS, STATUSES
)
ROWS = st.dictionaries(st.sampled_from("xyz"), CONTENTS, max_size=3)
WORDS = {"open": "OPEN", "done": "DONE"}


class Arrivals(RuleBasedStateMachine):
    """Batches are read one after another and arrive in any order, any number of times."""

    office: Office

    @initialize()
    def begin(self) -> None:
        self.office.empty()
        self.minute = 0
        self.landed: list[tuple[Told, Any]] = []
        self.told: list[Told] = []

    @rule(scope=st.sampled_from([BLOCK, NEXT_BLOCK]), rows=ROWS, arrives=st.booleans())
    def report_is_read(self, scope: str, rows: dict[str, dict[str, Any]], arrives: bool) -> None:
        self._read("report", scope, [_flat(task_id, fields) for task_id, fields in rows.items()], rows, arrives)

    @rule(rows=ROWS, arrives=st.booleans())
    def search_is_read(self, rows: dict[str, dict[str, Any]], arrives: bool) -> None:
        self._read(
            "search", "search:open", [_nested(task_id, fields) for task_id, fields in rows.items()], rows, arrives
        )

    @rule(gone=st.frozensets(st.sampled_from("xyz"), min_size=1), rows=ROWS, arrives=st.booleans())
    def lookup_is_read(self, gone: frozenset[str], rows: dict[str, dict[str, Any]], arrives: bool) -> None:
        rows = {task_id: fields for task_id, fields in rows.items() if task_id not in gone}
        self._read(
            "search", "lookup", [_nested(task_id, fields) for task_id, fields in rows.items()], rows, arrives, gone
        )

    @rule(which=st.integers(0, 100), anew=st.booleans())
    def something_arrives(self, which: int, anew: bool) -> None:
        if self.landed:
            self._deliver(which % len(self.landed), anew=anew)

    @invariant()
    def the_current_rows_are_what_was_seen_last(self) -> None:
        stored = {
            row["task_id"]: (row["title"], row["owner"], row["status"], row["removed_at"] is None)
            for row in self.office.rows("SELECT * FROM operacional.gestta_tasks")
        }
        wanted = {task_id: state for task_id in "xyz" if (state := expected(self.told, task_id))}
        assert stored == wanted

    def teardown(self) -> None:
        for index in reversed(range(len(getattr(self, "landed", [])))):
            self._deliver(index, anew=False)
        if hasattr(self, "told"):
            self.the_current_rows_are_what_was_seen_last()

    def _read(
        self,
        part: str,
        scope: str,
        raw: list[dict[str, Any]],
        rows: dict[str, dict[str, Any]],
        arrives: bool,
        gone: frozenset[str] = frozenset(),
    ) -> None:
        self.minute += 1
        event = self.office.land(raw, read_at=at(self.minute), scope=scope, removed=sorted(gone))
        self.landed.append((Told(part, self.minute, rows, gone), event))
        if arrives:
            self._deliver(len(self.landed) - 1, anew=False)

    def _deliver(self, index: int, *, anew: bool) -> None:
        told, event = self.landed[index]
        (self.office.again if anew else self.office.load)(event)
        self.told.append(told)


def _flat(task_id: str, fields: dict[str, Any]) -> dict[str, Any]:
    row = {"id": task_id, "name": fields["title"]}
    if "owner" in fields:
        row["owner.name"] = fields["owner"]
    return row | ({"status": WORDS[fields["status"]]} if "status" in fields else {})


def _nested(task_id: str, fields: dict[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = {"_id": task_id, "name": fields["title"]}
    if "owner" in fields:
        row["owner"] = {"name": fields["owner"]} if fields["owner"] else None
    return row | ({"status": WORDS[fields["status"]]} if "status" in fields else {})


def test_batches_in_any_order_and_any_number_of_times_leave_the_same_rows(transformer_engine, owner_engine):
    with TemporaryDirectory() as folder:
        Arrivals.office = Office(
            Landing(str(Path(folder))), Warehouse(transformer_engine, reject_limit=0.2), owner_engine
        )
        run_state_machine_as_test(
            Arrivals,
            settings=settings(
                max_examples=15,
                stateful_step_count=10,
                deadline=timedelta(seconds=10),
                derandomize=True,
                suppress_health_check=list(HealthCheck),
            ),
        )


def test_two_sources_with_one_id_do_not_meet(office):
    office.bring([report("A", "p")], read_at=at(9))
    office.load(office.land_pages([page("p", title="P")], read_at=at(1), scope=REGISTER))
    assert office.task("p")["title"] == "A"
    assert office.rows("SELECT title FROM operacional.notion_pages") == [{"title": "P"}]
