"""An extractor's memory lies in its manifests alone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.clock import ReadClock
from shared.contracts.envelope import Envelope, batch_event_id
from shared.contracts.events import RawDataReady, SchemaDrifted
from shared.errors import Outage
from shared.extraction import watch
from shared.extraction.announce import Announcer
from shared.extraction.record import Memory, Planned, Recorder, recall
from shared.extraction.spreadsheets import Spreadsheets
from shared.landing import Landing, iso
from shared.landing.files import Files
from shared.messaging.codec import decode, encode

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
OPEN, REPORT = "search:open", "report:2026-10-01/2026-12-31"
PLAN = (Planned(OPEN, timedelta(minutes=7)), Planned(REPORT, timedelta(hours=1)))


@pytest.fixture
def landing(tmp_path):
    return Landing(str(tmp_path))


@pytest.fixture
def recorder(landing):
    return recorder_of(landing)


def recorder_of(landing):
    memory = recall(landing, "gestta")
    return Recorder(landing, "gestta", "/services/gestta_extractor", memory, ReadClock(memory.last_read_at))


def rows(*ids, at=NOON):
    return [({"id": i}, at + timedelta(seconds=n)) for n, i in enumerate(ids)]


def land(recorder, scope=OPEN, given=None, **more):
    return recorder.land(scope, "full", rows("1", "2") if given is None else given, plan=PLAN, proof={}, **more)


def test_who_never_landed_remembers_nothing(landing):
    assert recall(landing, "gestta") == Memory()


def test_news_wait_for_the_next_batch_and_leave_the_memory_when_it_is_there(landing, recorder):
    left = SchemaDrifted(system="gestta", scope=REPORT, reason="it left")
    changed = SchemaDrifted(system="gestta", scope=OPEN, reason="it changed")
    recorder.memory.news = [left]
    with pytest.raises(Outage):
        land(recorder, given=broken())
    assert recorder.memory.news == [left]
    manifest = land(recorder, news=[changed])
    assert recorder.memory.news == []
    said = list(Announcer(landing, "gestta").beat())
    assert [type(each.data) for each in said] == [RawDataReady, SchemaDrifted, SchemaDrifted]
    assert [each.data for each in said[1:]] == [left, changed]
    assert len({each.id for each in said}) == 3
    assert manifest.content["news"] == [encode(each).decode() for each in said[1:]]


def broken():
    yield {"id": "1"}, NOON
    raise Outage("landing", "full")


def test_a_read_began_with_its_earliest_row_in_whatever_order_rows_came(recorder):
    manifest = land(recorder, given=rows("1", "2")[::-1])
    assert manifest.content["read_from"] == iso(NOON)


def missing(*ids, scope=OPEN):
    return lambda at: watch.missed(scope, ids, held=9, at=at)


def test_a_restart_remembers_what_the_process_knew(landing, recorder):
    land(recorder)
    recorder.memory.notes = {"too_large": ["x"]}
    land(recorder, REPORT)
    assert recall(landing, "gestta") == recorder.memory
    assert set(recorder.memory.reads) == {OPEN, REPORT}


def test_what_a_read_missed_is_remembered_although_the_lookups_never_came(landing, recorder):
    land(recorder, missed=missing("1"))
    land(recorder, REPORT, missed=missing("2", scope=REPORT))
    assert set(recorder.memory.watch) == {"1", "2"}
    assert recall(landing, "gestta") == recorder.memory


def test_the_newest_lookups_list_replaces_what_was_missed_before_it(landing, recorder):
    land(recorder, missed=missing("1", "2"))
    recorder.memory.watch = watch.seen(recorder.memory.watch, {"2"})
    recorder.land("lookup", "lookup", (), plan=PLAN, proof={})
    land(recorder, missed=missing("3"))
    assert set(recall(landing, "gestta").watch) == {"1", "3"}
    assert recall(landing, "gestta") == recorder.memory


def test_a_scope_holds_its_last_full_batch_and_the_increments_since(landing, recorder):
    land(recorder, given=rows("old"))
    land(recorder, given=rows("1", "2"))
    recorder.land(OPEN, "increment", rows("2", "3"), plan=PLAN, proof={})
    recorder.land(OPEN, "increment", rows("4"), plan=PLAN, proof={})
    assert sorted(set(recorder.held(OPEN))) == ["1", "2", "3", "4"]
    assert sorted(set(recorder_of(landing).held(OPEN))) == ["1", "2", "3", "4"]
    land(recorder, given=rows("5"))
    assert list(recorder.held(OPEN)) == ["5"]
    assert [(row.row_id, row.text) for row in recorder.held_rows(OPEN)] == [("5", '{"id":"5"}')]


def test_what_a_scope_held_in_a_batch_that_is_gone_is_not_missed(landing, recorder, tmp_path):
    manifest = land(recorder)
    (tmp_path / f"{manifest.batch_ref}.jsonl.gz").unlink()
    assert list(recorder.held(OPEN)) == []


def test_another_systems_manifests_are_not_remembered(landing, recorder):
    land(recorder)
    assert recall(landing, "notion") == Memory()


def test_a_scope_that_left_the_plan_is_remembered_until_its_extractor_forgets_it(landing, recorder):
    land(recorder, REPORT)
    recorder.land(OPEN, "full", rows("1"), plan=PLAN[:1], proof={})
    assert set(recall(landing, "gestta").reads) == {OPEN, REPORT}
    del recorder.memory.reads[REPORT]
    recorder.land(OPEN, "full", rows("1"), plan=PLAN[:1], proof={})
    assert set(recall(landing, "gestta").reads) == {OPEN}


def test_a_read_that_breaks_off_lands_nothing_and_is_not_remembered(landing, recorder, tmp_path):
    land(recorder)
    before = replace(recorder.memory)
    files = sorted(tmp_path.rglob("*"))

    def broken():
        yield from rows("1")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        land(recorder, given=broken())
    assert sorted(tmp_path.rglob("*")) == files
    assert recorder.memory == before == recall(landing, "gestta")


def test_a_manifest_that_finds_no_room_is_not_remembered(landing, recorder, monkeypatch):
    land(recorder)
    before = replace(recorder.memory)

    monkeypatch.setattr(Files, "put", no_room)
    with pytest.raises(Outage):
        land(recorder)
    assert recorder.memory == before == recall(landing, "gestta")


def test_the_manifest_carries_the_fact_to_be_said(recorder):
    manifest = land(recorder, given=rows("1", "2", "3"))
    event = decode(manifest.content["event"].encode())
    assert isinstance(event.data, RawDataReady)
    assert event.id == batch_event_id(manifest.batch_ref)
    assert (event.data.records, event.data.sha256, event.data.scope) == (3, manifest.sha256, OPEN)
    assert (event.data.read_from, event.data.read_to.isoformat()) == (NOON, recorder.memory.last_read_at.isoformat())


def test_the_proof_may_be_filled_while_the_rows_are_read(recorder):
    proof = {}

    def reading():
        yield from rows("1")
        proof["pages"] = 1

    manifest = recorder.land(OPEN, "full", reading(), plan=PLAN, proof=proof)
    assert manifest.content["proof"] == {"pages": 1}


def test_the_plan_tells_how_often_and_when_each_scope_was_read(recorder):
    first = land(recorder)
    second = land(recorder, REPORT)
    assert [(p["scope"], p["every_seconds"], p.get("last_ref")) for p in second.content["plan"]] == [
        (OPEN, 420.0, first.batch_ref),
        (REPORT, 3600.0, second.batch_ref),
    ]


def test_the_csv_for_people_is_of_the_newest_batch_of_each_scope(landing, recorder, tmp_path):
    spreadsheets = Spreadsheets(landing)
    newest = {}
    for scope in (OPEN, REPORT, OPEN, OPEN):
        before = recorder.memory.reads.get(scope)
        newest[scope] = land(recorder, scope)
        spreadsheets.batch_landed(newest[scope], before.batch_ref if before else None)
        if scope == REPORT:
            spreadsheets.beat()
    spreadsheets.beat()
    found = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.csv")}
    assert found == {f"{manifest.batch_ref}.csv" for manifest in newest.values()}


def test_a_csv_that_finds_no_room_is_written_by_the_next_beat(landing, recorder, tmp_path, monkeypatch):
    spreadsheets = Spreadsheets(landing)
    spreadsheets.batch_landed(land(recorder), None)
    with monkeypatch.context() as full:
        full.setattr(Files, "new", no_room)
        with pytest.raises(Outage):
            spreadsheets.beat()
    spreadsheets.beat()
    assert len(list(tmp_path.rglob("*.csv"))) == 1


def no_room(*_: object):
    raise Outage("landing", "no room")


def test_times_of_reading_never_go_back_after_a_restart(landing, recorder):
    ahead = datetime(2999, 1, 1, tzinfo=UTC)
    land(recorder, given=[({"id": "1"}, ahead)])
    assert recorder_of(landing).reads.read() == ahead + timedelta(milliseconds=1)


def said(announcer, count=None):
    """What the beat says when the road takes `count` facts (all: None) and closes."""
    heard: list[Envelope[Any]] = []
    for envelope in announcer.beat():
        if count is not None and len(heard) == count:
            break
        heard.append(envelope)
    return heard


def test_what_was_not_said_before_a_restart_is_said_oldest_first(landing, recorder):
    batches = [land(recorder).batch_ref, land(recorder, REPORT).batch_ref]
    assert [envelope.data.batch_ref for envelope in said(Announcer(landing, "gestta"))] == batches
    assert landing.unsaid("gestta") == []


def test_a_road_that_closes_in_the_middle_leaves_the_rest_to_be_said(landing, recorder):
    batches = [land(recorder).batch_ref for _ in range(3)]
    announcer = Announcer(landing, "gestta")
    said(announcer, 1)
    assert landing.unsaid("gestta") == batches[1:]
    assert [envelope.data.batch_ref for envelope in said(announcer)] == batches[1:]


def test_a_batch_is_marked_only_after_the_broker_has_it(landing, recorder):
    land(recorder)
    beat = Announcer(landing, "gestta").beat()
    next(beat)
    assert len(landing.unsaid("gestta")) == 1


def test_a_batch_is_said_by_the_same_words_each_time(landing, recorder):
    land(recorder)
    first = next(Announcer(landing, "gestta").beat())
    assert [envelope.id for envelope in said(Announcer(landing, "gestta"))] == [first.id]


def test_a_new_batch_and_news_wake_the_announcer(landing, recorder):
    announcer = Announcer(landing, "gestta")
    said(announcer)
    manifest = land(recorder)
    announcer.batch_landed(manifest.batch_ref)
    assert announcer.every.wake.is_set()
    assert [envelope.data.batch_ref for envelope in said(announcer)] == [manifest.batch_ref]


def test_what_lands_while_the_landing_is_asked_is_said_as_well(landing, recorder, monkeypatch):
    announcer = Announcer(landing, "gestta")
    land(recorder)
    late, listed = [], landing.unsaid

    def slowly(system):
        found = listed(system)
        late.append(land(recorder, REPORT).batch_ref)
        announcer.batch_landed(late[0])
        return found

    with monkeypatch.context() as slow:
        slow.setattr(landing, "unsaid", slowly)
        said(announcer)
    said(announcer)
    assert landing.unsaid("gestta") == []
    assert late


def test_a_batch_whose_manifest_is_damaged_keeps_no_other_waiting(landing, recorder, tmp_path):
    broken, whole = land(recorder), land(recorder, REPORT)
    (tmp_path / f"{broken.batch_ref}.json").write_text("{")
    heard = said(Announcer(landing, "gestta"))
    assert [envelope.data.batch_ref for envelope in heard] == [whole.batch_ref]
    assert set(recall(landing, "gestta").reads) == {OPEN, REPORT}, "the newest that can be read tells"


def test_a_run_that_waited_for_its_turn_remembers_what_landed_meanwhile(landing, recorder):
    waiting = recorder_of(landing)
    waiting.outdated.set()
    land(recorder, given=[({"id": "1"}, datetime(2999, 1, 1, tzinfo=UTC))], missed=missing("2"))
    waiting.refresh()
    assert waiting.memory == recorder.memory
    assert waiting.reads.read() > datetime(2999, 1, 1, tzinfo=UTC)
    assert not waiting.outdated.is_set()


def test_a_run_after_ones_own_remembers_what_it_knew(recorder):
    land(recorder)
    recorder.memory.notes = {"kept": "between manifests"}
    recorder.refresh()
    assert recorder.memory.notes == {"kept": "between manifests"}
