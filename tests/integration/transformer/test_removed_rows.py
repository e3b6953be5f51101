"""Gone is gone, and only then; a mass waits for a person (guarantee 4)."""

from datetime import timedelta
from uuid import uuid4

import pytest

from services.console import warehouse as console
from services.transformer.approved import ApprovedRemovals
from shared.contracts.events import SourceFailed, SourceRecovered, WarehouseLoaded
from tests.integration.transformer.conftest import BLOCK, NEXT_BLOCK, NOW, at

pytestmark = pytest.mark.integration
OVER = SourceRecovered(system="gestta", scope="mass_removal")


def task(task_id: str, title: str = "T") -> dict[str, str]:
    return {"id": task_id, "name": title}


def test_what_is_gone_leaves_the_panel_and_keeps_its_row(office):
    office.bring([task("a"), task("b")], read_at=at(1))
    loaded = office.bring([], read_at=at(2), scope="lookup", removed=["a"])
    assert (loaded.removed, set(office.shown())) == (1, {"b"})
    assert office.task("a")["removed_at"] == at(2)


def test_a_block_that_lacks_a_row_removes_nothing(office):
    office.bring([task("a"), task("b")], read_at=at(1))
    assert office.bring([task("b")], read_at=at(2)).removed == 0
    assert set(office.shown()) == {"a", "b"}


@pytest.mark.parametrize(
    ("seen_at", "gone_at", "lives"), [(1, 2, False), (3, 2, True), (2, 2, False)], ids=["after", "before", "at once"]
)
@pytest.mark.parametrize("removal_first", [True, False], ids=["the removal arrives first", "the row arrives first"])
def test_a_removal_is_a_sighting_at_the_time_the_source_was_asked(office, seen_at, gone_at, lives, removal_first):
    row = office.land([task("a")], read_at=at(seen_at))
    removal = office.land([], read_at=at(9), scope="lookup", removed=[{"id": "a", "asked_at": at(gone_at).isoformat()}])
    for event in (removal, row) if removal_first else (row, removal):
        office.load(event)
    assert ("a" in office.shown()) is lives
    office.again(row)
    office.again(removal)
    assert ("a" in office.shown()) is lives


def test_what_comes_back_is_live_again_and_counted_once(office):
    office.bring([task("a")], read_at=at(1))
    office.bring([], read_at=at(2), scope="lookup", removed=["a"])
    same = office.bring([task("a")], read_at=at(3))
    assert (same.inserted, same.updated, same.unchanged) == (0, 1, 0)
    office.bring([], read_at=at(4), scope="lookup", removed=["a"])
    other = office.bring([task("a", "changed")], read_at=at(5), scope=NEXT_BLOCK)
    assert (other.inserted, other.updated, other.unchanged) == (0, 1, 0)
    assert office.shown()["a"]["title"] == "changed"


def test_a_removal_of_a_row_that_nobody_knows_removes_nothing(office):
    assert office.bring([], read_at=at(1), scope="lookup", removed=["never"]).removed == 0


def land_mass(office, *, count=101, lost=30, at_minute=2):
    office.bring([task(f"t{n}") for n in range(count)], read_at=at(1))
    gone = [{"id": f"t{n}", "lacked": count, "held": count} for n in range(lost)]
    return office.land([], read_at=at(at_minute), scope="lookup", removed=gone)


@pytest.fixture
def approve(console_engine):
    """As the console does, with its own login."""
    return lambda decision="approved", scope=None: console.decide_removals(
        console_engine, "gestta", scope, decision, by="analyst", at=NOW
    )


@pytest.fixture
def beat(transformer_engine):
    """The transformer's, a minute after the story's last batch at the earliest."""
    return ApprovedRemovals(transformer_engine, source="/services/transformer", now=lambda: NOW).beat


@pytest.fixture
def carry_out(beat):
    """A beat whose facts are all heard; the loads among them."""
    return lambda: [fact.data for fact in beat() if isinstance(fact.data, WarehouseLoaded)]


def test_a_mass_removal_waits_and_is_told(office, carry_out):
    event = land_mass(office)
    facts = office.handle(event)
    failed = [fact for fact in facts if isinstance(fact, SourceFailed)]
    assert [(fact.system, fact.scope) for fact in failed] == [("gestta", "mass_removal")]
    assert "console removals approve | reject" in failed[0].reason
    assert f"{BLOCK}: 30" in failed[0].reason
    assert len(office.shown()) == 101
    assert carry_out() == [], "nobody has decided"
    assert len(office.rows("SELECT * FROM ops.pending_removals WHERE decision IS NULL")) == 30
    assert office.handle(event) == facts


def test_what_a_person_approves_is_carried_out_but_for_what_was_seen_since(office, approve, carry_out):
    office.handle(land_mass(office))
    office.bring([task("t0"), task("t1", "changed")], read_at=at(3), scope=NEXT_BLOCK)
    assert approve() == 30
    (loaded,) = carry_out()
    assert (loaded.system, loaded.scope) == ("gestta", BLOCK)
    assert (loaded.removed, loaded.unchanged, loaded.changed) == (28, 2, 28)
    assert set(office.shown()) == {"t0", "t1", *(f"t{n}" for n in range(30, 101))}
    assert carry_out() == []
    closed = office.rows("SELECT DISTINCT decided_by, carried_out_at FROM ops.pending_removals")
    assert closed == [{"decided_by": "analyst", "carried_out_at": NOW}]


def test_what_a_person_approves_is_no_read_of_its_scope(office, approve, carry_out):
    event = land_mass(office)
    office.handle(event)
    approve()
    carry_out()
    plan = [(BLOCK, timedelta(minutes=7))]
    office.bring([], read_at=at(3), scope=NEXT_BLOCK, plan=plan)
    assert office.rows("SELECT last_read_at FROM bi.freshness") == [{"last_read_at": at(1)}]


