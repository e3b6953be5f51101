"""The door to the Notion API: reading calls alone, one shared pace, and its errors by what happens next."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared import clock
from shared.clock import ReadClock
from shared.errors import AuthRejected, Rejected, Transient
from shared.http import RETRYABLE, Answer, Http, Pace, patiently, retry_after

VERSION = "2026-03-11"
TRIES = 6
BLOCKED = "public_api_request_blocked"


class NotFound(Rejected):
    """404: absent or not shared with the connection; Notion does not say which."""


class CursorExpired(Transient):
    """400 for a cursor: the walk starts again from its beginning."""


@dataclass(frozen=True, slots=True)
class Read:
    """An object and when its response was read."""

    body: dict[str, Any]
    read_at: datetime


class NotionApi:
    """Asks Notion with one token."""

    def __init__(self, base: str, token: str, *, requests_per_minute: int, reads: ReadClock) -> None:
        self._http = Http(
            base,
            pace=Pace(calls=requests_per_minute, seconds=60.0),
            headers={"Authorization": f"Bearer {token}", "Notion-Version": VERSION},
            timeout=(10.0, 75.0),  # the server itself gives up at 60 s
        )
        self._reads = reads

    def me(self) -> dict[str, Any]:
        """Who the token is: the cheapest call."""
        return self._get("/v1/users/me").body

    def data_sources(self, given_id: str) -> list[str]:
        """The data sources behind a database's id, or the id itself where it is a data source's.

        Raises `NotFound` where it is neither.
        """
        try:
            database = self._get(f"/v1/databases/{given_id}").body
        except NotFound as error:
            try:
                return [str(self._get(f"/v1/data_sources/{given_id}").body["id"])]
            except NotFound:
                raise error from None
        return [str(source["id"]) for source in database.get("data_sources") or []]

    def schema(self, data_source_id: str) -> dict[str, Any]:
        """A data source with its `properties`."""
        return self._get(f"/v1/data_sources/{data_source_id}").body

    def query(self, data_source_id: str, body: Mapping[str, Any]) -> Read:
        """A page of rows. A query is a read: it is asked again after 5xx although it is a POST."""
        path = f"/v1/data_sources/{data_source_id}/query"
        read = self._ask("POST", path, dict(body))
        if not isinstance(read.body.get("results"), list):
            raise Transient(f"the query's answer holds no results: its keys are {sorted(read.body)[:10]}")
        return read

    def page(self, page_id: str) -> Read | None:
        """A page, or None where Notion does not know it (any more)."""
        try:
            return self._get(f"/v1/pages/{page_id}")
        except NotFound:
            return None

    def read_at(self) -> datetime:
        """The time of an answer that held nothing."""
        return self._reads.read()

    def _get(self, path: str) -> Read:
        return self._ask("GET", path, None)

    def _ask(self, method: str, path: str, body: Any) -> Read:
        return patiently(lambda: self._once(method, path, body), tries=TRIES)

    def _once(self, method: str, path: str, body: Any) -> Read:
        answer = self._http.call(method, path, body=body)
        read_at = self._reads.read()
        if answer.status != 200:
            raise self._verdict(answer, path)
        found = answer.json()
        if not isinstance(found, dict):
            raise Transient(f"{path}: the answer is not an object")
        if found.get("object") == "error":
            raise Transient(f"{path}: 200 with an error inside: {found.get('code')}")
        return Read(found, read_at)

    def _verdict(self, answer: Answer, path: str) -> Exception:
        error = _error_of(answer)
        code, said = error.get("code"), str(error.get("message", ""))[:300]
        detail = error.get("additional_data") or {}
        if answer.status == 401:
            return AuthRejected("notion", 401, f"the token is invalid, expired or revoked ({said})")
        if answer.status == 403 and error:
            return AuthRejected("notion", 403, f"the connection lacks a capability, it needs `Read content` ({said})")
        if answer.status == 404 and error:
            return NotFound(
                f"{path}: Notion does not know it, or it is not shared with the connection (••• → Connections): {said}"
            )
        if detail.get("rate_limit_reason") == BLOCKED:
            return Rejected(f"Notion blocks this connection's requests, asking again makes it worse: {said}")
        if answer.status == 400 and "cursor" in said.lower():
            return CursorExpired(f"the cursor is no longer valid: {said}")
        if answer.status in RETRYABLE or not error:
            wait = retry_after(answer.headers, now=clock.now())
            if wait:
                self._http.pause(wait)
            return Transient(f"{path}: {answer.status} {code or 'without a Notion error'}", retry_after=wait)
        return Rejected(f"{path}: {answer.status} {code}: {said}")


def _error_of(answer: Answer) -> dict[str, Any]:
    """Notion's error object; empty where something else answered (a proxy's page)."""
    try:
        found = answer.json()
    except Transient:
        return {}
    return found if isinstance(found, dict) and found.get("object") == "error" else {}
