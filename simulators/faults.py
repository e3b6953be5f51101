"""Faults on demand: what the control door orders, played on the calls that match."""

import asyncio
import itertools
import json
import socket
import struct
import threading
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from starlette.types import ASGIApp, Message, Receive, Scope, Send

System = Literal["gestta", "notion", "slack", "portal"]
Kind = Literal[
    "401", "403", "429", "500", "502", "503", "504", "529", "slow", "cut", "truncated_json", "html", "empty",
    "duplicate_page", "short_page", "expired_cursor", "repeated_cursor",
]  # fmt: skip
LISTS = ("docs", "results", "data")


class Order(BaseModel):
    """What is ordered: play `kind` on the next `times` matching calls (0: on all), once `after` of them have passed."""

    model_config = ConfigDict(extra="forbid", coerce_numbers_to_str=True)

    system: System
    kind: Kind
    path: str = ""
    method: str = ""
    times: int = Field(default=1, ge=0)
    after: int = Field(default=0, ge=0)
    args: dict[str, Any] = Field(default_factory=dict)


@dataclass(slots=True)
class Fault:
    """An order and how far it has been played."""

    id: int
    order: Order
    seen: int = 0
    played: int = 0
    last_page: dict[str, list[Any]] = field(default_factory=dict)

    @property
    def spent(self) -> bool:
        return self.order.times > 0 and self.played >= self.order.times

    def matches(self, system: str, method: str, path: str) -> bool:
        order = self.order
        return (
            not self.spent
            and order.system == system
            and path.startswith(order.path)
            and order.method.upper() in ("", method)
        )

    def told(self) -> dict[str, Any]:
        return {"id": self.id, **self.order.model_dump(), "seen": self.seen, "played": self.played}


class Faults:
    """The orders that stand. Threads may share it; `stopping` ends what still waits."""

    def __init__(self) -> None:
        self.stopping = False
        self._lock = threading.Lock()
        self._standing: list[Fault] = []
        self._ids = itertools.count(1)

    def add(self, order: Order) -> dict[str, Any]:
        with self._lock:
            fault = Fault(next(self._ids), order)
            self._standing.append(fault)
            return fault.told()

    def clear(self) -> None:
        with self._lock:
            self._standing.clear()

    def told(self) -> list[dict[str, Any]]:
        with self._lock:
            return [fault.told() for fault in self._standing]

    def take(self, system: str, method: str, path: str, has_cursor: bool) -> Fault | None:
        """The fault to play on this call, counted as played; kinds about cursors wait for a call that has one."""
        with self._lock:
            for fault in self._standing:
                if not fault.matches(system, method, path):
                    continue
                if fault.order.kind in ("expired_cursor", "repeated_cursor") and not has_cursor:
                    continue
                fault.seen += 1
                if fault.order.kind == "duplicate_page" and fault.seen <= max(1, fault.order.after):
                    return fault
                if fault.seen <= fault.order.after:
                    continue
                fault.played += 1
                return fault
        return None


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
        cursor = _cursor(request)
        fault = self.faults.take(self.system, scope["method"], scope["path"], cursor is not None)
        again = _Replay(request, receive)
        if fault is None:
            await self.app(scope, again, send)
            return
        scope["ledger"].fault = fault.order.kind
        await self._play(fault, cursor, scope, again, send)

    async def _play(self, fault: Fault, cursor: str | None, scope: Scope, receive: Receive, send: Send) -> None:
        kind, args = fault.order.kind, fault.order.args
        if kind == "slow":
            if await self._waited(float(args.get("seconds", 5))):
                await self.app(scope, receive, send)
            else:
                await _reset(scope)
        elif kind.isdigit():
            await _send(refusal(self.system, int(kind), args), send)
        elif kind == "expired_cursor":
            await _send(refusal(self.system, 400, args), send)
        elif kind == "html":
            page = b"<!doctype html><html><head><title>Em manuten\xc3\xa7\xc3\xa3o</title></head><body></body></html>"
            headers = [(b"content-type", b"text/html; charset=utf-8")]
            await _send(Answer(int(args.get("status", 200)), headers).with_body(page), send)
        elif kind == "empty":
            headers = [(b"content-type", b"application/json")]
            await _send(Answer(int(args.get("status", 200)), headers).with_body(b""), send)
        else:
            answer = await _held(self.app, scope, receive)
            if kind == "cut":
                await _cut(answer, scope, send)
            elif kind == "truncated_json":
                await _send(answer.with_body(answer.body[: len(answer.body) * 3 // 5]), send)
            else:
                await _send(_other_page(fault, answer, scope["path"], cursor), send)

    async def _waited(self, seconds: float) -> bool:
        """Whether the time passed; False as soon as the simulators stop."""
        deadline = asyncio.get_running_loop().time() + seconds
        while (left := deadline - asyncio.get_running_loop().time()) > 0:
            if self.faults.stopping:
                return False
            await asyncio.sleep(min(0.1, left))
        return True


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
        codes = {
            400: "validation_error", 401: "unauthorized", 403: "restricted_resource", 429: "rate_limited",
            500: "internal_server_error", 502: "bad_gateway", 503: "service_unavailable",
            504: "gateway_timeout", 529: "service_overload",
        }  # fmt: skip
        words = "The start_cursor provided is invalid: simulated" if status == 400 else "Simulated fault."
        body = {"object": "error", "status": status, "code": args.get("code", codes[status]), "message": words}
    else:
        body = {"code": args.get("code", {401: "unauthorized", 403: "forbidden"}.get(status, "internal.error"))}
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


def _cursor(body: bytes) -> str | None:
    try:
        asked = json.loads(body)
    except ValueError:
        return None
    cursor = asked.get("start_cursor") if isinstance(asked, dict) else None
    return cursor if isinstance(cursor, str) else None


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
    await _reset(scope)


async def _reset(scope: Scope) -> None:
    transport: asyncio.Transport = scope["state"]["transport"]
    connection: socket.socket = transport.get_extra_info("socket")
    # Without a time to linger the close is a reset.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    # The server must have noticed before the app returns, or it logs an answer left incomplete.
    await asyncio.sleep(0.01)