def test_what_a_person_rejects_stays(office, approve, carry_out):
    office.handle(land_mass(office))
    assert approve("rejected") == 30
    assert carry_out() == []
    assert len(office.shown()) == 101


def test_a_decision_may_be_about_one_scope(office, approve):
    office.handle(land_mass(office))
    assert approve(scope=NEXT_BLOCK) == 0
    assert approve(scope=BLOCK) == 30


def test_what_was_carried_out_can_come_back_and_wait_again(office, approve, carry_out):
    event = land_mass(office, lost=1)
    office.handle(event)
    approve()
    carry_out()
    office.bring([task("t0")], read_at=at(5))
    gone = [{"id": "t0", "lacked": 101, "held": 101}]
    office.handle(office.land([], read_at=at(6), scope="lookup", removed=gone))
    waiting = office.rows("SELECT row_id, decision FROM ops.pending_removals")
    assert waiting == [{"row_id": "t0", "decision": None}]
    assert "t0" in office.shown()


def test_the_refresh_that_hangs_on_an_approved_removal_is_said_until_the_broker_has_heard_it(office, approve, beat):
    event = land_mass(office)
    office.handle(event)
    approve()
    said = next(beat())  # and then the process died, or the road was closed
    assert len(office.shown()) == 71, "the rows are gone"
    again, over = beat()
    assert (again, over.data) == (said, OVER)
    assert (said.correlationid, said.causationid, said.data.batch_ref) == (event.id, event.id, event.data.batch_ref)
    assert list(beat()) == []


@pytest.mark.parametrize("order", [(2, 6), (6, 2)], ids=["in order", "turned round"])
def test_what_waits_is_what_was_asked_last(office, approve, carry_out, order):
    told = {minute: land_mass(office, lost=1, at_minute=minute) for minute in order}
    for minute in order:
        office.handle(told[minute])
    office.bring([task("t0")], read_at=at(4))
    approve()
    assert [loaded.removed for loaded in carry_out()] == [1], "it was seen before its source was asked last"


def test_an_approval_is_also_of_what_was_asked_again_before_it_was_carried_out(office, approve, carry_out):
    office.handle(land_mass(office, lost=1))
    approve()
    office.bring([task("t0")], read_at=at(4))
    office.handle(land_mass(office, lost=1, at_minute=6))
    assert [loaded.removed for loaded in carry_out()] == [1]


def test_a_mass_removal_that_was_carried_out_does_not_wait_again_when_its_batch_is_replayed(office, approve, carry_out):
    event = land_mass(office)
    office.handle(event)
    approve()
    carry_out()
    assert not [fact for fact in office.handle(event, id=str(uuid4()), replay="r") if isinstance(fact, SourceFailed)]
    assert office.rows("SELECT DISTINCT decision FROM ops.pending_removals") == [{"decision": "approved"}]


@pytest.mark.parametrize("decision", ["approved", "rejected"])
def test_that_nothing_waits_any_more_is_said_once_everything_is_decided(office, approve, beat, decision):
    half = {"lacked": 150, "held": 150}
    office.bring([task(f"t{n}") for n in range(300)], read_at=at(1))
    gone = [{"id": f"t{n}", "scope": BLOCK if n < 150 else NEXT_BLOCK} | half for n in range(300)]
    office.handle(office.land([], read_at=at(2), scope="lookup", removed=gone))
    approve(decision, scope=BLOCK)
    assert OVER not in [fact.data for fact in beat()], "the other scope still waits"
    approve(decision, scope=NEXT_BLOCK)
    said = next(fact for fact in beat() if fact.data == OVER)  # and then the process died, or the road was closed
    assert list(beat()) == [said]
    assert list(beat()) == []


def test_what_a_person_keeps_is_no_news_when_it_is_missed_again(office, approve, carry_out):
    office.handle(land_mass(office))
    approve("rejected")
    carry_out()
    assert not [f for f in office.handle(land_mass(office, at_minute=4)) if isinstance(f, SourceFailed)]


def test_what_waits_again_is_told_again_and_ends_again(office, approve, beat):
    for minute in (2, 5):
        office.handle(land_mass(office, at_minute=minute))
        approve()
        assert [fact.data for fact in beat() if fact.data == OVER] == [OVER]


def test_approved_removals_are_said_scope_by_scope(office, approve, carry_out):
    office.bring([task(f"t{n}") for n in range(300)], read_at=at(1))
    half = {"lacked": 150, "held": 150}
    gone = [{"id": f"t{n}", "scope": BLOCK if n < 150 else NEXT_BLOCK} | half for n in range(300)]
    office.handle(office.land([], read_at=at(2), scope="lookup", removed=gone))
    approve()
    assert {fact.scope: fact.removed for fact in carry_out()} == {BLOCK: 150, NEXT_BLOCK: 150}


def test_an_approval_after_all_rows_came_back_removes_nothing_and_asks_for_no_refresh(office, approve, carry_out):
    office.handle(land_mass(office))
    office.bring([task(f"t{n}") for n in range(101)], read_at=at(3))
    approve()
    assert carry_out() == []
    assert len(office.shown()) == 101


def test_an_approved_removal_ends_the_history_of_its_row_when_the_source_was_asked(office, approve, carry_out):
    office.handle(land_mass(office))
    approve()
    carry_out()
    ended = office.rows("SELECT DISTINCT valid_to FROM operacional.task_history WHERE valid_to IS NOT NULL")
    assert ended == [{"valid_to": at(2)}]
    assert len(office.rows("SELECT * FROM operacional.task_history WHERE valid_to IS NULL")) == 71
