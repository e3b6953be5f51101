"""Notion's part of the control door: its settings, what people do with pages there, and webhooks."""

import asyncio
from collections.abc import Callable
from dataclasses import asdict, fields
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.notion.app import Api
from simulators.notion.ids import canonical_uuid
from simulators.notion.settings import NotionSettings
from simulators.notion.webhooks import Options, Webhooks
from simulators.notion.workspace import Workspace

T = TypeVar("T")


class NotionDoor:
    """Routes under `/notion`. Raises ValueError, in words, for what makes no sense."""

    def __init__(self, workspace: Workspace, api: Api, webhooks: Webhooks) -> None:
        self.workspace = workspace
        self.api = api
        self.webhooks = webhooks

    def routes(self) -> list[Route]:
        def route(path: str, method: str, handler: Callable[[Request], Any]) -> Route:
            return Route(f"/notion{path}", handler, methods=[method])

        return [
            route("/settings", "POST", self.change_settings),
            route("/cursors/expire", "POST", self.expire_cursors),
            route("/pages/{page_id}/{what}", "POST", self.change_page),
            route("/data_sources/{data_source_id}/{what}", "POST", self.change_data_source),
            route("/webhooks", "POST", self.subscribe),
            route("/webhooks", "GET", self.subscriptions),
            route("/webhooks/{subscription_id}", "DELETE", self.unsubscribe),
            route("/webhooks/{subscription_id}/token", "POST", self.send_token),
            route("/webhooks/{subscription_id}/verify", "POST", self.verify),
        ]

    async def change_settings(self, request: Request) -> Response:
        """Some of `NotionSettings`, by name; answers with all."""
        given = await _json(request)
        unknown = set(given) - {field.name for field in fields(NotionSettings)}
        if unknown:
            raise ValueError(f"no such setting: {', '.join(sorted(unknown))}")
        self.api.settings = _made(NotionSettings, {**asdict(self.api.settings), **given})
        return JSONResponse(asdict(self.api.settings))

    async def expire_cursors(self, _request: Request) -> Response:
        self.api.expire_cursors()
        return Response(status_code=204)

    async def change_page(self, request: Request) -> Response:
        """`trash`, `restore`, `archive`, `delete`, or `move` with {"data_source_id": …}."""
        page_id, workspace = _id(request, "page_id"), self.workspace
        simple = {
            "trash": workspace.trash,
            "restore": workspace.restore,
            "archive": workspace.archive,
            "delete": workspace.delete,
        }
        what, given = request.path_params["what"], await _json(request)
        try:
            if what == "move":
                workspace.move(page_id, str(given.get("data_source_id")))
            elif what in simple:
                simple[what](page_id)
            else:
                raise ValueError(f"a page can be {', '.join(simple)} or move, not {what}")
        except KeyError as error:
            raise ValueError(f"no such page or data source: {error}") from None
        return Response(status_code=204)

    async def change_data_source(self, request: Request) -> Response:
        """`share` or `unshare`."""
        doings = {"share": self.workspace.share, "unshare": self.workspace.unshare}
        what, source_id = request.path_params["what"], _id(request, "data_source_id")
        if what not in doings or source_id not in self.workspace.data_sources:
            raise ValueError(f"share or unshare a data source that exists, not {what} {source_id}")
        doings[what](source_id)
        return Response(status_code=204)

    async def subscribe(self, request: Request) -> Response:
        """{"url": …} and, where wanted, the options of a subscription; the token goes to the url alone."""
        given = await _json(request)
        url = str(given.pop("url", ""))
        unknown = set(given) - {field.name for field in fields(Options)}
        if unknown:
            raise ValueError(f"no such option of a subscription: {', '.join(sorted(unknown))}")
        options = _made(Options, given)
        try:
            # In a thread: the address may be one that this very process serves.
            subscription = await asyncio.to_thread(self.webhooks.subscribe, url, options)
        except OSError as error:
            raise ValueError(f"the verification token was not taken: {error}") from error
        return JSONResponse(subscription.told(), 201)

    async def subscriptions(self, _request: Request) -> Response:
        return JSONResponse(self.webhooks.told())

    async def unsubscribe(self, request: Request) -> Response:
        self._known(request)
        self.webhooks.remove(request.path_params["subscription_id"])
        return Response(status_code=204)

    async def send_token(self, request: Request) -> Response:
        """The token once more, for an endpoint that lost it."""
        subscription_id = self._known(request)
        try:
            await asyncio.to_thread(self.webhooks.send_token, subscription_id)
        except OSError as error:
            raise ValueError(f"the verification token was not taken: {error}") from error
        return Response(status_code=204)

    async def verify(self, request: Request) -> Response:
        """{"verification_token": …}, as the url was sent it; events flow from then on."""
        subscription_id = self._known(request)
        token = str((await _json(request)).get("verification_token"))
        if not self.webhooks.verify(subscription_id, token):
            raise ValueError("this is not the token that the url was sent")
        return Response(status_code=204)

    def _known(self, request: Request) -> str:
        subscription_id = str(request.path_params["subscription_id"])
        if subscription_id not in self.webhooks:
            raise ValueError(f"no such subscription: {subscription_id}")
        return subscription_id


def _made(kind: type[T], values: dict[str, Any]) -> T:
    try:
        return TypeAdapter(kind).validate_python(values)
    except ValidationError as error:
        raise ValueError(str(error)) from error


def _id(request: Request, name: str) -> str:
    given = request.path_params[name]
    found = canonical_uuid(given)
    if found is None:
        raise ValueError(f"not an id: {given}")
    return found


async def _json(request: Request) -> dict[str, Any]:
    try:
        return TypeAdapter(dict[str, Any]).validate_json(await request.body() or b"{}")
    except ValidationError as error:
        raise ValueError(f"a JSON object is wanted: {error}") from error
