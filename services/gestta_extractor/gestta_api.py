"""The door to Gestta: five calls that read, and no other can be made.

The API is private and changes without notice (its facts: what the web app itself calls); so parse leniently, check
totals, and name what is different.
"""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import quote

import requests

from services.gestta_extractor.budget import Budget, Spent
from services.gestta_extractor.elements import Elements
from shared import clock
from shared.clock import ReadClock
from shared.errors import Rejected, Transient
from shared.http import RETRYABLE, Answer, Http, Pace, patiently, retry_after

WEB_APP = "https://app.gestta.com.br"
PAGE = 500
LONGEST_PAUSE = 60.0
"""Seconds of Retry-After that a run waits for."""
TRIES = 3

DOCUMENTS = ("documents", "company_documents", "document_request")
"""Where links lie that open a client's documents to whoever has them: the key in them is never stored."""

ALLOWED = (
    ("POST", re.compile(r"/core/login")),
    ("POST", re.compile(r"/core/customer/task/report")),
    ("POST", re.compile(r"/core/customer/task/search")),
    ("GET", re.compile(r"/core/customer/task/[A-Za-z0-9%][A-Za-z0-9%._-]*")),
    ("GET", re.compile(r"/core/company/user/me")),
)
"""The same API writes to the office's work: whatever is not in this list is never sent."""


class Refused(Exception):
    """401 or 403 for the token that was sent."""

    def __init__(self, status: int) -> None:
        super().__init__(f"refused with {status}")
        self.status = status


class TooLarge(Transient):
    """The server did not manage a range this large, or something on the way cut it short."""


class RangeRefused(TooLarge):
    """The server says that it does not allow this range: asking for the same again is no use."""


class TooMany(Transient):
    """The server wants fewer requests, whatever their size."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a search: its rows, when it was read, and how many rows there are in all (None: it did not say)."""

    rows: list[dict[str, Any]]
    read_at: datetime
    total: int | None
    is_last: bool | None


class GesttaApi:
    """Reads tasks with a token that the caller brings. One request at a time, `requests_per_hour` at most."""

    def __init__(
        self,
        base: str,
        *,
        requests_per_hour: int,
        reads: ReadClock,
        ticks: Callable[[], float] = time.monotonic,
        wait: Callable[[float], object] = time.sleep,
    ) -> None:
        self._budget = Budget(requests_per_hour)
        self._ticks = ticks
        self._wait = wait
        # Half a second between calls is good manners there.
        self._http = Http(
            base,
            pace=Pace(calls=max(requests_per_hour / 3600, 2.0), seconds=1.0, wait=wait),
            headers={
                "Accept": "application/json, text/plain, */*",
                "Accept-Language": "pt-BR",
                "Origin": WEB_APP,
                "Referer": f"{WEB_APP}/",
            },
            timeout=(10.0, 120.0),
        )
        self._reads = reads

    @property
    def left(self) -> int:
        """Requests that this hour may still have."""
        return self._budget.left(self._ticks())

    def login(self, email: str, password: str) -> str:
        """A new token, as the web app gets it: it comes in a header, the body is empty. Raises `Refused`."""
        answer = self._call("POST", "/core/login", None, {"email": email, "password": password})
        token = answer.headers.get("authorization")
        if not token:
            raise Transient("the login was accepted but brought no token in its `authorization` header")
        return token

    def me(self, token: str) -> dict[str, Any]:
        """Whose token it is: the cheapest call that a token opens. Raises `Refused`."""
        found = self._call("GET", "/core/company/user/me", token).json()
        return found if isinstance(found, dict) else {}

    def report(self, token: str, first: date, last: date) -> Iterator[tuple[dict[str, Any], datetime]]:
        """Every task of a range of days, streamed, each with the time its response was read.

        Raises `Refused`, `TooLarge` (ask for less), `TooMany`, `Spent`; also in the middle of the rows.
        """
        body = {
            "type": "CUSTOMER_TASK",
            "filter": "CURRENT_MONTH",  # with dates present the range counts, whatever the filter says
            "dates": {"startDate": f"{first}T00:00:00-03:00", "endDate": f"{last}T23:59:59-03:00"},
        }
        path = "/core/customer/task/report"
        _check("POST", path)
        self._budget.take(self._ticks())
        try:
            with self._http.stream("POST", path, headers=_authorization(token), body=body) as response:
                if response.status_code in (400, 413, 422):
                    raise RangeRefused(_said(response.status_code, response.headers, path))
                self._verdict(response.status_code, response.headers, path)
                if response.status_code == requests.codes.no_content:
                    return
                read_at = self._reads.read()
                yield from ((row, read_at) for row in _rows(response))
        except (TooLarge, TooMany):
            raise
        except Transient as error:
            # 5xx, a time-out, a connection that was cut: all of them happen to ranges that are too large.
            raise TooLarge(str(error)) from None

    def search(self, token: str, status: str, page: int) -> Page:
        """A page of all tasks in one status: several statuses in a call may not be united."""
        body = {"page": page, "limit": PAGE, "status": [status], "os_workflow": True}
        answer = self._patiently(lambda: self._call("POST", "/core/customer/task/search", token, body))
        return _page(answer, self._reads.read(), page)

    def task(self, token: str, task_id: str) -> tuple[dict[str, Any] | None, datetime]:
        """One task, or None where Gestta does not know it (any more). Raises `Refused`, `Transient`."""
        answer = self._patiently(lambda: self._task(token, task_id))
        read_at = self._reads.read()
        if answer.status == requests.codes.not_found:
            return None, read_at
        found = answer.json()
        inner = found.get("data") if isinstance(found, dict) else None
        task = inner if isinstance(inner, dict) else found
        if not isinstance(task, dict) or not (task.get("_id") or task.get("id")):
            raise Transient(f"task {task_id}: the answer is not a task")
        return _row(task), read_at

    def _task(self, token: str, task_id: str) -> Answer:
        path = f"/core/customer/task/{quote(task_id, safe='')}"
        return self._call("GET", path, token, fine=(requests.codes.not_found,))

    def _patiently(self, ask: Callable[[], Answer]) -> Answer:
        return patiently(ask, tries=TRIES, unless=Spent, wait=self._wait)

    def _call(
        self, method: str, path: str, token: str | None, body: Any = None, *, fine: tuple[int, ...] = ()
    ) -> Answer:
        _check(method, path)
        self._budget.take(self._ticks())
        answer = self._http.call(method, path, headers=_authorization(token), body=body)
        if answer.status not in fine:
            self._verdict(answer.status, answer.headers, path)
        return answer

    def _verdict(self, status: int, headers: Mapping[str, str], path: str) -> None:
        if status in (401, 403):
            raise Refused(status)
        if status in RETRYABLE:
            wait = retry_after(headers, now=clock.now())
            if wait and wait > LONGEST_PAUSE:
                self._budget.rest(self._ticks(), wait)  # no thread sleeps so long: what is due is told, and waits
            elif wait:
                self._http.pause(wait)
            kind = TooMany if status == requests.codes.too_many else Transient
            raise kind(_said(status, headers, path), retry_after=wait if wait and wait <= LONGEST_PAUSE else None)
        if status >= 400:
            raise Rejected(_said(status, headers, path))


