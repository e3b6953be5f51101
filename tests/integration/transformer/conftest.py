"""A transformer's warehouse on a real PostgreSQL, fed with batches that the real landing wrote."""

import secrets
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine, create_engine, text

from services.transformer.service import LoadRawData
from services.transformer.tidy import gestta, notion
from services.transformer.warehouse import Warehouse
from shared.contracts.envelope import Envelope, batch_event_id, first
from shared.contracts.events import Fact, RawDataReady, WarehouseLoaded
from shared.database.connection import connect
from shared.landing import Landing, batch_id, iso

TABLES = (
    "operacional.gestta_tasks",
    "operacional.notion_pages",
    "operacional.task_history",
    "ops.sightings",
    "ops.scopes",
    "ops.processed_events",
    "ops.loads",
    "ops.rejected_rows",
    "ops.quality",
    "ops.pending_removals",
    "ops.regenerated",
    "ops.exports",
)
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
BLOCK, NEXT_BLOCK = "report:2026-10-01/2026-12-31", "report:2027-01-01/2027-03-31"
REGISTER = "11111111-2222-4333-8444-555555555555"
CLIENTS: Mapping[str, Any] = {
    "role": "clients",
    "fields": {
        name: {"id": name} for name in ("title", "client_code", "client_document", "trade_name", "client_manager")
    },
    "statuses": {},
}
TASKS: Mapping[str, Any] = {
    "role": "tasks",
    "fields": {name: {"id": name} for name in ("title", "source_status", "due_date", "owner", "client_code")},
    "statuses": {"Feito": "done", "Fazendo": "in_progress", "Cancelado": "cancelled"},
}


def at(minutes: float) -> datetime:
    """So many minutes after the story begins."""
    return NOW + timedelta(minutes=minutes)


def page(page_id: str, *, edited: datetime = NOW, **properties: str | None) -> dict[str, Any]:
    """A page whose property ids are the names of the fields they feed."""
    return {
        "object": "page",
        "id": page_id,
        "created_time": iso(NOW - timedelta(days=30)),
        "last_edited_time": iso(edited),
        "url": f"https://app.notion.com/p/{page_id}",
        "properties": {
            name: {"id": name, "type": "rich_text", "rich_text": [{"plain_text": value}] if value else []}
            for name, value in properties.items()
        },
    }


