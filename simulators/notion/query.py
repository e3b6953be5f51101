"""POST …/query: which rows one page of a query holds, and where the next goes on."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from simulators.notion import versions
from simulators.notion.cursors import Session, Sessions, cursor_of
from simulators.notion.errors import gateway_timeout, query_timed_out, validation
from simulators.notion.filters import EVERYTHING, Filter, compile_filter
from simulators.notion.model import DataSource, Json, Page, PageKey
from simulators.notion.ordering import SortKey, check_sorts, creation_order, ordered, sort_key
from simulators.notion.render import Renderer, View, page_list
from simulators.notion.workspace import Workspace

MAX_PAGE_SIZE = 100
BODY_KEYS = frozenset({"filter", "sorts", "start_cursor", "page_size", "result_type", "is_archived"})
INCOMPLETE: Json = {"type": "incomplete", "incomplete_reason": "query_result_limit_reached"}
OLDER_KEYS = frozenset({"in_trash", "archived"})
# A filter on edits narrows the walk where it leaves fewer than one row in so many; else the walk is cheaper.
NARROW = 8


@dataclass(frozen=True, slots=True)
class Query:
    """A checked body: one partition of a data source, filtered and sorted."""

    source: DataSource
    filter: Filter
    sorts: list[Any]
    archived: bool
    result_type: str | None
    page_size: int
    cursor: str | None
    bound_to: Json

    def holds(self, page: Page) -> bool:
        return (
            not page.in_trash
            and page.is_archived == self.archived
            and self.result_type in (None, "page" if page.is_source is None else "data_source")
            and self.filter.matches(page)
        )


class Queries:
    """Answers queries from the workspace, one page at a time."""

    def __init__(self, workspace: Workspace, sessions: Sessions, renderer: Renderer) -> None:
        self._workspace = workspace
        self._sessions = sessions
        self._renderer = renderer

    def answer(self, source: DataSource, body: Json, view: View, request_id: str) -> bytes:
        """The list object of one page. Raises NotionError 400 for a body that Notion would not take."""
        query = self._checked(source, body, view)
        settings = view.settings
        if settings.heavy_page_size is not None and query.page_size > settings.heavy_page_size:
            raise gateway_timeout() if settings.heavy_status == 504 else query_timed_out()
        session: Session
        place: Any
        if query.cursor is None:
            session, place, served = self._sessions.open(query.bound_to, settings.cursor_ttl), None, 0
        else:
            session, place, served = self._sessions.resume(query.cursor, query.bound_to)
        size = min(self._size(query, session, view), settings.row_cap - served)
        walk = self._walk(query, session, place)
        found = list(islice(walk, size + 1))
        rows, following = found[:size], found[size:]
        capped = bool(following) and served + size >= settings.row_cap
        has_more = bool(following) and not capped
        tail: Json = {"next_cursor": None, "has_more": has_more}
        if has_more:
            page, place = following[0]
            tail["next_cursor"] = cursor_of(session, page.id, place, served + size)
        else:
            session.ordered = None  # a walk that has ended is not worth its list of rows
        kind = "page_or_data_source" if versions.has_data_sources(view.version) else "page_or_database"
        tail |= {"type": kind, kind: {}}
        # Older versions reportedly leave the status out: there the cap cannot be seen at all.
        if capped and versions.has_data_sources(view.version):
            tail["request_status"] = INCOMPLETE
        tail["request_id"] = request_id
        return page_list((self._renderer.row(page, view) for page, _ in rows), tail)

    def _checked(self, source: DataSource, body: Json, view: View) -> Query:
        allowed = BODY_KEYS | OLDER_KEYS if versions.says_archived(view.version) else BODY_KEYS
        for key in body:
            if key not in allowed:
                raise validation(f"body failed validation: body.{key} should be not present.")
        archived = body.get("is_archived", False)
        if not isinstance(archived, bool):
            raise validation("body failed validation: body.is_archived should be a boolean.")
        result_type = body.get("result_type")
        if result_type not in (None, "page", "data_source"):
            raise validation("body failed validation: body.result_type should be `page` or `data_source`.")
        now = self._workspace.now()
        sorts = check_sorts(body["sorts"], source) if "sorts" in body else []
        page_size = page_size_of(body.get("page_size", MAX_PAGE_SIZE), "body")
        asked = {"filter": body.get("filter"), "sorts": sorts, "archived": archived, "page_size": page_size}
        asked["result_type"] = result_type
        return Query(
            source=source,
            filter=compile_filter(body["filter"], source, now) if "filter" in body else EVERYTHING,
            sorts=sorts,
            archived=archived,
            result_type=result_type,
            page_size=page_size,
            cursor=start_cursor_of(body),
            bound_to={"in": source.id, **asked},
        )

    def _size(self, query: Query, session: Session, view: View) -> int:
        session.pages_served += 1
        every = view.settings.short_page_every
        if every and session.pages_served % every == 0:
            return max(1, query.page_size // 2)
        return query.page_size

    def _walk(self, query: Query, session: Session, place: Any) -> Iterator[tuple[Page, Any]]:
        """Matching rows with their places, from a place on. A place is the sort key, so that it outlives its row."""
        direction = creation_order(query.sorts)
        if direction is None:
            return self._sorted_walk(query, session, sort_key(query.sorts, query.source), place)
        narrowed = _narrowed(query)
        rows = query.source.created_by_key if narrowed is None else narrowed
        return _creation_walk(query, rows, direction, place)

    def _sorted_walk(self, query: Query, session: Session, key: SortKey, place: Any) -> Iterator[tuple[Page, Any]]:
        if session.ordered is None or session.ordered_at != query.source.revision:
            session.ordered = ordered(filter(query.holds, query.source.created_by_key), query.sorts, query.source)
            session.ordered_at = query.source.revision
        rows = session.ordered
        start = 0 if place is None else bisect_left(rows, place, key=key)
        return ((page, key(page)) for page in islice(rows, start, None))


def page_size_of(given: Any, where: str) -> int:
    """A page size from 1 to 100. Raises NotionError 400 for any other."""
    if isinstance(given, bool) or not isinstance(given, int):
        raise validation(f"{where} failed validation: {where}.page_size should be a number, instead was `{given}`.")
    if given > MAX_PAGE_SIZE:
        raise validation(f"{where} failed validation: {where}.page_size should be ≤ `100`, instead was `{given}`.")
    if given < 1:
        raise validation(f"{where} failed validation: {where}.page_size should be ≥ `1`, instead was `{given}`.")
    return given


def start_cursor_of(body: Json) -> str | None:
    """The cursor of a body, absent on the first call: JSON null is not the same as absent."""
    if "start_cursor" not in body:
        return None
    cursor = body["start_cursor"]
    if not isinstance(cursor, str):
        raise validation(
            "body failed validation: body.start_cursor should be a string or `undefined`, instead was `null`."
        )
    return cursor


def _creation_walk(
    query: Query, rows: list[Page], direction: str, place: PageKey | None
) -> Iterator[tuple[Page, PageKey]]:
    low, high = 0, len(rows)
    since = query.filter.since.get("created_time")
    if since:
        low = bisect_left(rows, (since,), key=_key)
    if direction == "ascending":
        low = low if place is None else bisect_left(rows, place, key=_key)
        places = range(low, high)
    else:
        high = high if place is None else bisect_right(rows, place, key=_key)
        places = range(high - 1, low - 1, -1)
    return ((rows[index], rows[index].key) for index in places if query.holds(rows[index]))


def _narrowed(query: Query) -> list[Page] | None:
    """The rows edited since the filter's bound in the order of creation, where they are few."""
    since = query.filter.since.get("last_edited_time")
    if since is None:
        return None
    edited = query.source.edited_by_key
    first = bisect_left(edited, (since,), key=_edit_key)
    if (len(edited) - first) * NARROW > len(edited):
        return None
    return sorted(edited[first:], key=_key)


def _key(page: Page) -> tuple[Any, ...]:
    return page.key


def _edit_key(page: Page) -> tuple[Any, ...]:
    return page.edit_key
