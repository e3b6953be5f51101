"""The API's routes: who asks, in which version, for what."""

import json
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulators.notion import errors, versions
from simulators.notion.cursors import Sessions
from simulators.notion.errors import NotionError
from simulators.notion.ids import canonical_uuid
from simulators.notion.model import Database, DataSource, Json, Page
from simulators.notion.property_items import PropertyItems
from simulators.notion.query import MAX_PAGE_SIZE, Queries, page_size_of
from simulators.notion.rate_window import RateWindows
from simulators.notion.render import Renderer, View, dump
from simulators.notion.schema import Property
from simulators.notion.search import Search
from simulators.notion.settings import NotionSettings
from simulators.notion.workspace import Workspace

Handler = Callable[[Request, Json, View, str], Json | bytes]
METHODS = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]


def create_app(
    workspace: Workspace,
    *,
    token: str,
    settings: NotionSettings,
    clock: Callable[[], float] = time.monotonic,
) -> Starlette:
    """The API as an ASGI app over a workspace that others may change meanwhile.

    `token` is the one that is accepted. `clock` counts seconds for rate windows and for the life of cursors.
    `app.state.api` is the Api: its `settings` and `token` may be replaced while it serves.
    """
    api = Api(workspace, token, settings, clock)
    routes = [
        Route("/v1/users/me", api.endpoint(api.me), methods=["GET"]),
        Route("/v1/users", api.endpoint(api.list_users), methods=["GET"]),
        Route("/v1/users/{user_id}", api.endpoint(api.retrieve_user), methods=["GET"]),
        Route("/v1/search", api.endpoint(api.search), methods=["POST"]),
        # As dlt's verified source asks.
        Route("/v1/search/", api.endpoint(api.search), methods=["POST"]),
        Route("/v1/databases/{database_id}", api.endpoint(api.retrieve_database), methods=["GET"]),
        Route("/v1/databases/{database_id}/query", api.endpoint(api.query_database), methods=["POST"]),
        Route("/v1/data_sources/{data_source_id}", api.endpoint(api.retrieve_data_source), methods=["GET"]),
        Route("/v1/data_sources/{data_source_id}/query", api.endpoint(api.query_data_source), methods=["POST"]),
        Route("/v1/pages/{page_id}", api.endpoint(api.retrieve_page), methods=["GET"]),
        # A property id can hold a slash, once decoded.
        Route(
            "/v1/pages/{page_id}/properties/{property_id:path}",
            api.endpoint(api.retrieve_property),
            methods=["GET"],
        ),
        Route("/{path:path}", api.endpoint(api.unknown), methods=METHODS),
    ]
    app = Starlette(routes=routes)
    app.state.api = api
    return app


