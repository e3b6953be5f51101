"""The database and the broker are missed from a memory of the notifier's own."""

from datetime import UTC, datetime, timedelta

import pytest

from services.notifier.message import MaybeSent, Message
from services.notifier.service import BROKER, DATABASE, Heartbeat, Sent, Vigil, Voice
from shared.errors import AuthRejected, Transient
from shared.health import Health

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
HELLO = Message("olá", ())


class Wall:
    """A channel that keeps what it is told, and fails first as often as it has errors."""

    def __init__(self, *errors):
        self.errors = list(errors)
        self.texts = []

    def post(self, message):
        if self.errors:
            raise self.errors.pop(0)
        self.texts.append(message.text)
        return "1.0"


def kept(wall, minutes, *, away, what=DATABASE):
    """A vigil that looked every five seconds for `minutes`, while `what` was away in the minutes that `away` has."""
    clock = [NOON]
    asked = {what: lambda: "nobody answers" if int((clock[0] - NOON) / MINUTE) in away else None}
    vigil = Vigil(asked, Voice(wall, Health()), repeat_every=HOUR)
    for _ in range(minutes * 12 + 1):
        vigil.look(clock[0])
        clock[0] += timedelta(seconds=5)
    return vigil


@pytest.mark.parametrize(
    ("minutes", "away", "what", "said"),
    [
        pytest.param(9, range(0), DATABASE, [], id="it answers"),
        pytest.param(9, range(1), DATABASE, [], id="away for a minute"),
        pytest.param(9, range(99), DATABASE, ["🔴"], id="away for nine"),
        pytest.param(62, range(99), DATABASE, ["🔴", "🔴 Continua"], id="away for an hour and two minutes"),
        pytest.param(9, range(5), DATABASE, ["🔴", "✅"], id="away for five, then back"),
        pytest.param(20, (*range(5), *range(10, 15)), BROKER, ["🔴", "✅", "🔴", "✅"], id="the broker, twice"),
    ],
)
def test_what_is_away_for_two_minutes_is_said_and_its_return(minutes, away, what, said):
    wall = Wall()
    kept(wall, minutes, away=away, what=what)

    assert len(wall.texts) == len(said)
    assert all(text.startswith(start) for text, start in zip(wall.texts, said, strict=True))


def test_slack_may_be_away_too_for_a_while():
    wall = Wall(Transient("500"), MaybeSent("cut"))
    kept(wall, 6, away=range(99))

    assert wall.texts == ["🔴 O sistema não alcança o banco de dados"]


def test_it_is_known_when_the_database_came_back():
    assert kept(Wall(), 9, away=range(5)).back_at == NOON + 5 * MINUTE


@pytest.mark.parametrize(
    ("error", "outcome", "pause"),
    [
        pytest.param(Transient("429", retry_after=30), Sent.NO, timedelta(seconds=30), id="as long as it was asked to"),
        pytest.param(Transient("500"), Sent.NO, timedelta(seconds=2), id="shortly"),
        pytest.param(MaybeSent("cut"), Sent.MAYBE, timedelta(seconds=2), id="shortly, not knowing"),
        pytest.param(AuthRejected("slack", 200, "token"), Sent.NO, MINUTE, id="a minute where a person must act"),
    ],
)
def test_the_voice_is_silent_after_a_failure(error, outcome, pause):
    health = Health()
    voice = Voice(Wall(error), health)

    assert voice.say(HELLO, now=NOON)[0] is outcome
    assert "slack" in health.report()["wrong"]
    assert not voice.ready(NOON + pause - timedelta(seconds=1))
    assert voice.ready(NOON + pause)
    assert voice.say(HELLO, now=NOON + pause) == (Sent.YES, "1.0")
    assert "slack" not in health.report()["wrong"]


def test_the_watchman_is_called_only_while_all_is_well():
    health, calls = Health(), []
    beat = Heartbeat(health, lambda: calls.append("well"))
    beat()
    assert calls == []
    health.well("start")
    beat()
    assert calls == ["well"]
