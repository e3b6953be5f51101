"""The door to the Notion API: reading calls alone, one shared pace, and its errors by what happens next."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any
from urllib.parse import quote, urlencode

import structlog
import tenacity

from services.notion_extractor.reply import (
    AskAgain,
    NotFound,
    asked_wait,
    error_for,
    object_of,
    server_time,
    told,
)
from services.notion_extractor.verdict import Answered, Next, smaller, verdict
from services.notion_extractor.walk import PAGE_SIZE
from shared.clock import ReadClock
from shared.errors import Rejected, Transient
from shared.http import Http, Pace, Shut

log = structlog.get_logger()

VERSION = "2026-03-11"
LONGEST_SILENT_WAIT = 600.0
"""Seconds. A longer wait is obeyed too, but told: nobody asks, and the runs end, until the gate opens."""
CREDIT = 0.05
"""Share of a minute's calls that slow answers may be made up for."""


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
            retry=tenacity.retry_if_exception_type(AskAgain),
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
            raise error_for(verdict(Answered(502), attempt=attempt), str(error), None) from None
        read_at = self._reads.read()
        found = object_of(answer)
        if answer.status == 200 and found is not None and found.get("object") != "error":
            return Read(found, read_at, server_time(answer), answer.seconds)
        answered, said = told(answer, found)
        follows = verdict(answered, attempt=attempt)
        wait = asked_wait(answer, found)
        if wait is not None and follows in (Next.AGAIN, Next.AGAIN_SMALLER, Next.GIVE_UP):
            self._http.pause(wait)
            if wait > LONGEST_SILENT_WAIT:
                follows = Next.GIVE_UP
        if follows is Next.AGAIN_SMALLER and size is not None:
            size.rows = min(size.rows, smaller(rows))  # another thread may have made it smaller meanwhile
        raise error_for(follows, f"{name}: {said}", wait)
