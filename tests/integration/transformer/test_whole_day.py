"""A day of batches, replayed in any order: the same current rows; in their order: the same history."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from random import Random
from typing import Any
from uuid import uuid4

import pytest

from services.console.warehouse import decide_removals
from services.transformer.approved import ApprovedRemovals
from services.transformer.warehouse import Warehouse
from shared.contracts.envelope import Envelope
from shared.contracts.events import RawDataReady
from shared.landing import Landing
from tests.integration.transformer.conftest import NOW, Office
from tests.integration.transformer.simulated_day import MASS, Day

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

# When and by which load a row was written depends on the order of the loads, and nothing else does.
OF_LOADS = {"read_at", "loaded_at", "batch_ref"}
CURRENT = {
    "rows of Gestta": "SELECT * FROM operacional.gestta_tasks ORDER BY task_id",
    "pages of Notion": "SELECT * FROM operacional.notion_pages ORDER BY page_id",
    "panel": "SELECT * FROM bi.operational_panel ORDER BY task_id",
    "freshness": "SELECT system, scope, last_read_at, every FROM bi.freshness ORDER BY system, scope",
    "problems": "SELECT * FROM ops.problems ORDER BY problem",
    "clients at odds": "SELECT * FROM ops.clients_at_odds ORDER BY problem, client, name, url",
    "parts at odds": "SELECT * FROM ops.parts_at_odds ORDER BY field",
    "sightings": "SELECT system, row_id, part, scope, source_updated_at, read_at AS seen_at, content FROM ops.sightings"
    " WHERE part <> 'forced' ORDER BY system, row_id, part",
}
REMOVING = "SELECT DISTINCT system, kind FROM ops.loads WHERE removed > 0"
HISTORY = "SELECT * FROM bi.task_history ORDER BY source, task_id, valid_from"


@dataclass(frozen=True, slots=True)
class Lived:
    """A day that was lived, and what its batches leave when they are loaded once, in their order."""

    office: Office
    day: Day

    def load(self, events: Sequence[Envelope[RawDataReady]], **orders: Any) -> None:
        """In this order; a person approves what waits once all was loaded that had been read by then."""
        known_then = {event.data.batch_ref for event in self.day.read[: self.day.decided_after]}
        for event in events:
            self.office.handle(event, **orders)
            if event.data.batch_ref in known_then:
                known_then.remove(event.data.batch_ref)
                if not known_then:
                    self._approve()

    def replay(self, events: Sequence[Envelope[RawDataReady]], **orders: Any) -> None:
        """As the analyst does by the console: under new ids."""
        for event in events:
            self.load([replace(event, id=str(uuid4()), causationid=event.id, replay="r")], **orders)

    def _approve(self) -> None:
        decide_removals(self.office.engine, "gestta", None, "approved", by="analyst", at=NOW)
        list(ApprovedRemovals(self.office.engine, source="/services/test", now=lambda: NOW).beat())

    def current(self) -> dict[str, list[dict[str, Any]]]:
        return {
            what: [
                {name: value for name, value in row.items() if name not in OF_LOADS} for row in self.office.rows(query)
            ]
            for what, query in CURRENT.items()
        }

    def history(self) -> list[dict[str, Any]]:
        return self.office.rows(HISTORY)


@dataclass(frozen=True, slots=True)
class Truth:
    """Current rows, history, and which kinds of loads removed anything."""

    current: dict[str, list[dict[str, Any]]]
    history: list[dict[str, Any]]
    removing: list[dict[str, Any]]


@pytest.fixture(scope="module")
def lived(transformer_engine, owner_engine, tmp_path_factory):
    landing = Landing(str(tmp_path_factory.mktemp("day") / "landing"))
    office = Office(landing, Warehouse(transformer_engine, reject_limit=0.20), owner_engine)
    day = Day(office)
    day.live()
    return Lived(office, day)


@pytest.fixture(scope="module")
def truth(lived):
    """What the day's batches leave in their order."""
    lived.office.empty()
    lived.load(lived.day.read)
    return Truth(lived.current(), lived.history(), lived.office.rows(REMOVING))


def test_everything_happens_on_that_day(truth):
    current, history = truth.current, truth.history
    tasks = current["rows of Gestta"]
    assert sum(row["removed_at"] is not None for row in tasks) > MASS - 20, "a mass went, and twenty came back"
    assert len([row for row in history if row["continues"]]) > 3
    changed = {name for name in ("status", "owner", "due_date", "client_manager")
               for former, row in pairwise(history)
               if former["task_id"] == row["task_id"] and former[name] != row[name]}  # fmt: skip
    assert changed == {"status", "owner", "due_date", "client_manager"}
    assert {row["source"] for row in current["panel"]} == {"gestta", "notion"}
    assert {problem["problem"]: problem["rows"] for problem in current["problems"]}["codes_used_twice"] == 1
    assert len(truth.removing) == 3, "Gestta's and Notion's lookups, and a person's approval"


def test_in_their_order_into_an_empty_warehouse_the_history_is_the_same_too(lived, truth):
    lived.office.empty()
    lived.load(lived.day.read)
    assert (lived.current(), lived.history()) == (truth.current, truth.history)


def shuffled(batches: list[Envelope[RawDataReady]]) -> list[Envelope[RawDataReady]]:
    return Random(1).sample(batches, len(batches))


def backwards(batches: list[Envelope[RawDataReady]]) -> list[Envelope[RawDataReady]]:
    return batches[::-1]


def with_late_ones(batches: list[Envelope[RawDataReady]]) -> list[Envelope[RawDataReady]]:
    """One in seven arrives hours after it was read."""
    late = batches[1::7]
    in_time = [event for event in batches if event not in late]
    return in_time[:-5] + late + in_time[-5:]


@pytest.mark.parametrize("order", [shuffled, backwards, with_late_ones])
def test_in_any_order_the_current_rows_are_the_same(lived, truth, order):
    lived.office.empty()
    lived.load(order(lived.day.read))
    for what, rows in lived.current().items():
        assert rows == truth.current[what], what


def test_a_day_that_is_replayed_changes_nothing(lived, truth):
    lived.office.empty()
    lived.load(lived.day.read)
    lived.replay(lived.day.read)
    assert (lived.current(), lived.history()) == (truth.current, truth.history)
    lived.replay(lived.day.read, force=True)
    assert (lived.current(), lived.history()) == (truth.current, truth.history)
