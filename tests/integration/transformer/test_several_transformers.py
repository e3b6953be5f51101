"""Ten transformers on one broker leave the rows that one leaves."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine

from services.transformer.warehouse import Warehouse
from shared.database.connection import connect
from shared.landing import Landing
from shared.messaging import rabbitmq, topology
from shared.messaging.codec import encode
from tests.integration.transformer.conftest import NEXT_BLOCK, Office, at, page

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

TRANSFORMERS = 10
CURRENT = (
    "SELECT task_id, title, status, owner, due_date, report, search, removed_at FROM operacional.gestta_tasks"
    " ORDER BY task_id"
)


@contextmanager
def transformers(count: int, amqp_url: str, database_url: str, folder: Path) -> Iterator[None]:
    """So many processes; they end with the block."""
    environment = os.environ | {
        "AMQP_URL": amqp_url,
        "DATABASE_URL": database_url,
        "LANDING_URL": str(folder / "landing"),
        "EXPORT_DIR": str(folder / "exports"),
        "HEALTH_PORT": "0",
    }
    command = [sys.executable, "-m", "services.transformer"]
    with (folder / "transformers.log").open("w", encoding="utf-8") as log:
        running = [subprocess.Popen(command, env=environment, stdout=log, stderr=log) for _ in range(count)]
        try:
            yield
        finally:
            for process in running:
                process.terminate()
            for process in running:
                process.wait(timeout=60)


def story(office: Office) -> list[Any]:
    """A morning of two blocks, the search, the register and a lookup, each read several times."""
    events = []
    for minute in range(0, 24, 4):
        rows = [
            {"id": f"t{n}", "name": f"T{n} {minute if n % 7 == minute % 7 else ''}", "status": "OPEN",
             "owner.name": "Ana" if n % 3 else "Bia", "_due_date": "2026-12-01"}
            for n in range(60)
        ]  # fmt: skip
        events.append(office.land(rows[:40], read_at=at(minute)))
        events.append(office.land(rows[30:], read_at=at(minute + 1), scope=NEXT_BLOCK))
        found = [{"_id": f"t{n}", "name": f"T{n}", "status": "OPEN"} for n in range(minute, 60, 5)]
        events.append(office.land(found, read_at=at(minute + 2), scope="search:open"))
        events.append(office.land([], read_at=at(minute + 3), scope="lookup", removed=[f"t{minute}"]))
        pages = [page(f"p{n}", edited=at(minute), client_code=str(n)) for n in range(9)]
        events.append(office.land_pages(pages, read_at=at(minute + 3)))
    return events


def test_ten_transformers_on_one_broker_leave_the_rows_of_one(
    office, amqp_url, database_url, login_url, tmp_path, eventually
):
    events = story(office)
    for event in events:
        office.load(event)
    own = connect(login_url("transformer"), name="test")
    shared = Office(Landing(str(tmp_path / "landing")), Warehouse(own, reject_limit=0.2), create_engine(database_url))
    rabbitmq.declare(amqp_url)
    with rabbitmq.session(amqp_url, name="test") as connection, rabbitmq.confirming(connection) as send:
        for event in [*events, *events[::-1]]:
            send(topology.EVENTS, event.routing_key, encode(event), rabbitmq.properties_of(event))
    with transformers(TRANSFORMERS, amqp_url, login_url("transformer"), tmp_path):

        def all_loaded() -> bool:
            return len(shared.rows("SELECT DISTINCT event_id FROM ops.loads")) == len(events)

        eventually(all_loaded, within=150)
    assert shared.rows(CURRENT) == office.rows(CURRENT)
    assert len(shared.rows("SELECT event_id FROM ops.loads")) == len(events), "each batch once, said twice or not"
    shared.engine.dispose()
    own.dispose()
