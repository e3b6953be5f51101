"""Silence becomes an incident when it has lasted, and not before."""

from datetime import UTC, datetime, timedelta

import pytest

from services.notifier.incidents import WHOLE, Failing, Incident, Member, Signal, Working
from services.notifier.watch import Look, Memory, Scope, observe

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
QUEUE = "transformer.raw_data_ready"


def scope(*, every=7 * MINUTE, read=NOON - timedelta(hours=1), stale=True):
    return Scope("gestta", "search:open", every, read, stale)


def incident(key, member=WHOLE, since=NOON - MINUTE):
    return Incident(
        key=key, opened_at=since, heard_at=since, last_event_at=since, members={member: Member(failed_at=since)}
    )


def seen_for(length, *, unfinished=(), scopes=(), queues=None):
    """What is found on the last of looks 15 seconds apart that all show the same, the first at noon."""
    found: tuple[Signal, ...] = ()
    memory, at = Memory(), NOON
    while at <= NOON + length:
        memory, found = observe(Look(at, scopes, queues or {}), memory, unfinished)
        at += 15 * SECOND
    return found


@pytest.mark.parametrize(
    ("look", "length", "opened"),
    [
        pytest.param({}, MINUTE, [], id="empty tables, no queues yet"),
        pytest.param({"scopes": [scope(stale=False)]}, 60 * MINUTE, [], id="a fresh scope"),
        pytest.param({"scopes": [scope()]}, 6 * MINUTE, [], id="a stale scope gets one interval more"),
        pytest.param({"scopes": [scope()]}, 7 * MINUTE, ["silence/gestta"], id="a stale scope"),
        pytest.param({"scopes": [scope(every=24 * 60 * MINUTE)]}, 15 * MINUTE, ["silence/gestta"], id="a daily scope"),
        pytest.param({"scopes": [scope(read=None)]}, 20 * MINUTE, [], id="a first read that takes its time"),
        pytest.param({"scopes": [scope(read=None)]}, 21 * MINUTE, ["silence/gestta"], id="never read"),
        pytest.param({"queues": {QUEUE: (0, 0)}}, MINUTE, [], id="services still start"),
        pytest.param({"queues": {QUEUE: (0, 0)}}, 2 * MINUTE, [f"consumer/{QUEUE}"], id="nobody attends a queue"),
        pytest.param({"queues": {QUEUE: (50, 1)}}, 14 * MINUTE, [], id="a queue is full for a while"),
        pytest.param({"queues": {QUEUE: (50, 1)}}, 15 * MINUTE, [f"backlog/{QUEUE}"], id="a queue never falls"),
        pytest.param({"queues": {f"{QUEUE}.dlq": (1, 0)}}, 45 * SECOND, [], id="the fact may still be on its way"),
        pytest.param({"queues": {f"{QUEUE}.dlq": (1, 0)}}, MINUTE, [f"message/{QUEUE}"], id="a dead letter untold"),
    ],
)
def test_a_condition_is_news_once_it_has_held(look, length, opened):
    found = seen_for(length, **look)

    assert opened == [signal.incident for signal in found if isinstance(signal, Failing)]


@pytest.mark.parametrize(
    ("look", "known"),
    [
        pytest.param({"scopes": [scope()]}, incident("auth/gestta"), id="no scope is read without a credential"),
        pytest.param({"scopes": [scope()]}, incident("source/gestta", "search:open"), id="a scope known to fail"),
        pytest.param({"scopes": [scope()]}, incident("source/gestta", "all"), id="a system known to be away"),
        pytest.param({"scopes": [scope()]}, incident("silence/gestta", "search:open"), id="silence already open"),
        pytest.param({"queues": {f"{QUEUE}.dlq": (2, 0)}}, incident(f"message/{QUEUE}"), id="an announced message"),
    ],
)
def test_what_is_known_is_not_found_again(look, known):
    assert seen_for(60 * MINUTE, unfinished=[known], **look) == ()


@pytest.mark.parametrize(
    ("look", "known", "closed"),
    [
        ({"scopes": [scope(stale=False)]}, incident("silence/gestta", "search:open"), "silence/gestta"),
        ({"queues": {QUEUE: (0, 1)}}, incident(f"consumer/{QUEUE}"), f"consumer/{QUEUE}"),
        ({"queues": {f"{QUEUE}.dlq": (0, 0)}}, incident(f"message/{QUEUE}"), f"message/{QUEUE}"),
    ],
)
def test_what_is_seen_to_be_well_is_over(look, known, closed):
    found = seen_for(timedelta(0), unfinished=[known], **look)

    assert [closed] == [signal.incident for signal in found if isinstance(signal, Working)]


@pytest.mark.parametrize("cause", [("auth/gestta",), ("source/gestta", "search:open"), ("source/gestta", "all")])
def test_a_silence_is_not_over_because_people_learn_why(cause):
    silence = incident("silence/gestta", "search:open")

    assert seen_for(timedelta(0), unfinished=[silence, incident(*cause)], scopes=[scope()]) == ()


def test_another_scope_that_fails_explains_no_silence():
    found = seen_for(7 * MINUTE, unfinished=[incident("source/gestta", "report:x")], scopes=[scope()])

    assert [signal.incident for signal in found] == ["silence/gestta"]


def test_the_patience_with_a_scope_begins_anew_when_what_explained_it_is_over():
    memory = Memory()
    for minute, unfinished in ((0, [incident("source/gestta", "all")]), (60, []), (66, [])):
        memory, found = observe(Look(NOON + minute * MINUTE, [scope()]), memory, unfinished)
        assert found == ()
    _, found = observe(Look(NOON + 67 * MINUTE, [scope()]), memory, [])
    assert [signal.incident for signal in found] == ["silence/gestta"]


def test_a_queue_that_could_not_be_looked_at_ends_nothing():
    assert seen_for(timedelta(0), unfinished=[incident(f"message/{QUEUE}")]) == ()
