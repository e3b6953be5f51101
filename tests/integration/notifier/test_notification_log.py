"""What was heard and said survives the process, once."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from services.notifier.incidents import WHOLE, Failing, Working
from services.notifier.notification_log import NotificationLog
from services.notifier.policy import Reason
from services.notifier.watch import Scope
from shared.database.connection import connect

pytestmark = pytest.mark.integration

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
LATER = NOON + 9 * HOUR


@pytest.fixture
def log(login_url):
    engine = connect(login_url("notifier"), name="test")
    yield NotificationLog(engine)
    engine.dispose()


def failing(at=NOON):
    return Failing(incident="auth/gestta", member=WHOLE, at=at, details={"hint": "não vale"})


def working(at):
    return Working(incident="auth/gestta", member=WHOLE, at=at)


def test_an_incident_comes_back_as_it_was_heard(log):
    log.hear([failing()], now=NOON, event_id="e1")

    (incident,) = log.unfinished(now=LATER)
    assert (
        incident.key,
        incident.opened_at,
        incident.heard_at,
        incident.is_open,
    ) == ("auth/gestta", NOON, NOON, True)
    assert incident.members[WHOLE].details == {"hint": "não vale"}


def test_the_same_fact_counts_once(log):
    for _ in range(3):
        log.hear([failing()], now=NOON, event_id="e1")

    assert log.unfinished(now=LATER)[0].members[WHOLE].times == 1


def test_a_failure_that_comes_after_its_recovery_opens_nothing(log):
    log.hear([working(NOON + HOUR)], now=NOON, event_id="e2")
    log.hear([failing(NOON)], now=NOON, event_id="e1")

    assert log.unfinished(now=LATER) == []


def test_what_was_said_is_finished_when_its_end_was_said(log):
    log.hear([failing()], now=NOON, event_id="e1")
    (incident,) = log.unfinished(now=LATER)
    log.about_to_say(incident, Reason.FIRST)
    log.said(incident, Reason.FIRST, now=NOON, ts="1.5")
    log.hear([working(NOON + HOUR)], now=NOON + HOUR, event_id="e2")

    (over,) = log.unfinished(now=LATER)
    assert (over.said_at, over.times_said, over.message_ts, over.is_open) == (NOON, 1, "1.5", False)
    log.said(over, Reason.RECOVERED, now=NOON + HOUR, ts="2.5")
    assert log.unfinished(now=LATER) == []


def test_a_crash_before_the_record_leaves_a_trace_and_a_failed_send_leaves_none(log):
    log.hear([failing()], now=NOON, event_id="e1")
    (incident,) = log.unfinished(now=LATER)

    log.about_to_say(incident, Reason.FIRST)
    assert log.unfinished(now=LATER)[0].maybe_said
    log.not_said(incident)
    assert not log.unfinished(now=LATER)[0].maybe_said


def test_a_new_incident_of_the_same_cause_is_a_row_of_its_own(log):
    for number, signal in enumerate([failing(), working(NOON + HOUR), failing(NOON + 2 * HOUR)]):
        log.hear([signal], now=signal.at, event_id=str(number))

    (incident,) = log.unfinished(now=LATER)
    assert incident.opened_at == NOON + 2 * HOUR


def test_freshness_is_read(log, engine):
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO ops.scopes (system, scope, every, last_read_at, planned_at)"
                " VALUES ('notion', 's', '1h', NULL, now())"
            )
        )

    assert [Scope("notion", "s", HOUR, None, True)] == log.freshness()
