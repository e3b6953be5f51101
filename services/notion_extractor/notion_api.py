"""The door to the Notion API: reading calls alone, one shared pace, and its errors by what happens next."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import count
from typing import Any
from urllib.parse import quote, urlencode

import structlog
import tenacity

from services.notion_extractor.verdict import Answered, Next, smaller, verdict
from services.notion_extractor.walk import PAGE_SIZE, WalkAgain
from shared import clock
from shared.clock import ReadClock
from shared.errors import AuthRejected, Rejected, Transient
from shared.http import Answer, Http, Pace, Shut, retry_after

log = structlog.get_logger()

VERSION = "2026-03-11"
LONGEST_SILENT_WAIT = 600.0
"""Seconds. A longer wait is obeyed too, but told: nobody asks, and the runs end, until the gate opens."""
CREDIT = 0.05
"""Share of a minute's calls that slow answers may be made up for."""


class NotFound(Rejected):
    """404: absent or not shared with the connection; Notion does not say which."""


class _Again(Transient):
    """Inside the door: ask once more."""


@dataclass(frozen=True, slots=True)
class Read:
    """An object, when its response was read, and what the server's clock said then."""

    body: dict[str, Any]
    read_at: datetime
    server_time: datetime | None = None
    seconds: float = 0.0
    """How long the answer took, without waiting for its turn."""


@dataclass(slots=True)
class PageSize:
    """Rows a page, smaller once Notion could not serve so many; kept for one walk and its repetitions."""

    rows: int = PAGE_SIZE


class NotionApi:
    """Asks Notion with one token. Threads may share it: they share its pace."""

    def __init__(
        self,
        base: str,
        token: str,
        *,
        requests_per_minute: float,
        reads: ReadClock,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self._http = Http(
            base,
            pace=Pace(
                calls=requests_per_minute,
                seconds=60.0,
                credit=60.0 * CREDIT,
                patience=LONGEST_SILENT_WAIT,
                wait=wait,
            ),
            headers={"Authorization": f"Bearer {token}", "Notion-Version": VERSION},
            timeout=(10.0, 75.0),  # the server itself gives up at 60 s
        )
        self._reads = reads
        self._wait = wait
        self.gap = 60.0 / requests_per_minute
        """Seconds from one call to the next at the set rate."""

    def me(self) -> dict[str, Any]:
        """Who the token is: the cheapest call."""
        return self._ask("GET", "/v1/users/me").body

    def data_sources(self, given_id: str) -> list[str]:
        """The data sources behind a database's id, or the id itself where it is a data source's.

        Raises `NotFound` where it is neither, `Rejected` for a database that shows none.
        """
        try:
            database = self._ask("GET", f"/v1/databases/{given_id}").body
        except NotFound as error:
            try:
                return [str(self._ask("GET", f"/v1/data_sources/{given_id}").body.get("id") or given_id)]
            except NotFound:
                raise error from None
        listed = database.get("data_sources")
        ids = [str(each["id"]) for each in listed or () if isinstance(each, dict) and each.get("id")]
        if not ids:
            raise Rejected(f"the database {given_id} shows no data source: are they shared with the connection?")
        return ids

    def schema(self, data_source_id: str) -> Read:
        """A data source with its `properties`."""
        return self._ask("GET", f"/v1/data_sources/{data_source_id}")

    def query(
        self, data_source_id: str, body: Mapping[str, Any], *, size: PageSize, only: tuple[str, ...] = ()
    ) -> Read:
        """A page of rows, with all properties or `only` some (ids). `size` shrinks where Notion cannot serve so many.

        Raises `WalkAgain` for a cursor that is no longer valid.
        """
        path = f"/v1/data_sources/{data_source_id}/query"
        asked = urlencode([("filter_properties", each) for each in only])
        read = self._ask("POST", f"{path}?{asked}" if asked else path, dict(body), size=size)
        results = read.body.get("results")
        if not isinstance(results, list) or not all(isinstance(row, dict) for row in results):
            raise Transient(f"the query's answer holds no rows: its keys are {sorted(read.body)[:10]}")
        return read

    def page(self, page_id: str) -> Read | None:
        """A page, or None where Notion does not know it (any more)."""
        try:
            return self._ask("GET", f"/v1/pages/{quote(page_id, safe='')}")
        except NotFound:
            return None

    def property_items(self, page_id: str, property_id: str, cursor: str | None) -> Read:
        """A hundred entries of one cell. `property_id` is percent-encoded already, as the API gave it."""
        asked = {"page_size": str(PAGE_SIZE)} | ({"start_cursor": cursor} if cursor else {})
        return self._ask("GET", f"/v1/pages/{page_id}/properties/{property_id}?{urlencode(asked)}")

    def read_at(self) -> datetime:
        """The time of an answer that held nothing."""
        return self._reads.read()

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None, *, size: PageSize | None = None) -> Read:
        attempts = count(1)
        backoff = tenacity.wait_exponential_jitter(initial=1, max=60, jitter=1)

        def pause(state: tenacity.RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            asked = error.retry_after if isinstance(error, Transient) else None
            if asked is None:
                return backoff(state)
            # What was asked for is never cut short; when it was not enough, a backoff comes on top.
            return asked + (backoff(state) if state.attempt_number > 1 else 0.0)

        def tell(state: tenacity.RetryCallState) -> None:
            error = state.outcome.exception() if state.outcome else None
            log.info("asking again", attempt=state.attempt_number, wait_seconds=state.upcoming_sleep, error=str(error))

        return tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_Again),
            wait=pause,
            sleep=self._wait,
            before_sleep=tell,
            reraise=True,
        )(lambda: self._once(method, path, body, size, next(attempts)))

    def _once(self, method: str, path: str, body: dict[str, Any] | None, size: PageSize | None, attempt: int) -> Read:
        rows = size.rows if size else PAGE_SIZE
        sent = body if body is None or size is None else {"page_size": rows, **body}
        name = path.split("?", maxsplit=1)[0]
        try:
            answer = self._http.call(method, path, body=sent)
        except Shut:
            raise
        except Transient as error:
            # A connection that broke passes as a 502 does.
            raise _as_error(verdict(Answered(502), attempt=attempt), str(error), None) from None
        read_at = self._reads.read()
        found = _object_of(answer)
        if answer.status == 200 and found is not None and found.get("object") != "error":
            return Read(found, read_at, _server_time(answer), answer.seconds)
        answered, said = _facts(answer, found)
        follows = verdict(answered, attempt=attempt)
        wait = _asked_wait(answer, found)
        if wait is not None and follows in (Next.AGAIN, Next.AGAIN_SMALLER, Next.GIVE_UP):
            self._http.pause(wait)
            if wait > LONGEST_SILENT_WAIT:
                follows = Next.GIVE_UP
        if follows is Next.AGAIN_SMALLER and size is not None:
            size.rows = min(size.rows, smaller(rows))  # another thread may have made it smaller meanwhile
        raise _as_error(follows, f"{name}: {said}", wait)


