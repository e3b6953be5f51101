"""What a workspace holds: databases, their data sources, the pages in them, and people."""

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from simulators.notion.schema import Property

Json = dict[str, Any]
# Pages are ordered by creation; within one minute, by the order in which they were made.
PageKey = tuple[str, int]


@dataclass(slots=True, eq=False)
class Page:
    """A row of a data source, or a page elsewhere (then `data_source_id` is None and `parent` is raw).

    `values` are keyed by the column's id, so that a renamed column keeps them. Times are ISO texts with
    milliseconds in UTC, floored to the minute; as texts they compare as the times do. `shown` are the
    remaining keys of the page; `recorded_keys` names the keys of a recorded page, which shows no others. In a wiki a
    row can be a data source instead, `is_source`.
    """

    id: str
    key: PageKey
    last_edited_time: str
    created_by: Json
    last_edited_by: Json
    parent: Json
    values: dict[str, Any]
    shown: Json
    data_source_id: str | None = None
    columns: dict[str, Property] = field(default_factory=dict)
    in_trash: bool = False
    is_archived: bool = False
    recorded_keys: frozenset[str] | None = None
    changes_on_every_read: bool = False
    is_source: str | None = None
    revision: int = 0

    @property
    def created_time(self) -> str:
        return self.key[0]

    @property
    def edit_key(self) -> PageKey:
        return (self.last_edited_time, self.key[1])


@dataclass(slots=True, eq=False)
class DataSource:
    """A table: its columns by display name, and its pages by creation and by last edit.

    `revision` counts every change of rows or columns; `schema_revision` only those of columns.
    """

    id: str
    name: str
    database_id: str
    properties: dict[str, Property]
    shown: Json
    created_by_key: list[Page] = field(default_factory=list)
    edited_by_key: list[Page] = field(default_factory=list)
    is_shared: bool = True
    unique_number: int = 0
    revision: int = 0
    schema_revision: int = 0
    row_parent: Json = field(init=False)

    def __post_init__(self) -> None:
        # One object for all rows: a copy in each of many thousand would cost more than their values.
        self.row_parent = {"type": "data_source_id", "data_source_id": self.id, "database_id": self.database_id}

    def insert(self, page: Page) -> None:
        _insert(self.created_by_key, page, _creation)
        _insert(self.edited_by_key, page, _edit)
        self.revision += 1

    def remove(self, page: Page) -> None:
        _remove(self.created_by_key, page, _creation)
        _remove(self.edited_by_key, page, _edit)
        self.revision += 1

    def edited(self, page: Page, at: str) -> None:
        """Moves the page to its new place in the order of edits."""
        _remove(self.edited_by_key, page, _edit)
        page.last_edited_time = at
        _insert(self.edited_by_key, page, _edit)
        self.revision += 1

    def column(self, name_or_id: str) -> Property | None:
        found = self.properties.get(name_or_id)
        if found is not None:
            return found
        return next((column for column in self.properties.values() if column.answers_to(name_or_id)), None)


@dataclass(slots=True, eq=False)
class Database:
    """A container of data sources; `shown` are the keys of its object beside its id and its data sources."""

    id: str
    title: str
    shown: Json
    data_source_ids: list[str] = field(default_factory=list)
    recorded_sources: list[Json] | None = None
    recorded_keys: frozenset[str] | None = None


def page_url(object_id: str) -> str:
    """The address of what was made here; recorded pages keep the one they were recorded with."""
    return f"https://app.notion.com/p/{object_id.replace('-', '')}"


def _creation(page: Page) -> PageKey:
    return page.key


def _edit(page: Page) -> PageKey:
    return page.edit_key


def _insert(pages: list[Page], page: Page, key: Callable[[Page], PageKey]) -> None:
    if not pages or key(pages[-1]) < key(page):
        pages.append(page)
    else:
        pages.insert(bisect_left(pages, key(page), key=key), page)


def _remove(pages: list[Page], page: Page, key: Callable[[Page], PageKey]) -> None:
    del pages[bisect_left(pages, key(page), key=key)]
