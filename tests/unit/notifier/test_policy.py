"""When people hear of an incident, and when not."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.notifier.incidents import WHOLE, Failing, Incident, Member, Working, fold
from services.notifier.policy import Reason, causes, decide, explains

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
WAIT, REPEAT = 30 * SECOND, 4 * HOUR
OPEN = Incident(
    key="source/gestta",
    opened_at=NOON - 9 * HOUR,
    heard_at=NOON - MINUTE,
    last_event_at=NOON,
    members={"s": Member(failed_at=NOON)},
)
SAID = replace(OPEN, said_at=NOON - HOUR, said_as="first", times_said=1)
OVER: dict[str, Any] = {"closed_at": NOON - MINUTE, "ended_at": NOON - MINUTE}


@pytest.mark.parametrize(
    ("incident", "explained", "reason"),
    [
        pytest.param(OPEN, (), Reason.FIRST, id="it has gathered long enough"),
        pytest.param(replace(OPEN, heard_at=NOON - 29 * SECOND), (), Reason.GATHERING, id="it still gathers"),
        pytest.param(OPEN, ("auth/gestta",), Reason.EXPLAINED, id="its credential is refused: one cause, one message"),
        pytest.param(OPEN, ("auth/notion",), Reason.FIRST, id="another system's credential explains nothing"),
        pytest.param(SAID, (), Reason.SAID, id="it was said an hour ago"),
        pytest.param(replace(SAID, said_at=NOON - REPEAT), (), Reason.REMINDER, id="the repeat interval is over"),
        pytest.param(replace(SAID, said_at=NOON - REPEAT), ("auth/gestta",), Reason.EXPLAINED, id="no reminder either"),
        pytest.param(
            replace(SAID, key="drift/notion", said_at=NOON - 9 * HOUR), (), Reason.SAID, id="news is not repeated"
        ),
        pytest.param(replace(OPEN, said_as="first"), (), Reason.FIRST, id="crashed before the record: said again"),
        pytest.param(replace(OPEN, **OVER), (), Reason.NEVER_SAID, id="over before anybody heard of it"),
        pytest.param(replace(SAID, **OVER), (), Reason.RECOVERED, id="over"),
        pytest.param(replace(OPEN, said_as="first", **OVER), (), Reason.RECOVERED, id="over, and perhaps said"),
        pytest.param(
            replace(SAID, closed_at=NOON, ended_at=NOON), (), Reason.SETTLING, id="over for a moment: it may come back"
        ),
        pytest.param(replace(SAID, **OVER, recovery_said_at=NOON), (), Reason.OVER, id="its end was said"),
    ],
)
def test_the_decision_has_a_reason(incident, explained, reason):
    assert reason is decide(incident, now=NOON, explained=frozenset(explained), group_wait=WAIT, repeat_every=REPEAT)


@pytest.mark.parametrize(
    ("key", "cause"),
    [
        ("silence/notion", "consumer/notion_extractor.commands"),
        ("silence/gestta", "consumer/transformer.raw_data_ready"),
        ("silence/gestta", "auth/gestta"),
        ("report/powerbi", "auth/powerbi"),
        ("backlog/transformer.raw_data_ready", "consumer/transformer.raw_data_ready"),
    ],
)
def test_a_consequence_knows_its_cause(key, cause):
    assert cause in causes(key)


def test_a_cause_explains_until_a_while_after_its_end_and_a_mere_recovery_explains_nothing():
    assert explains(OPEN, now=NOON)
    assert explains(replace(OPEN, closed_at=NOON), now=NOON + 9 * MINUTE)
    assert not explains(replace(OPEN, closed_at=NOON), now=NOON + 10 * MINUTE)
    assert not explains(replace(OPEN, opened_at=NOON, closed_at=NOON), now=NOON)


class Story:
    """Seconds of a notifier's life: facts, beats, and crashes between a send and its record."""

    def __init__(self):
        self.incident = None
        self.sent = []

    def signal(self, now, fails):
        kind = Failing if fails else Working
        signal = kind(incident="auth/gestta", member=WHOLE, at=now)
        self.incident = fold(self.incident, signal, heard_at=now)

    def beat(self, now, crashes):
        if self.incident is None:
            return
        reason = decide(self.incident, now=now, explained=frozenset(), group_wait=2 * SECOND, repeat_every=MINUTE)
        if not reason.speaks:
            return
        self.incident = replace(self.incident, said_as=reason.value)
        self.sent.append((now, reason))
        if crashes:
            return
        if reason is Reason.RECOVERED:
            self.incident = replace(self.incident, recovery_said_at=now)
        else:
            self.incident = replace(self.incident, said_at=now)


happenings = st.lists(st.sampled_from(["fails", "works", "crash", "quiet", "quiet", "quiet"]), min_size=1, max_size=200)


def told(happened):
    """A story in which each happening takes a second, and then three quiet seconds."""
    story, crashes = Story(), 0
    for number, what in enumerate([*happened, "quiet", "quiet", "quiet"]):
        now = NOON + number * SECOND
        if what in ("fails", "works"):
            story.signal(now, what == "fails")
        before = len(story.sent)
        story.beat(now, what == "crash")
        crashes += what == "crash" and len(story.sent) > before
    return story, crashes


@given(happenings)
def test_one_incident_is_one_alert_and_one_recovery_and_a_crash_costs_one_message_at_most(happened):
    story, crashes = told(happened)
    alerts = [now for now, reason in story.sent if reason is Reason.FIRST]
    recoveries = [now for now, reason in story.sent if reason is Reason.RECOVERED]

    assert len(recoveries) <= len(alerts) + crashes
    assert len(alerts) <= len(recoveries) + 1 + crashes


@given(happenings)
@example(["fails", "fails", "fails", "works", "works", "crash", "fails"])
def test_what_still_fails_was_said_and_what_was_said_and_is_over_is_said_to_be_over(happened):
    story, _ = told(happened)
    if story.incident is None:
        return

    if story.incident.is_open:
        assert story.sent
        assert story.sent[-1][1] is not Reason.RECOVERED
    elif story.sent:
        assert story.sent[-1][1] is Reason.RECOVERED


@given(st.integers(1, 600))
def test_reminders_are_a_repeat_interval_apart(seconds):
    story, _ = told(["fails"] + ["quiet"] * seconds)
    said = [now for now, _ in story.sent]

    assert all(later - earlier == MINUTE for earlier, later in itertools.pairwise(said))
    assert len(said) == 1 + (seconds + 1) // 60
