"""What is told and done where a token is refused, replaced or supplied, and where Notion is away."""

import threading

import pytest
from structlog.testing import capture_logs

from shared.contracts.envelope import first
from shared.contracts.events import (
    AuthFailed,
    AuthRecovered,
    SourceFailed,
    SourceRecovered,
    TokenSupplied,
)
from shared.contracts.vocabulary import ALL_SCOPES
from shared.extraction.supplied import supply
from simulators.notion.settings import NotionSettings
from tests.contract.simulated_notion import TOKEN
from tests.integration.notion_extractor.conftest import QUERY, REGISTER, SOURCE_ID, error, facts, reply


def test_a_refused_token_is_told_once_and_nothing_is_asked_while_it_is_dead(room, source):
    source.replies["/v1/users/me"] = reply(401, error(401, "unauthorized"))
    office = room(SOURCE_ID, url=source.url)
    (failed,) = facts(office.run(), AuthFailed)
    assert failed.status == 401
    asked = len(source.asked)
    assert office.run() == []
    office.extract.tokens.look()
    assert not office.extract.tokens.wake.is_set()
    assert len(source.asked) == asked == 1


def test_a_new_token_in_the_settings_is_found_without_a_word_and_starts_a_run(room, register):
    office = room(register[0], token="bad")
    assert facts(office.run(), AuthFailed)
    office.token = TOKEN
    office.extract.tokens.look()
    assert office.extract.tokens.wake.is_set()
    assert facts(office.run(), AuthRecovered)
    assert office.batches(register[1])


def test_a_token_refused_in_the_middle_of_a_run_gives_way_to_the_other_one(room, register):
    office = room(register[0], token=TOKEN)
    supply(office.folder / "tokens", "notion", TOKEN + "2")
    (office.folder / "tokens" / "notion.token.supplied").rename(office.folder / "tokens" / "notion.token")
    assert facts(office.run(), AuthFailed) == []
    assert office.batches(register[1])
    assert not (office.folder / "tokens" / "notion.token").exists()


def supplied(clock):
    return first(TokenSupplied(system="notion", by="Ana"), source="/console", time=clock(), event_id="1")


def test_a_supplied_token_is_tried_at_once_and_wakes_the_run(room, register, clock):
    office = room(register[0], token=None)
    office.run()
    supply(office.folder / "tokens", "notion", TOKEN)
    (recovered,) = office.extract.tokens.on_token(supplied(clock))
    assert recovered == AuthRecovered(system="notion", hint="token fornecido por Ana")
    assert office.extract.tokens.wake.is_set()
    office.run()
    assert office.batches(register[1])
    (again,) = office.extract.tokens.on_token(supplied(clock))
    assert isinstance(again, AuthRecovered), "the same message once more is answered once more"
    clock.forward(days=365)
    assert list(office.extract.tokens.on_token(supplied(clock))) == [], (
        "another one, of which nothing lies there, is not"
    )


def test_a_bad_supplied_token_is_no_incident_while_the_old_one_goes_on(room, register, clock):
    office = room(register[0])
    office.run()
    supply(office.folder / "tokens", "notion", "bad")
    (failed,) = office.extract.tokens.on_token(supplied(clock))
    assert failed.still_working
    office.run()
    assert len(office.batches(register[1])) == 2


def test_a_bad_token_that_nobody_announced_is_logged_while_the_old_one_goes_on(room, register, clock):
    office = room(register[0])
    office.run()
    supply(office.folder / "tokens", "notion", "bad")
    clock.forward(days=1)
    with capture_logs() as lines:
        office.extract.tokens.look()
    (failed,) = facts(office.said(), AuthFailed)
    assert failed.still_working
    assert [line["hint"] for line in lines if "was refused and is deleted" in line["event"]] == [failed.hint]


@pytest.mark.parametrize("given", [None, "bad"], ids=["none set", "a bad one set"])
def test_once_takes_the_supplied_token_that_lies_there(room, register, given):
    office = room(register[0], token=given)
    supply(office.folder / "tokens", "notion", TOKEN)
    assert office.extract.run_whole_plan()
    assert len(office.batches(register[1])) == 1


@pytest.mark.parametrize("when", ["before the first source", "between two sources", "while the last is read"])
def test_once_is_not_content_where_it_was_stopped_before_all_was_read(room, workspace, register, when):
    other = workspace.create_database("Outros", REGISTER).data_source_ids[0]
    office = room(register[0], other)
    left = ["before", "between", "while"].index(when.split()[0])

    class Stopping(threading.Event):
        """Set after so many looks, as a signal comes at any moment."""

        def is_set(self):
            self.looks += 1
            if self.looks > left:
                self.set()
            return super().is_set()

        looks = 0

    office.extract.stop = Stopping()
    assert not office.extract.run_whole_plan()
    assert len(office.batches(register[1])) + len(office.batches(other)) == left


def test_once_goes_on_with_the_old_token_where_the_supplied_one_is_bad(room, register):
    office = room(register[0])
    supply(office.folder / "tokens", "notion", "bad")
    assert office.extract.run_whole_plan()
    assert not (office.folder / "tokens" / "notion.token.supplied").exists()


def test_a_missing_capability_is_told_once_and_asked_for_again_since_a_person_mends_it_there(room, register, server):
    office = room(register[0], settings=NotionSettings(read_content=False))
    (failed,) = facts(office.run(), AuthFailed)
    assert (failed.status, "Read content" in failed.hint) == (403, True)
    assert office.run() == []
    server.show(office_workspace(server), None)
    assert facts(office.run(), AuthRecovered)
    assert office.batches(register[1])


def office_workspace(server):
    return server._app.state.api.workspace


def test_notion_away_is_one_alert(room, source):
    replies = dict(source.replies)
    for path in replies:
        source.replies[path] = reply(503, b"<html>")
    office = room(SOURCE_ID, url=source.url)
    (failed,) = office.run()
    assert isinstance(failed, SourceFailed)
    assert failed.scope == ALL_SCOPES
    assert office.run() == []
    assert QUERY not in {path for _, path, _ in source.asked}
    source.replies |= replies
    recovered = [fact.scope for fact in facts(office.run(), SourceRecovered)]
    assert recovered.count(ALL_SCOPES) == 1


def test_where_notion_asked_for_a_long_wait_the_runs_end_and_a_new_token_works_at_once(room, source, clock):
    limited = reply(429, error(429, "rate_limited"), Retry_After="3600")
    source.replies["/v1/users/me"] = limited
    office = room(SOURCE_ID, url=source.url)
    assert not office.extract.run_whole_plan()
    assert not office.extract.run_whole_plan()
    assert (office.waits, len(source.asked)) == ([], 1)
    assert len(facts(office.said(), SourceFailed)) == 1
    source.replies["/v1/users/me"] = reply(body={"object": "user", "id": "u"})
    supply(office.folder / "tokens", "notion", "another")
    list(office.extract.tokens.on_token(supplied(clock)))
    office.run()
    assert [batch.kind for batch in office.batches(SOURCE_ID)] == ["full"]
