"""Every call that reached a simulator: what was asked, what was answered, which rows were served."""

import hashlib
import re
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, MutableMapping
from dataclasses import asdict, dataclass
from datetime import datetime
from time import perf_counter
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

KEPT = 20_000
ID_IN_PATH = re.compile(r"/(?=[^/]*\d)[0-9a-fA-F-]{20,36}(?=/|$)")


@dataclass(slots=True)
class Call:
    """One call. `ids` is a digest of the ids served, whatever their order; `fault` the kind that was played."""

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


class Ledger:
    """The last calls in full, and counts of all. Threads may share it."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._calls: deque[Call] = deque(maxlen=KEPT)
        self._summary: Counter[tuple[str, str, str, int | None]] = Counter()
        self._violations = 0
        self._number = 0

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
        return call

    def close(self, call: Call) -> None:
        path = ID_IN_PATH.sub("/{id}", call.path)
        with self._lock:
            self._summary[(call.system, call.method, path, call.status)] += 1
            self._violations += call.violation

    def calls(self, system: str | None = None, since: datetime | None = None) -> list[dict[str, Any]]:
        with self._lock:
            kept = list(self._calls)
        return [
            asdict(call)
            for call in kept
            if (system is None or call.system == system) and (since is None or datetime.fromisoformat(call.at) >= since)
        ]

    def summary(self) -> dict[str, Any]:
        with self._lock:
            rows = [
                {"system": system, "method": method, "path": path, "status": status, "calls": count}
                for (system, method, path, status), count in sorted(self._summary.items(), key=str)
            ]
            return {"calls": self._number, "violations": self._violations, "by_path": rows}


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
            else:
                call.sent_bytes += len(message.get("body", b""))
                if not message.get("more_body", False):
                    # Before the last byte leaves: who has the whole answer finds its call in the ledger.
                    close()
            await send(message)

        try:
            await self.app(scope, receive, listen)
        finally:
            close()


def note(scope: MutableMapping[str, Any], ids: Iterable[str]) -> None:
    """Say which rows a call served."""
    served = sorted(ids)
    call: Call = scope["ledger"]
    call.rows = len(served)
    call.ids = hashlib.sha256("\n".join(served).encode()).hexdigest()[:16]
