"""The office's register of clients, put into a Notion workspace and kept there as the world goes on."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Protocol

from simulators.world.generate import STATES
from simulators.world.model import Entry
from simulators.world.world import World

CODE, TRADE_NAME, SINCE, STATE, MANAGER = (
    "Código Domínio", "Nome Fantasia", "1ª Competência", "Estado", "Gestão de Clientes",
)  # fmt: skip


class Database(Protocol):
    """What is needed of a database once it is made."""

    @property
    def id(self) -> str: ...
    @property
    def data_source_ids(self) -> list[str]: ...


class Workspace(Protocol):
    """What the register asks of a Notion workspace."""

    def create_database(self, title: str, schema: Mapping[str, Any]) -> Database: ...
    def create_page(
        self, data_source_id: str, properties: Mapping[str, Any], *, created_time: datetime | None = None
    ) -> str: ...
    def update_page(self, page_id: str, properties: Mapping[str, Any]) -> None: ...
    def trash(self, page_id: str) -> None: ...
    def restore(self, page_id: str) -> None: ...


class Register:
    """The databases "Clientes" and "Pessoas"; a world's mirror. Call it with the world's lock held."""

    def __init__(self, workspace: Workspace, world: World, now: datetime) -> None:
        self._workspace = workspace
        people = workspace.create_database("Pessoas", {"Nome": "title"})
        self.people_database_id = people.id
        self._people_source = people.data_source_ids[0]
        clients = workspace.create_database(
            "Clientes",
            {
                CODE: "title",
                TRADE_NAME: "rich_text",
                SINCE: "date",
                STATE: {"select": list(STATES)},
                MANAGER: {"relation": {"data_source_id": self._people_source}},
            },
        )
        self.clients_database_id = clients.id
        self._clients_source = clients.data_source_ids[0]
        long_ago = now - timedelta(days=700)
        self._people = {
            person.name: workspace.create_page(self._people_source, {"Nome": person.name}, created_time=long_ago)
            for person in world.people
        }
        self._pages: dict[int, str] = {}
        self._trashed: set[int] = set()
        entries = list(world.register.values())
        for position, entry in enumerate(entries):
            # Created hours apart: where a code has two pages, which is newer is beyond doubt.
            self._create(entry, now - timedelta(hours=6 * (len(entries) - position)))

    def put(self, entry: Entry, now: datetime) -> None:
        """The page as the entry says: made, changed, trashed or restored."""
        if entry.key not in self._pages:
            self._create(entry, now)
            return
        page = self._pages[entry.key]
        if entry.trashed:
            self._workspace.trash(page)
            self._trashed.add(entry.key)
            return
        if entry.key in self._trashed:
            self._workspace.restore(page)
            self._trashed.remove(entry.key)
        self._workspace.update_page(page, self._properties(entry))

    def _create(self, entry: Entry, created: datetime) -> None:
        self._pages[entry.key] = self._workspace.create_page(
            self._clients_source, self._properties(entry), created_time=created
        )

    def _properties(self, entry: Entry) -> dict[str, Any]:
        since: date | None = entry.since
        return {
            CODE: entry.code,
            TRADE_NAME: _in_pieces(entry.trade_name) if entry.key % 10 == 3 else entry.trade_name,
            SINCE: since,
            STATE: entry.state,
            MANAGER: [self._people[entry.manager]] if entry.manager else [],
        }


def _in_pieces(text: str) -> dict[str, Any]:
    """A text whose first word is bold: Notion gives it in two pieces, and only both are the name."""
    head, blank, tail = text.partition(" ")
    return {
        "rich_text": [_piece(head, bold=True), _piece(blank + tail, bold=False)] if tail else [_piece(head, bold=True)]
    }


def _piece(text: str, *, bold: bool) -> dict[str, Any]:
    plain = {"italic": False, "strikethrough": False, "underline": False, "code": False, "color": "default"}
    return {
        "type": "text",
        "text": {"content": text, "link": None},
        "annotations": {"bold": bold, **plain},
        "plain_text": text,
        "href": None,
    }
