"""Calls to one host: each in its turn, streamed or read whole, and what goes wrong named."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
import urllib3

from shared.errors import Rejected, Transient
from shared.http.deadline import Unfinished, adapter
from shared.http.pace import Pace

MAX_BYTES = 512 * 1024 * 1024
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class Answer:
    """A response whose body is read: status, headers (case-insensitive), bytes, and the seconds that they took."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float = 0.0

    def json(self) -> Any:
        """The body as JSON. Raises `Transient` for anything else: truncated answers and HTML pages of proxies pass."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            start = self.body[:60].decode("utf-8", "replace")
            raise Transient(f"the answer ({self.status}) is not JSON: {error}; it starts with {start!r}") from None


class Http:
    """Calls to one host. Threads may share it.

    `timeout` is for connecting and for each read, `longest` for a whole answer: seconds that the other side may let us
    wait from its status line to its last byte. What the caller does between two reads does not count.
    """

    def __init__(
        self,
        base: str,
        *,
        pace: Pace,
        headers: Mapping[str, str] | None = None,
        timeout: tuple[float, float] = (10.0, 75.0),
        longest: float = 300.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.base = base
        self._host = urlsplit(self.base).netloc
        self._pace = pace
        self._timeout = timeout
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy, .netrc or certificate bundle of the machine sneaks in
        self._session.headers.update(headers or {})
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, adapter(longest, clock))
        self.calls = 0

    def close(self) -> None:
        self._session.close()

    def call(self, method: str, path: str, *, headers: Mapping[str, str] | None = None, body: Any = None) -> Answer:
        """One call, body read whole. Raises `Transient` for what the network does, `Shut` where none may be made;
        statuses are the caller's."""
        with self.stream(method, path, headers=headers, body=body) as response:
            begun = time.monotonic()
            content = _read(response)
            seconds = response.elapsed.total_seconds() + time.monotonic() - begun
            return Answer(response.status_code, response.headers, content, seconds)

    @contextmanager
    def stream(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, body: Any = None
    ) -> Iterator[requests.Response]:
        """One call, body left to the caller to read; network errors while reading it are `Transient` too."""
        self._pace.turn()
        self.calls += 1
        url = self.base + path
        try:
            with self._session.request(
                method, url, json=body, headers=headers, timeout=self._timeout, stream=True, allow_redirects=False
            ) as response:
                if response.status_code in _REDIRECTS:
                    raise Rejected(self._redirect(url, response.headers.get("Location", "")))
                yield response
        except requests.exceptions.SSLError as error:
            raise Rejected(f"the certificate of {self._host} does not fit: {error}") from None
        except (requests.RequestException, urllib3.exceptions.HTTPError, ConnectionError, Unfinished) as error:
            raise Transient(f"{method} {self._host}{path.split('?', maxsplit=1)[0]}: {_short(error)}") from None

    def pause(self, seconds: float) -> None:
        """Hold every call for so long."""
        self._pace.pause(seconds)

    def _redirect(self, url: str, location: str) -> str:
        target = urlsplit(urljoin(url, location))
        where = "another host" if target.netloc != self._host else "another page"
        return f"{self._host} sent us to {where} ({target.netloc}{target.path}): is the address in the settings right?"


def _read(response: requests.Response) -> bytes:
    chunks, size = [], 0
    for chunk in response.iter_content(1 << 16):
        size += len(chunk)
        if size > MAX_BYTES:
            raise Rejected(f"an answer of more than {MAX_BYTES >> 20} MiB is not what was asked for")
        chunks.append(chunk)
    return b"".join(chunks)


def _short(error: Exception) -> str:
    text = str(error)
    if isinstance(error, Unfinished):
        return text
    for part in (
        "Connection refused",
        "Read timed out",
        "Connection aborted",
        "Connection broken",
        "IncompleteRead",
        "Name or service",
    ):
        if part in text:
            return f"{type(error).__name__} ({part})"
    return type(error).__name__
