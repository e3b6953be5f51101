"""The console before a real broker, database and landing, with a transformer that really loads."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine

from services.console.__main__ import console as command
from services.transformer.service import LoadRawData
from services.transformer.tidy import gestta, notion
from services.transformer.warehouse import Warehouse
from shared import clock
from shared.contracts.events import RawDataReady
from shared.database.connection import connect
from shared.landing import Landing
from shared.messaging.service import On, Service
from tests.integration.road import Road
from tests.integration.transformer.conftest import Office, page

QUEUE = "transformer.raw_data_ready"
Console = Callable[..., Result]


@pytest.fixture
def environment(amqp_url: str, login_url: Callable[[str], str], tmp_path: Path) -> dict[str, str]:
    """What the console is told."""
    return {
        "AMQP_URL": amqp_url,
        "DATABASE_URL": login_url("console"),
        "LANDING_URL": str(tmp_path / "landing"),
        "TOKENS_DIR": str(tmp_path / "tokens"),
    }


@pytest.fixture
def console(environment: dict[str, str]) -> Console:
    """`console("dead", "list", stdin=…)`: the command with the test's own settings."""

    def run(*words: str, stdin: str | None = None, **changed: str) -> Result:
        return CliRunner().invoke(command, words, input=stdin, env=environment | changed)

    return run


@pytest.fixture
def office(login_url: Callable[[str], str], engine: Engine, tmp_path: Path) -> Iterator[Office]:
    """Lands batches and loads them, as the transformer's login."""
    transformer = connect(login_url("transformer"), name="test")
    yield Office(Landing(str(tmp_path / "landing")), Warehouse(transformer, reject_limit=0.20), engine)
    transformer.dispose()


@pytest.fixture
def announced(road: Road, office: Office) -> Callable[..., Any]:
    """`announced(rows, …)`: lands a batch of the clients' register and says its fact on the road, as an extractor."""

    def announce(*rows: dict[str, Any], **how: Any) -> Any:
        envelope = office.land_pages(rows, read_at=clock.now(), **how)
        road.say_again(envelope)
        return envelope

    return announce


@pytest.fixture
def transformer(serve_on: Callable[..., Service], road: Road, office: Office) -> Callable[[], Service]:
    """`transformer()`: the real handler on its real queue."""
    load = LoadRawData(
        office.landing, office.warehouse, {"gestta": gestta.tidy, "notion": notion.tidy}, 0.15, "these rules", clock.now
    )
    return lambda: serve_on(road, On(QUEUE, {RawDataReady: load}))


def client(number: int, **properties: str | None) -> dict[str, Any]:
    """A client's page in the register."""
    given = {"title": f"Cliente {number}", "client_code": str(number), "trade_name": f"Nome {number}"}
    return page(f"client-{number}", **(given | properties))
