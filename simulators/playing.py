"""Plays the standing faults: an answer of its own, or the system's answer changed on its way."""

import asyncio
import json
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from simulators.connection import reset, waited
from simulators.faults import Asked, Fault, Faults, Order, System
from simulators.notion import errors as notion_errors

MAINTENANCE = b"<!doctype html><html><head><title>Em manuten\xc3\xa7\xc3\xa3o</title></head><body></body></html>"
GESTTA_CODES = {400: "bad.request", 401: "unauthorized", 403: "forbidden", 404: "not.found", 422: "unprocessable"}
LISTS = ("docs", "results", "data", "items")


@dataclass(slots=True)
class Answer:
    """A whole response held back, so that it can be changed."""

    status: int = 200
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""

    def with_body(self, body: bytes) -> "Answer":
        kept = [(name, value) for name, value in self.headers if name.lower() != b"content-length"]
        return Answer(self.status, [*kept, (b"content-length", str(len(body)).encode())], body)


class FaultMiddleware:
    """Plays the standing faults on one system's calls."""

    def __init__(self, app: ASGIApp, *, system: System, faults: Faults) -> None:
        self.app = app
        self.system = system
        self.faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self.faults.told():
            await self.app(scope, receive, send)
            return
        request = await _read(receive)
        asked = _asked(self.system, scope, request)
        fault = self.faults.take(asked)
        again = _Replay(request, receive)
        if fault is None:
            await self.app(scope, again, send)
            return
        scope["ledger"].fault = fault.order.kind
        await self._play(fault, asked, scope, again, send)

    async def _play(self, fault: Fault, asked: Asked, scope: Scope, receive: Receive, send: Send) -> None:
        kind, args = fault.order.kind, fault.order.args
        if kind == "slow":
            if await waited(float(args.get("seconds", 5)), over=self._stopping):
                await self.app(scope, receive, send)
            else:
                await reset(scope)
            return
        answer = said(self.system, fault.order)
        if answer is not None:
            await _send(answer, send)
            return
        answer = await _held(self.app, scope, receive)
        if kind == "cut":
            await _cut(answer, scope, send)
        elif kind == "trickle":
            await self._trickle(answer, args, scope, send)
        elif kind == "truncated_json":
            await _send(answer.with_body(answer.body[: len(answer.body) * 3 // 5]), send)
        else:
            await _send(_other_page(fault, answer, scope["path"], asked.cursor), send)

    async def _stopping(self) -> bool:
        return self.faults.stopping

    async def _trickle(self, answer: Answer, args: dict[str, Any], scope: Scope, send: Send) -> None:
        """The body in so many `pieces` over so many `seconds`."""
        pieces = max(1, int(args.get("pieces", 10)))
        pause = float(args.get("seconds", 5)) / pieces
        size = max(1, -(-len(answer.body) // pieces))
        whole = answer.with_body(answer.body)
        await send({"type": "http.response.start", "status": whole.status, "headers": whole.headers})
        for start in range(0, len(whole.body), size):
            if not await waited(pause, over=self._stopping):
                await reset(scope)
                return
            await send({"type": "http.response.body", "body": whole.body[start : start + size], "more_body": True})
        await send({"type": "http.response.body", "body": b""})


def said(system: System, order: Order) -> Answer | None:
    """What is answered without asking the system at all; None for a kind that changes the system's own answer."""
    kind, args = order.kind, order.args
    if kind.isdigit() or kind == "expired_cursor":
        return refusal(system, int(kind) if kind.isdigit() else 400, args)
    if kind == "redirect":
        # Without a body, and to wherever the order says: also another host.
        return Answer(int(args.get("status", 302)), [(b"location", str(args["location"]).encode())]).with_body(b"")
    bodies = {
        "html": (b"text/html; charset=utf-8", MAINTENANCE),
        "empty": (b"application/json", b""),
        "other_body": (b"application/json", json.dumps(args.get("body", {"code": "internal.error"})).encode()),
    }
    if kind not in bodies:
        return None
    content_type, body = bodies[kind]
    return Answer(int(args.get("status", 200)), [(b"content-type", content_type)]).with_body(body)


def refusal(system: System, status: int, args: dict[str, Any]) -> Answer:
    """The system's own words for a status."""
    headers = [(b"content-type", b"application/json; charset=utf-8")]
    if status in (429, 529) or "retry_after" in args:
        headers.append((b"retry-after", str(args.get("retry_after", 1)).encode()))
    if system == "slack":
        code = {401: "invalid_auth", 403: "missing_scope", 429: "ratelimited"}.get(status, "internal_error")
        status = 200 if status in (401, 403) else status
        body: dict[str, Any] = {"ok": False, "error": args.get("code", code)}
    elif system == "notion":
        error, request_id = notion_errors.ordered(status, args), str(uuid4())
        headers = [headers[0], (b"x-notion-request-id", request_id.encode())]
        headers += [(name.lower().encode(), value.encode()) for name, value in error.headers.items()]
        body = error.body(request_id)
    else:
        body = {"code": args.get("code", GESTTA_CODES.get(status, "internal.error"))}
    if status >= 500:
        headers.append((b"x-request-id", b"simulated-fault"))
    return Answer(status, headers).with_body(json.dumps(body).encode())


def _other_page(fault: Fault, answer: Answer, path: str, cursor: str | None) -> Answer:
    """The page with the rows of the one before, with half of its rows, or with the cursor it was asked by."""
    try:
        body = json.loads(answer.body)
    except ValueError:
        return answer
    key = next((name for name in LISTS if isinstance(body, dict) and isinstance(body.get(name), list)), None)
    rows: list[Any] = body if isinstance(body, list) else body[key] if key else []
    kind = fault.order.kind
    if kind == "duplicate_page":
        former = fault.last_page.get(path)
        fault.last_page[path] = rows
        rows = rows if former is None else former
    elif kind == "short_page":
        rows = rows[: len(rows) // 2]
    elif kind == "repeated_cursor" and isinstance(body, dict) and body.get("next_cursor"):
        body["next_cursor"] = cursor
    if isinstance(body, list):
        body = rows
    elif key:
        body[key] = rows
    return answer.with_body(json.dumps(body).encode())


class _Replay:
    """The request's body once more, then what the client does."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self.body: bytes | None = body
        self.receive = receive

    async def __call__(self) -> Message:
        if self.body is not None:
            body, self.body = self.body, None
            return {"type": "http.request", "body": body, "more_body": False}
        return await self.receive()


async def _read(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            return body


def _asked(system: System, scope: Scope, body: bytes) -> Asked:
    # A list that is read by GET has its cursor in the address.
    in_url = parse_qs(scope["query_string"].decode("ascii", "replace")).get("start_cursor", [None])[0]
    plain = Asked(system, scope["method"], scope["path"], in_url)
    try:
        said = json.loads(body)
    except ValueError:
        return plain
    if not isinstance(said, dict):
        return plain
    cursor, dates = said.get("start_cursor"), said.get("dates")
    first = dates.get("startDate") if isinstance(dates, dict) else None
    try:
        day = date.fromisoformat(str(first)[:10]) if first else None
    except ValueError:
        day = None
    return replace(plain, cursor=cursor if isinstance(cursor, str) else in_url, first_day=day)


async def _held(app: ASGIApp, scope: Scope, receive: Receive) -> Answer:
    answer = Answer()

    async def hold(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.status, answer.headers = message["status"], list(message["headers"])
        else:
            answer.body += message.get("body", b"")

    await app(scope, receive, hold)
    return answer


async def _send(answer: Answer, send: Send) -> None:
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
    await send({"type": "http.response.body", "body": answer.body})


async def _cut(answer: Answer, scope: Scope, send: Send) -> None:
    """Half of the body, then a reset of the connection, as when a proxy dies."""
    whole = answer.with_body(answer.body or b"{}")
    await send({"type": "http.response.start", "status": whole.status, "headers": whole.headers})
    await send({"type": "http.response.body", "body": whole.body[: len(whole.body) // 2], "more_body": True})
    await asyncio.sleep(0.05)
    await reset(scope)