class Api:
    """One connection's view of a workspace. `settings` and `token` are read anew by every request."""

    def __init__(self, workspace: Workspace, token: str, settings: NotionSettings, clock: Callable[[], float]) -> None:
        self.workspace = workspace
        self.token = token
        self.settings = settings
        self._sessions = Sessions(workspace.ids, clock)
        self._renderer = Renderer(workspace)
        self._queries = Queries(workspace, self._sessions, self._renderer)
        self._search = Search(workspace, self._sessions, self._renderer)
        self._items = PropertyItems(workspace.ids, self._renderer)
        self._rate = RateWindows(clock)

    def expire_cursors(self) -> None:
        """Every cursor given out so far becomes invalid."""
        with self.workspace.lock:
            self._sessions.expire_all()

    def endpoint(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        """The handler behind authorization, rate window and version; errors become Notion's error objects."""

        async def answer(request: Request) -> Response:
            given = await request.body()
            request_id = self.workspace.ids.uuid("request")
            headers = {"x-notion-request-id": request_id}
            status = 200
            try:
                # Held for the few milliseconds of one page, so that no row changes while it is written down.
                with self.workspace.lock:
                    view = self._admit(request)
                    content = handler(request, _body_of(given), view, request_id)
            except NotionError as error:
                status, content = error.status, error.body(request_id)
                headers |= error.headers
            body = content if isinstance(content, bytes) else dump({**content, "request_id": request_id})
            return Response(body, status, headers, "application/json; charset=utf-8")

        return answer

    def me(self, _request: Request, _body: Json, _view: View, _request_id: str) -> Json:
        return self.workspace.user(self.workspace.bot_id)

    def list_users(self, request: Request, _body: Json, view: View, _request_id: str) -> Json:
        if not view.settings.read_user_info:
            raise errors.restricted()
        users = list(self.workspace.users.values())
        size = _page_size_of_url(request)
        cursor = request.query_params.get("start_cursor")
        known = [user["id"] for user in users]
        if cursor is not None and cursor not in known:
            raise errors.invalid_cursor(cursor)
        start = 0 if cursor is None else known.index(cursor)
        following = users[start + size : start + size + 1]
        return {
            "object": "list",
            "results": users[start : start + size],
            "next_cursor": following[0]["id"] if following else None,
            "has_more": bool(following),
            "type": "user",
            "user": {},
        }

    def retrieve_user(self, request: Request, _body: Json, view: View, _request_id: str) -> Json:
        if not view.settings.read_user_info:
            raise errors.restricted()
        user_id = _uuid_of(request, "user_id")
        if user_id not in self.workspace.users:
            raise errors.user_not_found(user_id, self.workspace.bot_id)
        return self.workspace.users[user_id]

    def search(self, _request: Request, body: Json, view: View, request_id: str) -> bytes:
        return self._search.answer(body, view, request_id)

    def retrieve_database(self, request: Request, _body: Json, view: View, _request_id: str) -> Json:
        database = self._database(_uuid_of(request, "database_id"), view)
        if versions.has_data_sources(view.version):
            return self._renderer.database(database, view)
        return self._renderer.legacy_database(database, self._only_source(database, view), view)

    def retrieve_data_source(self, request: Request, _body: Json, view: View, _request_id: str) -> Json:
        return self._renderer.data_source(self._source(request, view), view)

    def query_data_source(self, request: Request, body: Json, view: View, request_id: str) -> bytes:
        return self._query(self._source(request, view), request, body, view, request_id)

    def query_database(self, request: Request, body: Json, view: View, request_id: str) -> bytes:
        if versions.has_data_sources(view.version):
            raise errors.invalid_request_url()
        database = self._database(_uuid_of(request, "database_id"), view)
        return self._query(self._only_source(database, view), request, body, view, request_id)

    def retrieve_page(self, request: Request, _body: Json, view: View, _request_id: str) -> Json:
        page = self._page(_uuid_of(request, "page_id"), view)
        return self._renderer.page(page, _narrowed(view, request, self.workspace.columns_of(page)))

    def retrieve_property(self, request: Request, _body: Json, view: View, _request_id: str) -> Json:
        page = self._page(_uuid_of(request, "page_id"), view)
        columns = self.workspace.columns_of(page)
        wanted = request.path_params["property_id"]
        column = next((column for column in columns.values() if column.decoded_id == wanted), None)
        if column is None:
            raise errors.not_found("property", wanted, view.settings.integration_name, self.workspace.bot_id)
        size = _page_size_of_url(request)
        cursor = request.query_params.get("start_cursor")
        asked_as = request.path_params["page_id"]
        return self._items.answer(page, column, columns, view, page_size=size, cursor=cursor, asked_as=asked_as)

    def unknown(self, _request: Request, _body: Json, _view: View, _request_id: str) -> Json:
        raise errors.invalid_request_url()

    def _admit(self, request: Request) -> View:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not secrets.compare_digest(token.encode(), self.token.encode()):
            raise errors.unauthorized()
        self._rate.spend(self.settings, is_query=request.url.path.endswith("/query"))
        version = request.headers.get("notion-version")
        if version is None:
            raise errors.missing_version()
        if version not in versions.KNOWN:
            known = ", ".join(f'`"{known}"`' for known in versions.KNOWN)
            raise errors.validation(
                "Notion-Version header failed validation: Notion-Version header should be one of "
                f'{known}, instead was `"{version}"`.'
            )
        return View(version, None, self.settings)

    def _query(self, source: DataSource, request: Request, body: Json, view: View, request_id: str) -> bytes:
        return self._queries.answer(source, body, _narrowed(view, request, source.properties), request_id)

    def _database(self, database_id: str, view: View) -> Database:
        database = self.workspace.databases.get(database_id)
        if database is None or not self._any_shared(database):
            raise self._absent("database", database_id, view)
        return database

    def _any_shared(self, database: Database) -> bool:
        sources = [self.workspace.data_sources.get(source_id) for source_id in database.data_source_ids]
        return not sources or any(source is None or source.is_shared for source in sources)

    def _only_source(self, database: Database, view: View) -> DataSource:
        if len(database.data_source_ids) > 1:
            raise errors.multiple_data_sources(database.id, database.data_source_ids)
        source = self.workspace.data_sources.get("".join(database.data_source_ids))
        if source is None:
            raise self._absent("database", database.id, view)
        return source

    def _source(self, request: Request, view: View) -> DataSource:
        if not versions.has_data_sources(view.version):
            raise errors.invalid_request_url()
        source_id = _uuid_of(request, "data_source_id")
        source = self.workspace.data_sources.get(source_id)
        if source is None or not source.is_shared:
            # Recorded: the message says database here too.
            raise self._absent("database", source_id, view)
        if not view.settings.read_content:
            raise errors.restricted()
        return source

    def _page(self, page_id: str, view: View) -> Page:
        page = self.workspace.all_pages.get(page_id)
        if page is None or not self.workspace.is_reachable(page):
            raise self._absent("page", page_id, view)
        if not view.settings.read_content:
            raise errors.restricted()
        return page

    def _absent(self, kind: str, object_id: str, view: View) -> NotionError:
        return errors.not_found(kind, object_id, view.settings.integration_name, self.workspace.bot_id)


def _body_of(given: bytes) -> Json:
    if not given:
        return {}
    try:
        body: Any = json.loads(given)
    except ValueError:
        raise errors.invalid_json() from None
    if not isinstance(body, dict):
        raise errors.validation("body failed validation: body should be an object.")
    return body


def _uuid_of(request: Request, parameter: str) -> str:
    given = request.path_params[parameter]
    found = canonical_uuid(given)
    if found is None:
        raise errors.invalid_uuid(parameter, given)
    return found


def _page_size_of_url(request: Request) -> int:
    given = request.query_params.get("page_size", str(MAX_PAGE_SIZE))
    return page_size_of(int(given) if given.isdecimal() else given, "query")


def _narrowed(view: View, request: Request, columns: dict[str, Property]) -> View:
    """The view with the columns that `filter_properties` names, each by name or by decoded id."""
    parameters = request.query_params
    wanted = parameters.getlist("filter_properties") + parameters.getlist("filter_properties[]")
    if not wanted:
        return view
    only = set()
    for name_or_id in wanted:
        column = next((column for column in columns.values() if column.answers_to(name_or_id)), None)
        if column is None:
            raise errors.validation(f"Could not find property with name or id: {name_or_id}")
        only.add(column.id)
    return View(view.version, frozenset(only), view.settings)
