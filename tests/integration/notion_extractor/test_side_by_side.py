"""A large source is read by several questions at once, where answers take longer than the pace allows between two."""

import json
import threading
from datetime import UTC, datetime, timedelta

import pytest

from services.notion_extractor.course import ALONE
from services.notion_extractor.notion_api import LONGEST_SILENT_WAIT
from services.notion_extractor.verdict import SLOW_TRIES
from services.notion_extractor.walker import WALKERS
from shared.contracts.events import AuthFailed, SourceFailed
from shared.landing import iso
from simulators.notion.settings import NotionSettings
from tests.integration.notion_extractor.conftest import QUERY, SOURCE_ID, error, facts, listed, reply, row
from tests.integration.notion_extractor.test_complete import codes, filled
from tests.unit.notion_extractor.proof import holds

FIRST = datetime(2026, 1, 1, tzinfo=UTC)


class Long:
    """The tiny source with many rows, one a minute, and who is asking for them right now."""

    def __init__(self, count):
        self.rows = [row(n, created_time=iso(FIRST + timedelta(minutes=n))) for n in range(count)]
        self.bodies = []
        self.lock = threading.Lock()
        self.inside = 0
        self.together = threading.Event()

    def __call__(self, handler, asked):
        body = json.loads(asked)
        with self.lock:
            self.bodies.append(body)
            self.inside += 1
            if self.inside > 1:
                self.together.set()
            number = len(self.bodies)
        answer = self.answer(number, body)
        with self.lock:
            self.inside -= 1
        reply(*answer)(handler, asked)

    def answer(self, number, body):
        if body["sorts"][0]["direction"] == "descending":
            return 200, listed(self.rows[-1], cursor="c")
        since = body.get("filter", {}).get("created_time", {}).get("on_or_after", "")
        found = [each for each in self.rows if each["created_time"] >= since]
        begin = int(body.get("start_cursor", "c0")[1:])
        page = found[begin : begin + body["page_size"]]
        end = begin + len(page)
        return 200, listed(*page, cursor=f"c{end}" if end < len(found) else None)


