"""A small model beside the warehouse: in any order, any number of times, from any number of transformers.

Of what the guarantees speak of it holds: what was seen again unchanged before an older batch arrives; a row that moves
between blocks, a block that is halved, a year that leaves the range; part after part; a removal before an older batch,
one that is older than the row; a mass that waits, is approved after its rows came back, or kept; what a person forces.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from services.console.warehouse import decide_removals
from services.transformer.approved import ApprovedRemovals
from services.transformer.warehouse import Warehouse
from shared.contracts.envelope import Envelope
from shared.contracts.events import RawDataReady
from shared.landing import Landing
from tests.integration.transformer.conftest import BLOCK, NEXT_BLOCK, NOW, Office, at

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1200)]

EXAMPLES = 500
HALF = "report:2026-10-01/2026-11-15"


@dataclass(frozen=True, slots=True)
class Told:
    """What one batch says: contents by task id, or ids that are gone."""

    part: str
    minute: int
    rows: dict[str, dict[str, Any]]
    gone: frozenset[str] = frozenset()
    waits: bool = False
    """Its removals are a mass: they wait for a person."""
    scope: str = ""
    plan: frozenset[str] = frozenset()
    forced: bool = False


def expected(told: list[Told], task_id: str) -> tuple[Any, ...] | None:
    """The house's rule in a few lines: of each part the newest or what a person forced since, of both the newest key,
    alive while seen after gone.
    """
    newest: dict[str, Told] = {}
    for batch in told:
        known = newest.get(batch.part)
        if task_id in batch.rows and (known is None or batch.forced or known.minute <= batch.minute):
            newest[batch.part] = batch
    if not newest:
        return None
    fields: dict[str, Any] = {}
    for batch in sorted(newest.values(), key=lambda batch: batch.minute):
        fields |= batch.rows[task_id]
    gone = max((batch.minute for batch in told if task_id in batch.gone), default=-1)
    alive = max(batch.minute for batch in told if task_id in batch.rows) > gone
    return fields["title"], fields.get("owner"), fields.get("status", "open"), alive


OWNERS = st.sampled_from([{}, {"owner": None}, {"owner": "Ana"}, {"owner": "Bia"}])
STATUSES = st.sampled_from([{}, {"status": "open"}, {"status": "done"}])
CONTENTS = st.builds(
    lambda title, owner, status: {"title": title} | owner | status, st.sampled_from("AB"), OWNERS, STATUSES
)
PLANS = st.frozensets(st.sampled_from([BLOCK, HALF, NEXT_BLOCK]), min_size=1)
ROWS = st.dictionaries(st.sampled_from("xyz"), CONTENTS, max_size=3)
GONE = st.frozensets(st.sampled_from("xyz"), min_size=1)
WORDS = {"open": "OPEN", "done": "DONE"}


class Arrivals(RuleBasedStateMachine):
    """Batches are read one after another and arrive in any order, any number of times."""

    office: Office

    @initialize()
    def begin(self) -> None:
        self.office.empty()
        self.minute = 0
        self.landed: list[tuple[Told, Envelope[RawDataReady]]] = []
        self.handled: set[int] = set()
        self.told: list[Told] = []
        self.waiting: dict[str, int] = {}
        self.carried_out: dict[str, int] = {}
        self.kept: set[str] = set()
        self.forced: set[str] = set()

    @rule(scope=st.sampled_from([BLOCK, HALF, NEXT_BLOCK]), rows=ROWS, plan=PLANS, arrives=st.booleans())
    def report_is_read(self, scope: str, rows: dict[str, dict[str, Any]], plan: frozenset[str], arrives: bool) -> None:
        raw = [_flat(task_id, fields) for task_id, fields in rows.items()]
        self._read(Told("report", self._now(), rows, scope=scope, plan=plan), raw, arrives)

    @rule(rows=ROWS, arrives=st.booleans())
    def search_is_read(self, rows: dict[str, dict[str, Any]], arrives: bool) -> None:
        raw = [_nested(task_id, fields) for task_id, fields in rows.items()]
        self._read(Told("search", self._now(), rows, scope="search:open"), raw, arrives)

    @rule(gone=GONE, rows=ROWS, waits=st.booleans(), arrives=st.booleans())
    def lookup_is_read(self, gone: frozenset[str], rows: dict[str, dict[str, Any]], waits: bool, arrives: bool) -> None:
        rows = {task_id: fields for task_id, fields in rows.items() if task_id not in gone}
        raw = [_nested(task_id, fields) for task_id, fields in rows.items()]
        self._read(Told("search", self._now(), rows, gone, waits, "lookup"), raw, arrives)

    @rule(which=st.integers(0, 100), anew=st.booleans())
    def something_arrives(self, which: int, anew: bool) -> None:
        if self.landed:
            self._deliver(which % len(self.landed), anew=anew)

    @rule(which=st.integers(0, 100))
    def a_person_forces_a_batch(self, which: int) -> None:
        if not self.landed:
            return
        told, event = self.landed[which % len(self.landed)]
        self.office.again(event, force=True, replay="r")
        self.forced |= told.rows.keys()
        self._is_told(which % len(self.landed), anew=True, forced=True)

    @rule(which=st.lists(st.integers(0, 100), min_size=2, max_size=3))
    def several_transformers_load_at_once(self, which: list[int]) -> None:
        indices = sorted({number % len(self.landed) for number in which}) if self.landed else []
        with ThreadPoolExecutor(max_workers=3) as transformers:
            for loaded in [transformers.submit(self.office.load, self.landed[index][1]) for index in indices]:
                loaded.result()
        for index in indices:
            self._is_told(index, anew=False)

    @rule()
    def a_person_approves_what_waits(self) -> None:
        self._decide("approved")
        self.told += [Told("gone", minute, {}, frozenset({row})) for row, minute in self.waiting.items()]
        self.carried_out |= self.waiting
        self.waiting.clear()

    @rule()
    def a_person_keeps_what_waits(self) -> None:
        self._decide("rejected")
        self.kept |= self.waiting.keys()
        self.waiting.clear()

    @invariant()
    def the_current_rows_are_what_was_seen_last(self) -> None:
        stored = {
            row["task_id"]: (row["title"], row["owner"], row["status"], row["removed_at"] is None)
            for row in self.office.rows("SELECT * FROM operacional.gestta_tasks")
        }
        wanted = {task_id: state for task_id in "xyz" if (state := expected(self.told, task_id))}
        assert stored == wanted

    @invariant()
    def what_is_planned_is_what_the_newest_plan_says_and_as_fresh_as_its_own_reads(self) -> None:
        told = [one for one in self.told if one.plan]
        plan = max(told, key=lambda one: one.minute).plan if told else frozenset()
        wanted = {
            scope: max((at(one.minute) for one in self.told if one.scope == scope), default=None) for scope in plan
        }
        stored = {row["scope"]: row["last_read_at"] for row in self.office.rows("SELECT * FROM bi.freshness")}
        assert stored == wanted

    @invariant()
    def the_historys_open_line_says_what_the_row_says(self) -> None:
        for row in self.office.rows(
            "SELECT t.task_id, t.removed_at, h.valid_from IS NOT NULL AS has_line,"
            " (h.status, h.owner) IS NOT DISTINCT FROM (t.status, t.owner) AS agrees"
            " FROM operacional.gestta_tasks t"
            " LEFT JOIN operacional.task_history h ON h.task_id = t.task_id AND h.valid_to IS NULL"
        ):
            assert row["has_line"] is (row["removed_at"] is None)
            assert row["agrees"] or row["removed_at"] or row["task_id"] in self.forced

    @invariant()
    def the_history_is_one_line_of_changes_without_a_gap_turned_round(self) -> None:
        for row in self.office.rows(
            "SELECT valid_from, valid_to, lead(valid_from) OVER story AS next FROM operacional.task_history"
            " WINDOW story AS (PARTITION BY task_id ORDER BY valid_from)"
        ):
            assert row["valid_to"] is None or row["valid_from"] < row["valid_to"]
            assert row["next"] is None or (row["valid_to"] is not None and row["valid_to"] <= row["next"])

    def teardown(self) -> None:
        for index in reversed(range(len(getattr(self, "landed", [])))):
            self._deliver(index, anew=False)
        if hasattr(self, "told"):
            self.the_current_rows_are_what_was_seen_last()

    def _now(self) -> int:
        self.minute += 1
        return self.minute

    def _decide(self, decision: str) -> None:
        decide_removals(self.office.engine, "gestta", None, decision, by="analyst", at=NOW)
        list(ApprovedRemovals(self.office.engine, source="/services/test", now=lambda: NOW).beat())

    def _read(self, told: Told, raw: list[dict[str, Any]], arrives: bool) -> None:
        many = 1_000 if told.waits else 1
        removed = [{"id": row, "lacked": many, "held": 1_000} for row in sorted(told.gone)]
        plan = [(scope, timedelta(minutes=7)) for scope in sorted(told.plan)]
        event = self.office.land(raw, read_at=at(told.minute), scope=told.scope, removed=removed, plan=plan)
        self.landed.append((told, event))
        if arrives:
            self._deliver(len(self.landed) - 1, anew=False)

    def _deliver(self, index: int, *, anew: bool) -> None:
        event = self.landed[index][1]
        (self.office.again if anew else self.office.load)(event)
        self._is_told(index, anew=anew)

    def _is_told(self, index: int, *, anew: bool, forced: bool = False) -> None:
        told = self.landed[index][0]
        if index in self.handled and not anew:
            return
        if not anew:
            self.handled.add(index)
        told = replace(told, forced=forced)
        if told.waits:
            for row in told.gone - self.kept:
                if told.minute > max(self.waiting.get(row, 0), self.carried_out.get(row, 0)):
                    self.waiting[row] = told.minute
            told = replace(told, gone=frozenset())
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
                max_examples=EXAMPLES,
                stateful_step_count=8,
                deadline=None,
                derandomize=True,
                suppress_health_check=list(HealthCheck),
            ),
        )