@dataclass(slots=True)
class Office:
    """Lands batches, loads them, and looks at what became of them."""

    landing: Landing
    warehouse: Warehouse
    engine: Engine
    removal_limit: float = 0.15
    rules_version: str = "these rules"
    clock: datetime = NOW
    numbers: Iterator[int] = field(default_factory=count)

    def land(
        self,
        rows: Sequence[Mapping[str, Any]],
        *,
        read_at: datetime,
        scope: str = BLOCK,
        system: Any = "gestta",
        removed: Collection[str] | Sequence[Mapping[str, Any]] = (),
        plan: Sequence[tuple[str, timedelta]] = (),
        **extra: Any,
    ) -> Envelope[RawDataReady]:
        """Write a batch; returns its fact."""
        name = batch_id(read_at, scope, f"{next(self.numbers):06}")
        with self.landing.write(system, name, day=read_at.date()) as batch:
            for row in rows:
                batch.add(row, read_at=read_at)
            sha256 = batch.finish()
            batch.commit(
                {
                    "batch_ref": batch.batch_ref,
                    "scope": scope,
                    "sha256": sha256,
                    "removed": [_gone(row, scope, read_at) for row in removed],
                    "plan": [{"scope": s, "every_seconds": every.total_seconds()} for s, every in plan],
                    **extra,
                }
            )
        fact = RawDataReady(
            system=system,
            batch_ref=batch.batch_ref,
            sha256=sha256,
            records=len(rows),
            removed=len(removed),
            scope=scope,
            kind="lookup" if scope == "lookup" else "full",
            read_from=read_at,
            read_to=read_at,
        )
        return first(fact, source="/services/test", time=read_at, event_id=batch_event_id(batch.batch_ref))

    def land_pages(
        self,
        pages: Sequence[Mapping[str, Any]],
        *,
        read_at: datetime,
        mapping: Mapping[str, Any] = CLIENTS,
        **extra: Any,
    ) -> Envelope[RawDataReady]:
        given = {"scope": REGISTER, "data_source_id": REGISTER} | extra
        return self.land(pages, read_at=read_at, system="notion", mapping=mapping, **given)

    def handle(self, event: Envelope[RawDataReady], **orders: Any) -> list[Fact]:
        """What the service says to the fact."""
        service = LoadRawData(
            self.landing,
            self.warehouse,
            {"gestta": gestta.tidy, "notion": notion.tidy},
            self.removal_limit,
            self.rules_version,
            lambda: self.clock,
        )
        return list(service(replace(event, **orders)))

    def load(self, event: Envelope[RawDataReady], **orders: Any) -> WarehouseLoaded:
        loaded = self.handle(event, **orders)[-1]
        assert isinstance(loaded, WarehouseLoaded)
        return loaded

    def again(self, event: Envelope[RawDataReady], **orders: Any) -> WarehouseLoaded:
        """As a replay gives it: under a new id."""
        return self.load(event, id=str(uuid4()), **orders)

    def bring(self, rows: Sequence[Mapping[str, Any]], *, read_at: datetime, **how: Any) -> WarehouseLoaded:
        """Land and load."""
        return self.load(self.land(rows, read_at=read_at, **how))

    def empty(self) -> None:
        """Take everything away; a few rows go faster by DELETE than tables by TRUNCATE."""
        with self.engine.begin() as connection:
            for table in TABLES:
                connection.execute(text(f"DELETE FROM {table}"))

    def rows(self, query: str, **values: Any) -> list[dict[str, Any]]:
        with self.engine.begin() as connection:
            return [dict(row) for row in connection.execute(text(query), values).mappings()]

    def task(self, task_id: str = "a") -> dict[str, Any]:
        (only,) = self.rows("SELECT * FROM operacional.gestta_tasks WHERE task_id = :id", id=task_id)
        return only

    def shown(self) -> dict[str, dict[str, Any]]:
        """The panel by task; a task that is there twice fails here."""
        found = self.rows("SELECT * FROM bi.operational_panel")
        by_id = {row["task_id"]: row for row in found}
        assert len(by_id) == len(found), "a task is doubled"
        return by_id


def _gone(row: Any, scope: str, asked_at: datetime) -> dict[str, Any]:
    given: dict[str, Any] = dict(row) if isinstance(row, Mapping) else {"id": row}
    return {"scope": BLOCK if scope == "lookup" else scope, "asked_at": iso(asked_at), "lacked": 1, "held": 10} | given


@pytest.fixture(scope="session")
def own_database(postgres: Any) -> Iterator[Callable[[str | None], str]]:
    """One database for all these tests, emptied between them: copying the template each time would take the longest."""
    name = f"test_transformer_{secrets.token_hex(4)}"
    server = create_engine(postgres.url, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE operacional_template"))
        # A copy does not inherit who may connect and make temporary tables.
        connection.execute(
            text(
                "UPDATE pg_database SET datacl = template.datacl FROM pg_database template"
                " WHERE template.datname = 'operacional_template' AND pg_database.datname = :name"
            ),
            {"name": name},
        )
    yield lambda login: postgres.database(name, login)
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()


@pytest.fixture(scope="session")
def transformer_engine(own_database: Callable[[str | None], str]) -> Iterator[Engine]:
    """As the transformer's own login: what it may not do fails here too."""
    engine = connect(own_database("transformer"), name="test")
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def console_engine(own_database: Callable[[str | None], str]) -> Iterator[Engine]:
    """As the console's."""
    engine = connect(own_database("console"), name="test")
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def owner_engine(own_database: Callable[[str | None], str]) -> Iterator[Engine]:
    """As one who may do everything."""
    engine = connect(own_database(None), name="test")
    yield engine
    engine.dispose()


@pytest.fixture
def office(transformer_engine: Engine, owner_engine: Engine, tmp_path: Path) -> Office:
    """An empty warehouse and an empty landing."""
    office = Office(Landing(str(tmp_path / "landing")), Warehouse(transformer_engine, reject_limit=0.20), owner_engine)
    office.empty()
    return office