@pytest.mark.parametrize("count", [0, 99, 100, 101, ALONE - 1, ALONE], ids=str)
def test_a_small_source_costs_no_request_more_than_its_pages(room, source, count):
    long = source.replies[QUERY] = Long(count)
    office = room(SOURCE_ID, url=source.url)
    office.run()
    assert office.batches(SOURCE_ID)[0].records == count
    assert len(long.bodies) == max(1, -(-count // 100))
    assert not long.together.is_set()


class Waiting(Long):
    """Once it is large, nobody is answered before somebody else asks, too."""

    def answer(self, number, body):
        if number > ALONE / 100:
            self.together.wait(timeout=20)
        return super().answer(number, body)


def test_answers_that_are_slow_are_awaited_side_by_side_and_all_rows_arrive(room, source):
    long = source.replies[QUERY] = Waiting(4_000)
    office = room(SOURCE_ID, url=source.url)
    office.run()
    assert long.together.is_set()
    (batch,) = office.batches(SOURCE_ID)
    assert batch.records == 4_000
    assert holds(batch.content["proof"])
    assert len(long.bodies) == batch.content["proof"]["pages"] <= 40 + 2 * WALKERS


def test_one_after_the_other_is_enough_where_the_pace_is_slower_than_the_answers(room, source):
    long = source.replies[QUERY] = Long(2_000)
    office = room(SOURCE_ID, url=source.url)
    office.extract.tokens.credentials.api().gap = 60.0
    office.run()
    assert office.batches(SOURCE_ID)[0].records == 2_000
    assert len(long.bodies) == 20
    assert not long.together.is_set()


def test_where_the_newest_row_cannot_be_had_the_walk_goes_on_alone_with_pages_as_large_as_before(room, source):
    class Unsorted(Long):
        def answer(self, number, body):
            if body["sorts"][0]["direction"] == "descending":
                return 503, error(503, "service_unavailable")
            if number > ALONE / 100:
                self.refused.wait(timeout=20)
            return super().answer(number, body)

        refused = threading.Event()

        def __call__(self, handler, asked):
            super().__call__(handler, asked)
            newest = [body for body in self.bodies if body["sorts"][0]["direction"] == "descending"]
            if len(newest) == SLOW_TRIES:
                self.refused.set()

    long = source.replies[QUERY] = Unsorted(4_000)
    office = room(SOURCE_ID, url=source.url)
    assert facts(office.run(), SourceFailed) == []
    (batch,) = office.batches(SOURCE_ID)
    proof = batch.content["proof"]
    assert (batch.records, proof["walks"], proof["page_size"], proof["newest"]) == (4_000, 1, 100, None)
    assert holds(proof)
    walked = [body for body in long.bodies if body["sorts"][0]["direction"] == "ascending"]
    assert {body["page_size"] for body in walked} == {100}


def test_nobody_waits_for_the_newest_row_when_all_was_read(room, source):
    asked, over = threading.Event(), threading.Event()
    answered = []

    class Hanging(Long):
        def answer(self, number, body):
            if body["sorts"][0]["direction"] == "descending":
                asked.set()
                over.wait(timeout=20)
                answered.append(number)
            elif number > ALONE / 100:
                asked.wait(timeout=20)
            return super().answer(number, body)

    source.replies[QUERY] = Hanging(2_000)
    office = room(SOURCE_ID, url=source.url)
    office.run()
    assert asked.is_set()
    assert answered == []
    over.set()
    assert office.batches(SOURCE_ID)[0].records == 2_000


@pytest.mark.parametrize(
    ("answer", "fact"),
    [(error(404, "object_not_found"), SourceFailed), (error(401, "unauthorized"), AuthFailed)],
    ids=["a share that is lost", "a token that is refused"],
)
def test_what_ends_the_walk_for_all_is_told_once_and_lands_nothing(room, source, answer, fact):
    class Lost(Waiting):
        def answer(self, number, body):
            found = super().answer(number, body)
            return (answer["status"], answer) if number > 15 else found

    source.replies[QUERY] = Lost(4_000)
    office = room(SOURCE_ID, url=source.url)
    assert len(facts(office.run(), fact)) == 1
    assert office.batches(SOURCE_ID) == []


def test_a_wait_of_more_than_ten_minutes_is_told_although_others_stand_before_the_shut_gate(room, source):
    shut = threading.Event()

    class Shut(Waiting):
        def answer(self, number, body):
            found = super().answer(number, body)
            limited = error(429, "rate_limited", retry_after=str(int(LONGEST_SILENT_WAIT) + 1))
            return (429, limited) if number > 15 else found

    source.replies[QUERY] = Shut(4_000)
    office = room(SOURCE_ID, url=source.url)
    office.extract.tokens.credentials.api()._http._pace._wait = lambda seconds: shut.wait(20) if seconds > 60 else None
    assert len(facts(office.run(), SourceFailed)) == 1
    assert not shut.is_set()
    shut.set()


def test_an_expired_cursor_of_one_begins_the_walk_of_all_anew(room, source):
    class Expired(Waiting):
        def answer(self, number, body):
            found = super().answer(number, body)
            gone = error(400, "validation_error", "The start_cursor provided is invalid: x")
            return (400, gone) if number == 15 else found

    source.replies[QUERY] = Expired(4_000)
    office = room(SOURCE_ID, url=source.url)
    office.run()
    (batch,) = office.batches(SOURCE_ID)
    assert batch.records == 4_000
    assert batch.content["proof"]["walks"] == 2
    assert holds(batch.content["proof"])


@pytest.mark.parametrize("cap", [700, 1_000, 10_000], ids=str)
def test_windows_side_by_side_go_past_the_cap_too(room, workspace, clock, cap):
    database, source = filled(workspace, clock, 6_000, per_minute=7)
    office = room(database, settings=NotionSettings(row_cap=cap, short_page_every=3))
    office.run()
    (batch,) = office.batches(source)
    assert codes(office.rows(batch)) == list(range(6_000))
    assert holds(batch.content["proof"])


def test_a_large_increment_is_read_side_by_side_too(room, workspace, clock):
    database, source = filled(workspace, clock, 3_000)
    office = room(database, requests_per_minute=0.01)  # so few that no source fits into half an interval
    office.run()
    clock.forward(hours=1)
    for page in list(workspace.data_sources[source].created_by_key)[:2_500]:
        workspace.update_page(page.id, {"Nome Fantasia": "novo"})
    office.run()
    batch = office.batches(source)[-1]
    assert (batch.kind, batch.records) == ("increment", 2_500)
    assert holds(batch.content["proof"])
    assert len(batch.content["proof"]["windows"]) > 1


def test_the_newest_version_of_a_row_wins_whichever_window_brings_it(room, source):
    newest: dict[str, str] = {}

    class Edited(Waiting):
        def answer(self, number, body):
            status, page = super().answer(number, body)
            edited = iso(FIRST + timedelta(days=99, minutes=number))
            page["results"] = [{**each, "last_edited_time": edited} for each in page["results"]]
            with self.lock:
                newest.update({each["id"]: max(edited, newest.get(each["id"], "")) for each in page["results"]})
            return status, page

    source.replies[QUERY] = Edited(2_500)
    office = room(SOURCE_ID, url=source.url)
    office.run()
    (batch,) = office.batches(SOURCE_ID)
    assert batch.content["proof"]["repeated"] > 0
    assert {each["id"]: each["last_edited_time"] for each in office.rows(batch)} == newest
    assert batch.records == 2_500
