"""One run of an extractor and nothing else, on a real broker."""

import threading
from dataclasses import dataclass
from datetime import timedelta

import pytest

from shared.errors import Outage
from shared.messaging.once import run_once
from shared.messaging.service import Every, Service
from tests.integration.shared.messages import ready

pytestmark = pytest.mark.integration

RUNNING = "gestta_extractor.running"


@dataclass(frozen=True, slots=True)
class Speaker:
    every: Every


@pytest.fixture
def once(road):
    """`once(work)`: its exit code; what it landed is one batch."""

    def run(work):
        landed = [road.envelope(ready())]
        speaker = Speaker(Every("announce", timedelta(seconds=5), lambda: [landed.pop()] if landed else None))
        service = Service(name="gestta_extractor", amqp_url=road.url, does=[], exclusive=RUNNING)
        return run_once(service, speaker, lambda: work(service))

    return run


@pytest.mark.parametrize(("whole", "code"), [(True, 0), (False, 1)], ids=["read whole", "a scope broke off"])
def test_a_single_run_says_what_it_landed_and_tells_whether_all_was_read(once, road, whole, code):
    calls = []

    def work(service):
        calls.append(service.name)
        return whole

    assert once(work) == code
    assert calls == ["gestta_extractor"]
    assert [e.type for e in road.journal()] == ["operacional.raw_data.ready.v1"]


def test_a_single_run_whose_landing_fails_while_it_speaks_says_so_by_its_exit_code(road):
    def away():
        raise Outage("landing", "no room")

    speaker = Speaker(Every("announce", timedelta(seconds=5), away))
    service = Service(name="gestta_extractor", amqp_url=road.url, does=[], exclusive=RUNNING)
    assert run_once(service, speaker, lambda: True) == 1


def test_each_turn_is_told_before_the_work_begins(road):
    told = []
    speaker = Speaker(Every("announce", timedelta(seconds=5), lambda: None))
    service = Service(
        name="gestta_extractor", amqp_url=road.url, does=[], exclusive=RUNNING, on_turn=lambda: told.append("turn")
    )

    def work():
        told.append("work")
        return True

    assert run_once(service, speaker, work) == 0
    assert told == ["turn", "work"]


def test_a_single_run_whose_road_is_lost_says_so_by_its_exit_code(once, road, eventually):
    def work(service):
        road.cut("gestta_extractor", eventually)
        eventually(lambda: not service.link.is_open, within=15)
        return True

    assert once(work) == 1
    assert road.journal() == []


def test_a_single_run_waits_until_the_service_that_reads_has_ended(once, road, serve, eventually):
    order, codes = [], []
    service = serve(
        Every("read", timedelta(hours=1), lambda: order.append("service")),
        name="gestta_extractor",
        exclusive=RUNNING,
    )
    eventually(lambda: order == ["service"])

    def work(_service):
        order.append("once")
        return True

    waiting = threading.Thread(target=lambda: codes.append(once(work)))
    waiting.start()
    eventually(lambda: len(road.connections("gestta_extractor")) == 2, within=20)
    assert order == ["service"]
    service.stop.set()
    waiting.join(30)
    assert (order, codes) == (["service", "once"], [0])