def _object_of(answer: Answer) -> dict[str, Any] | None:
    try:
        found = answer.json()
    except Transient:
        return None
    return found if isinstance(found, dict) else None


def _facts(answer: Answer, found: dict[str, Any] | None) -> tuple[Answered, str]:
    """What the retry table needs to know, and the answer in words."""
    if found is None or found.get("object") != "error":
        start = answer.body[:60].decode("utf-8", "replace")
        return Answered(answer.status, is_json=False), f"{answer.status} without a Notion object; it starts {start!r}"
    status, code, message = answer.status, found.get("code"), str(found.get("message", ""))[:300]
    if status == 200:  # an error in the clothes of an answer: its own status counts
        inner = found.get("status")
        status = inner if isinstance(inner, int) and inner >= 400 else 500
    detail = found.get("additional_data")
    reason = detail.get("rate_limit_reason") if isinstance(detail, dict) else None
    return (
        Answered(
            status,
            code=str(code),
            reason=str(reason) if reason is not None else None,
            names_cursor="cursor" in message.lower(),
        ),
        f"{status} {code}: {message}",
    )


def _as_error(follows: Next, said: str, wait: float | None) -> Exception:
    match follows:
        case Next.AGAIN | Next.AGAIN_SMALLER:
            return _Again(said, retry_after=wait)
        case Next.GIVE_UP:
            return Transient(said, retry_after=wait)
        case Next.WALK_AGAIN:
            return WalkAgain(f"the cursor is no longer valid: {said}")
        case Next.TOKEN_REFUSED:
            return AuthRejected("notion", 401, f"the token is invalid, expired or revoked ({said})")
        case Next.FORBIDDEN:
            return AuthRejected("notion", 403, f"the connection lacks a capability, it needs `Read content` ({said})")
        case Next.ABSENT:
            return NotFound(
                f"Notion does not know it, or it is not shared with the connection (••• → Connections): {said}"
            )
        case Next.NETWORK:
            return Rejected(f"something on the way to Notion refuses us (a network block, not permissions): {said}")
        case _:
            return Rejected(f"Notion refuses this for good, asking again would not help: {said}")


def _asked_wait(answer: Answer, found: dict[str, Any] | None) -> float | None:
    """Seconds to wait by the header, else by the body, which repeats them as a text."""
    wait = retry_after(answer.headers, now=clock.now())
    detail = (found or {}).get("additional_data")
    text = str(detail.get("retry_after", "")) if isinstance(detail, dict) else ""
    return wait if wait is not None else float(text) if text.isdecimal() else None


def _server_time(answer: Answer) -> datetime | None:
    try:
        moment = parsedate_to_datetime(answer.headers.get("Date", ""))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
