"""The control door's part that turns Notion: how it behaves, what people do with pages there, and webhooks."""

import asyncio
from collections.abc import Callable, Container
from dataclasses import asdict

from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.asked import Refused, order_of, values_of
from simulators.notion.app import Api
from simulators.notion.ids import canonical_uuid
from simulators.notion.webhooks import Options, Webhooks
from simulators.notion.workspace import Workspace


class Chosen(BaseModel):
    """Pages or data sources, dashes or not; `data_source_id` is where pages are moved to."""

    model_config = ConfigDict(extra="forbid")

    ids: list[str]
    data_source_id: str | None = None


class NotionDoor:
    """Everything of Notion that can be turned from outside."""

    def __init__(self, workspace: Workspace, api: Api, webhooks: Webhooks) -> None:
        self.workspace = workspace
        self.api = api
        self.webhooks = webhooks

    def routes(self) -> list[Route]:
        pages = ("trash", "restore", "archive", "delete", "move", "out")
        return [
            Route("/notion/settings", self.set, methods=["POST"]),
            Route("/notion/cursors/expire", self.expire_cursors, methods=["POST"]),
            *(Route(f"/notion/pages/{what}", self.change_pages, methods=["POST"]) for what in pages),
            *(Route(f"/notion/sources/{what}", self.change_sources, methods=["POST"]) for what in ("share", "unshare")),
            Route("/notion/webhooks", self.subscribe, methods=["POST"]),
            Route("/notion/webhooks", self.subscriptions, methods=["GET"]),
            Route("/notion/webhooks/token", self.send_token, methods=["POST"]),
            Route("/notion/webhooks/verify", self.verify, methods=["POST"]),
            Route("/notion/webhooks/end", self.unsubscribe, methods=["POST"]),
        ]

    async def set(self, request: Request) -> Response:
        """Any settings of `NotionSettings`; what is not named stays. Answers with all of them."""
        self.api.settings = self.api.settings.changed(await values_of(request))
        return JSONResponse(asdict(self.api.settings))

    async def expire_cursors(self, _request: Request) -> Response:
        self.api.expire_cursors()
        return Response(status_code=204)

    async def change_pages(self, request: Request) -> Response:
        """All rows named, or none where one is not there; `out` is a move to where no data source is."""
        chosen, workspace = await order_of(request, Chosen), self.workspace
        with workspace.lock:
            ids = _known(chosen.ids, {page.id for page in workspace.all_pages.values() if page.data_source_id})
            target = (
                _known([chosen.data_source_id or ""], workspace.data_sources)[0] if _what(request) == "move" else ""
            )
            do: dict[str, Callable[[str], None]] = {
                "trash": workspace.trash,
                "restore": workspace.restore,
                "archive": workspace.archive,
                "delete": workspace.delete,
                "move": lambda page_id: workspace.move(page_id, target),
                "out": workspace.move_out,
            }
            for page_id in ids:
                do[_what(request)](page_id)
        return Response(status_code=204)

    async def change_sources(self, request: Request) -> Response:
        """The connection loses or regains its access to these data sources."""
        chosen, workspace = await order_of(request, Chosen), self.workspace
        with workspace.lock:
            for source_id in _known(chosen.ids, workspace.data_sources):
                (workspace.share if _what(request) == "share" else workspace.unshare)(source_id)
        return Response(status_code=204)

    async def subscribe(self, request: Request) -> Response:
        """`{"url": …}` and any of `Options`; the token goes to the url alone."""
        values = await values_of(request)
        url = str(values.pop("url", ""))
        options = Options().changed(values)
        try:
            # In a thread: the address may be one that this very process serves.
            subscription = await asyncio.to_thread(self.webhooks.subscribe, url, options)
        except OSError as error:
            raise Refused(f"the verification token was not taken: {error}") from error
        return JSONResponse(subscription.told(), 201)

    async def subscriptions(self, _request: Request) -> Response:
        return JSONResponse(self.webhooks.told())

    async def send_token(self, request: Request) -> Response:
        """`{"id": …}`: the token once more, for an endpoint that lost it."""
        subscription_id = self._subscription(await values_of(request))
        try:
            await asyncio.to_thread(self.webhooks.send_token, subscription_id)
        except OSError as error:
            raise Refused(f"the verification token was not taken: {error}") from error
        return Response(status_code=204)

    async def verify(self, request: Request) -> Response:
        """`{"id": …, "verification_token": …}`, as the url was sent it; events flow from then on."""
        values = await values_of(request)
        if not self.webhooks.verify(self._subscription(values), str(values.get("verification_token"))):
            raise Refused("this is not the token that the url was sent")
        return Response(status_code=204)

    async def unsubscribe(self, request: Request) -> Response:
        """`{"id": …}`: no more events."""
        self.webhooks.remove(self._subscription(await values_of(request)))
        return Response(status_code=204)

    def _subscription(self, values: dict[str, object]) -> str:
        subscription_id = str(values.get("id"))
        if subscription_id not in self.webhooks:
            raise Refused(f"no such subscription: {subscription_id}")
        return subscription_id


def _what(request: Request) -> str:
    return request.url.path.rpartition("/")[2]


def _known(ids: list[str], there: Container[str]) -> list[str]:
    found = [canonical_uuid(each) or each for each in ids]
    absent = [each for each in found if each not in there]
    if absent:
        raise Refused(f"there is no {', '.join(absent)}")
    return found
