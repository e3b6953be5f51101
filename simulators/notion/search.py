"""POST /v1/search: pages and data sources by title, as far as they are shared."""

from itertools import islice
from typing import Any

from simulators.notion import versions
from simulators.notion.cursors import Sessions, cursor_of
from simulators.notion.errors import validation
from simulators.notion.model import Database, DataSource, Json, Page
from simulators.notion.query import INCOMPLETE, MAX_PAGE_SIZE, page_size_of, start_cursor_of
from simulators.notion.render import Renderer, View, dump, page_list
from simulators.notion.values import plain
from simulators.notion.workspace import Workspace


class Search:
    """Answers searches; the real one is best effort, this one is complete."""

    def __init__(self, workspace: Workspace, sessions: Sessions, renderer: Renderer) -> None:
        self._workspace = workspace
        self._sessions = sessions
        self._renderer = renderer

    def answer(self, body: Json, view: View, request_id: str) -> bytes:
        """The list object of one page. Raises NotionError 400 for a body that Notion would not take."""
        wanted = body.get("filter") or {}
        container = "data_source" if versions.has_data_sources(view.version) else "database"
        if not isinstance(wanted, dict) or wanted.get("value", container) not in ("page", container):
            raise validation(f"body failed validation: body.filter.value should be `page` or `{container}`.")
        page_size = page_size_of(body.get("page_size", MAX_PAGE_SIZE), "body")
        bound_to = {"search": body.get("query"), "filter": wanted, "sort": body.get("sort"), "page_size": page_size}
        cursor = start_cursor_of(body)
        if cursor is None:
            session, start = self._sessions.open(bound_to, view.settings.cursor_ttl), 0
        else:
            session, start, _ = self._sessions.resume(cursor, bound_to)
        text = str(body.get("query") or "").casefold()
        found = self._found(wanted, container, text, view)
        direction = (body.get("sort") or {}).get("direction", "descending")
        found.sort(key=lambda entry: entry[0], reverse=direction == "descending")
        cap = view.settings.row_cap
        part = list(islice(found, start, min(start + page_size + 1, cap)))
        has_more = len(part) > page_size
        next_cursor = None
        if has_more:
            next_cursor = cursor_of(session, part[page_size][1], start + page_size, start + page_size)
        kind = f"page_or_{container}"
        tail: Json = {
            "next_cursor": next_cursor,
            "has_more": has_more,
            "type": kind,
            kind: {},
        }
        if not has_more and len(found) > cap and versions.has_data_sources(view.version):
            tail["request_status"] = INCOMPLETE
        tail["request_id"] = request_id
        return page_list((self._shown(thing, view) for _, _, thing in part[:page_size]), tail)

    def _found(self, wanted: Json, container: str, text: str, view: View) -> list[tuple[str, str, Any]]:
        in_trash = wanted.get("in_trash", False)
        found: list[tuple[str, str, Any]] = []
        if wanted.get("value", "page") == "page":
            found += [
                (page.last_edited_time, page.id, page)
                for page in self._workspace.all_pages.values()
                if page.in_trash == in_trash and self._workspace.is_reachable(page) and text in self._title(page)
            ]
        if wanted.get("value", container) == container and not in_trash:
            found += [
                (source.shown["last_edited_time"], source.id, source)
                for source in self._workspace.data_sources.values()
                if source.is_shared and text in source.name.casefold() and self._visible(source, view)
            ]
        return found

    def _visible(self, source: DataSource, view: View) -> bool:
        """For an old client a database disappears, without a word, the day it has a second data source."""
        return versions.has_data_sources(view.version) or len(self._database(source).data_source_ids) == 1

    def _title(self, page: Page) -> str:
        for column in self._workspace.columns_of(page).values():
            if column.type == "title":
                return (plain(column, page.values.get(column.id)) or "").casefold()
        return ""

    def _shown(self, thing: Page | DataSource, view: View) -> bytes:
        if isinstance(thing, Page):
            return self._renderer.row(thing, view)
        if versions.has_data_sources(view.version):
            return dump(self._renderer.data_source(thing, view))
        return dump(self._renderer.legacy_database(self._database(thing), thing, view))

    def _database(self, source: DataSource) -> Database:
        return self._workspace.databases[source.database_id]