def _check(method: str, path: str) -> None:
    if not any(method == m and pattern.fullmatch(path) for m, pattern in ALLOWED):
        raise Rejected(f"{method} {path} is not one of the calls that only read")


def _authorization(token: str | None) -> dict[str, str]:
    return {"Authorization": f"JWT {token}"} if token else {}


def _said(status: int, headers: Mapping[str, str], path: str) -> str:
    request_id = headers.get("x-request-id")
    return f"Gestta answered {status} to {path}" + (f" (x-request-id {request_id})" if request_id else "")


def _rows(response: requests.Response) -> Iterator[dict[str, Any]]:
    response.raw.decode_content = True
    for row in Elements(response.raw.read):
        yield _row(row)


def _page(answer: Answer, read_at: datetime, number: int) -> Page:
    found = answer.json()
    if isinstance(found, list):
        # Whether a bare array is everything or one page of it, only the next page tells.
        return Page([_row(row) for row in found], read_at, None, None)
    if not isinstance(found, dict):
        raise Transient("the search's answer is neither a list nor an object")
    rows = next((found[k] for k in ("docs", "data", "items", "results") if isinstance(found.get(k), list)), None)
    if rows is None:
        raise Transient(f"the search's answer holds no rows: its keys are {sorted(found)[:10]}")
    total = next((found[k] for k in ("total", "totalDocs") if isinstance(found.get(k), int)), None)
    pages = next((found[k] for k in ("pages", "totalPages") if isinstance(found.get(k), int)), None)
    more = found.get("hasNextPage")
    last = (not more) if isinstance(more, bool) else (number >= pages if pages is not None else None)
    return Page([_row(row) for row in rows], read_at, total, last)


def _row(found: Any) -> dict[str, Any]:
    """A row as it was given; whatever is none lands for the transformer to set aside. Signed links lose their key."""
    row = found if isinstance(found, dict) else {"value": found}
    return row | {key: _unsigned(row[key]) for key in DOCUMENTS if row.get(key)}


def _unsigned(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _unsigned(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_unsigned(inner) for inner in value]
    is_link = isinstance(value, str) and value.startswith(("https://", "http://"))
    return value.partition("?")[0] if is_link else value
