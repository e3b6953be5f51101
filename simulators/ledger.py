"""Every call that reached a simulator: what was asked, what was answered, which rows were served."""

import re
import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from time import perf_counter
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from simulators.served import Served

KEPT = 20_000
WHOLE = (None, "slow", "trickle")
"""The faults after which a client still has every row."""
ID_IN_PATH = re.compile(r"/(?=[^/]*\d)[0-9a-fA-F-]{20,36}(?=/|$)")


@dataclass(slots=True)
class Call:
    """One call. `ids` is a digest of the ids served, whatever their order; `fault` the kind that was played; `scope`
    what was read (`report:2026-10-01/2026-12-31`, `search:OPEN`, `task`); `marks` what else is counted of calls."""

    number: int
    system: str
    at: str
    method: str
    path: str
    query: str
    status: int | None = None
    took_ms: float | None = None
    sent_bytes: int = 0
    rows: int | None = None
    ids: str | None = None
    fault: str | None = None
    violation: bool = False
    scope: str | None = None
    marks: list[str] = field(default_factory=list)
    versions: Mapping[str, int] | None = None
    """Until the call is closed: which version of each row was served."""

    def told(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__ if name != "versions"}


class Ledger:
    """The last calls in full, and counts of all. Threads may share it."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._calls: deque[Call] = deque(maxlen=KEPT)
        self._summary: Counter[tuple[str, str, str, int | None]] = Counter()
        self._minutes: Counter[tuple[str, str]] = Counter()
        self._marks: Counter[tuple[str, str]] = Counter()
        self._violations = 0
        self._number = 0
        self.served = Served()

    def open(self, system: str, scope: Scope) -> Call:
        with self._lock:
            self._number += 1
            call = Call(
                number=self._number,
                system=system,
                at=self._clock().isoformat(),
                method=scope["method"],
                path=scope["path"],
                query=scope["query_string"].decode("ascii", "replace"),
            )
            self._calls.append(call)
            self._minutes[(system, call.at[:16])] += 1
        return call

    def close(self, call: Call) -> None:
        path = ID_IN_PATH.sub("/{id}", call.path)
        with self._lock:
            self._summary[(call.system, call.method, path, call.status)] += 1
            self._violations += call.violation
            self._marks.update((call.system, mark) for mark in call.marks)
        versions, call.versions = call.versions, None
        if versions is not None and call.fault in WHOLE:
            self.served.add(call.number, call.at, call.scope or "", versions)

    def calls(self, system: str | None = None, since: datetime | None = None) -> list[dict[str, Any]]:
        with self._lock:
            kept = list(self._calls)
        return [
            call.told()
            for call in kept
            if (system is None or call.system == system) and (since is None or datetime.fromisoformat(call.at) >= since)
        ]

    def summary(self) -> dict[str, Any]:
        with self._lock:
            rows = [
                {"system": system, "method": method, "path": path, "status": status, "calls": count}
                for (system, method, path, status), count in sorted(self._summary.items(), key=str)
            ]
            marks: dict[str, dict[str, int]] = {}
            for (system, name), count in sorted(self._marks.items()):
                marks.setdefault(system, {})[name] = count
            return {"calls": self._number, "violations": self._violations, "marks": marks, "by_path": rows}

    def minutes(self, system: str) -> dict[str, int]:
        """How many calls each minute brought, by the simulators' clock."""
        with self._lock:
            return {minute: count for (whose, minute), count in sorted(self._minutes.items()) if whose == system}


class LedgerMiddleware:
    """Writes every HTTP call of one system into the ledger."""

    def __init__(self, app: ASGIApp, *, system: str, ledger: Ledger) -> None:
        self.app = app
        self.system = system
        self.ledger = ledger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        call = scope["ledger"] = self.ledger.open(self.system, scope)
        started = perf_counter()

        def close() -> None:
            if call.took_ms is None:
                call.took_ms = round((perf_counter() - started) * 1000, 1)
                self.ledger.close(call)

        async def listen(message: Message) -> None:
            if message["type"] == "http.response.start":
                call.status = message["status"]
                if call.status == 204 or (b"content-length", b"0") in message["headers"]:
                    # The head is the whole answer.
                    close()
            else:
                call.sent_bytes += len(message.get("body", b""))
                if not message.get("more_body", False):
                    # Before the last byte leaves: who has the whole answer finds its call in the ledger.
                    close()
            await send(message)

        try:
            await self.app(scope, receive, listen)
        finally:
            if call.took_ms is None:
                # The client went away, or was left with half of it: nobody has these rows.
                call.versions = None
            close()


def note(
    scope: MutableMapping[str, Any],
    ids: Sequence[str],
    *,
    of: str | None = None,
    changed: Mapping[str, int] | None = None,
) -> None:
    """Say which rows a call served, of which scope, and in which version those are that ever changed."""
    call: Call = scope["ledger"]
    call.rows = len(ids)
    # A sum: half a million ids need no sorting to be the same in any order.
    call.ids = f"{sum(map(hash, ids)) & 0xFFFF_FFFF_FFFF_FFFF:016x}"
    call.scope = of
    if changed is not None:
        call.versions = {row_id: changed.get(row_id, 0) for row_id in ids}


def mark(scope: MutableMapping[str, Any], name: str) -> None:
    """Count a call under a name of its own."""
    call: Call = scope["ledger"]
    call.marks.append(name)
