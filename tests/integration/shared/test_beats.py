"""Beats, and runs that take turns, on a real broker."""

from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from shared.errors import Transient
from shared.messaging.rabbitmq import BrokerRefused
from shared.messaging.service import Every

pytestmark = pytest.mark.integration


def test_two_runs_of_a_system_take_turns(road, serve, eventually):
    beats = []
    first = serve(
        Every("a", timedelta(seconds=0.2), lambda: beats.append("a")), name="gestta_extractor",
        exclusive="gestta_extractor.running",
    )  # fmt: skip
    eventually(lambda: beats)
    serve(
        Every("b", timedelta(seconds=0.2), lambda: beats.append("b")), name="gestta_extractor",
        exclusive="gestta_extractor.running", wait=False,
    )  # fmt: skip
    eventually(lambda: len(road.connections("gestta_extractor")) == 2, within=15)
    seen = len(beats)
    eventually(lambda: len(beats) > seen + 3)
    assert "b" not in beats
    first.stop.set()
    eventually(lambda: "b" in beats, within=15)


def test_a_beat_goes_on_while_the_broker_is_away(road, serve, eventually):
    beats = []
    service = serve(Every("a", timedelta(seconds=0.1), lambda: beats.append(service.link.is_open)))
    eventually(lambda: beats)
    road.cut("transformer", eventually)
    eventually(lambda: False in beats, within=15)
    eventually(lambda: beats[-1] is True, within=15)


def test_a_beat_is_woken_when_the_road_opens_again(road, serve, eventually):
    beats = []
    service = serve(Every("a", timedelta(hours=1), lambda: beats.append(1), on_open=True))
    eventually(lambda: beats)
    seen = len(beats)
    road.cut("transformer", eventually)
    eventually(lambda: len(beats) > seen and service.link.is_open, within=20)


def test_a_beat_that_fails_comes_again_and_is_told_in_health(road, serve, eventually):
    outcomes = [ZeroDivisionError(), Transient("x")]

    def beat():
        if outcomes:
            raise outcomes.pop(0)

    service = serve(Every("a", timedelta(seconds=0.5), beat))
    eventually(lambda: "a" in service.health.report()["wrong"])
    eventually(lambda: service.health.report()["ok"])


def test_what_ails_a_beat_is_logged_when_it_changes_and_when_it_is_over(road, serve, eventually):
    outcomes = [Transient("away")] * 3 + [Transient("full")] * 2 + [BrokerRefused("no")] + [KeyError("x")] * 3

    def beat():
        if outcomes:
            raise outcomes.pop(0)

    with capture_logs() as lines:
        serve(Every("a", timedelta(seconds=0.05), beat))
        eventually(lambda: "a beat works again" in [line["event"] for line in lines])
    told = [(line["log_level"], line.get("reason")) for line in lines if line.get("beat") == "a"]
    assert told == [
        ("warning", "away"),
        ("warning", "full"),
        ("warning", "no"),
        ("error", "KeyError('x')"),
        ("info", None),
    ]
