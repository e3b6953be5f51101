"""A road with a service on it, seen from outside."""

import threading
from contextlib import ExitStack

import pytest

from shared.messaging import rabbitmq
from shared.messaging.run import run
from shared.messaging.service import Every, On, Service
from tests.integration.road import Road


@pytest.fixture
def bare_road(amqp_url, broker):
    """A road without its topology."""
    return Road(amqp_url, broker.management)


@pytest.fixture
def road(bare_road):
    rabbitmq.declare(bare_road.url)
    return bare_road


@pytest.fixture
def serve_on(eventually):
    """`serve_on(road, On(…), Every(…))`: a service in a thread of this test, stopped with it."""
    with ExitStack() as stack:

        def begin(
            road: Road, *does: On | Every, name="transformer", exclusive=None, wait=True, url=None, stays_refused=False
        ):
            service = Service(
                name=name, amqp_url=url or road.url, does=list(does), exclusive=exclusive, stays_refused=stays_refused
            )
            thread = threading.Thread(target=run, args=(service,), name=f"road of {name}")

            def end():
                service.stop.set()
                thread.join(20)
                assert not thread.is_alive()

            stack.callback(end)
            thread.start()
            if wait:
                eventually(lambda: service.link.is_open, within=20)
            return service

        yield begin


@pytest.fixture
def serve(bare_road, serve_on):
    """`serve(On(…), Every(…))`: on this test's road."""
    return lambda *does, **how: serve_on(bare_road, *does, **how)
