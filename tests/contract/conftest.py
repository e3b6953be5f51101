"""A simulated Notion for each test, on one server per file."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from simulators.notion.workspace import Workspace
from tests.contract.simulated_notion import Clock, Stage, opened_stage
from tests.contract.webhook_endpoint import Endpoint


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with opened_stage() as opened:
        yield opened


@pytest.fixture
def clock() -> Clock:
    return Clock(datetime(2026, 11, 23, 10, 0, 45, tzinfo=UTC))


@pytest.fixture
def workspace(clock: Clock) -> Workspace:
    return Workspace(3, clock)


@pytest.fixture
def source_id(workspace: Workspace) -> str:
    """A data source with a column of each kind that the facts are about."""
    schema = {"Nome": "title", "Valor": "number", "Grupo": "relation", "Pessoas": "people", "Conta": "formula"}
    (only,) = workspace.create_database("Clientes", schema).data_source_ids
    return str(only)


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    opened = Endpoint()
    yield opened
    opened.close()
