"""The one door to HTTP: a session that waits politely, streams, stays on its host and names what went wrong.

Retries here are seconds and few; what still fails is the caller's scope, told and tried again at the next run.
"""

import json
import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import urljoin, urlsplit

import requests
import structlog
import tenacity
import urllib3

from shared.errors import Rejected, Transient

log = structlog.get_logger()
T = TypeVar("T")

MAX_BYTES = 512 * 1024 * 1024
RETRYABLE = frozenset({408, 409, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529})
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


class Shut(Transient):
    """Nobody may call for a long time yet: the other side asked for it."""


class Pace:
    """At most so many calls per period, evenly spaced, and a shared pause that everybody obeys.

    A call that comes late, since the answer before took longer than the gap, is made up for by earlier ones, up to
    `credit` seconds: so many calls more than even spacing has may then fall into one period. Where a pause is to last
    longer than `patience`, nobody stands and waits for its end: he is told.
    """

    def __init__(
        self,
        calls: float,
        seconds: float,
        *,
        credit: float = 0.0,
        patience: float = math.inf,
        wait: Callable[[float], object] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._gap = seconds / calls
        self._credit = credit
        self._patience = patience
        self._clock = clock
        self._next = clock()
        self._pauses = 0
        self._opens = self._next
        self._lock = threading.Lock()
        self._wait = wait

    def turn(self) -> None:
        """Return when it is this call's turn; a pause that begins while it waits holds it, too.

        Raises `Shut` where a pause is longer than the patience.
        """
        pauses = None
        while pauses != self._pauses:
            with self._lock:
                pauses, now = self._pauses, self._clock()
                if self._opens - now > self._patience:
                    raise _shut(self._opens - now)
                start = max(now - self._credit, self._next)
                self._next = start + self._gap
            if start > now:
                self._wait(start - now)

    def pause(self, seconds: float) -> None:
        """Nobody calls for so long: the other side asked for it."""
        with self._lock:
            self._opens = max(self._opens, self._clock() + seconds)
            self._next = max(self._next, self._opens)
            self._pauses += 1


def _shut(seconds: float) -> Shut:
    return Shut(f"we were asked to wait: no call for another {math.ceil(seconds / 60)} min", retry_after=seconds)


class Http:
    """Calls to one host. Threads may share it."""

    def __init__(
        self,
        base: str,
        *,
        pace: Pace,
        headers: Mapping[str, str] | None = None,
        timeout: tuple[float, float] = (10.0, 75.0),
    ) -> None:
        self.base = base
        self._host = urlsplit(self.base).netloc
        self._pace = pace
        self._timeout = timeout
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy, .netrc or certificate bundle of the machine sneaks in
        self._session.headers.update(headers or {})
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
        except (requests.RequestException, urllib3.exceptions.HTTPError, ConnectionError) as error:
            raise Transient(f"{method} {self._host}{path.split('?', maxsplit=1)[0]}: {_short(error)}") from None

    def pause(self, seconds: float) -> None:
        """Hold every call for so long."""
        self._pace.pause(seconds)

    def _redirect(self, url: str, location: str) -> str:
        target = urlsplit(urljoin(url, location))
        where = "another host" if target.netloc != self._host else "another page"
        return f"{self._host} sent us to {where} ({target.netloc}{target.path}): is the address in the settings right?"


def retry_after(headers: Mapping[str, str], *, now: datetime) -> float | None:
    """Seconds of a Retry-After header, given as seconds or as a date; None where there is none that can be read."""
    value = headers.get("Retry-After")
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)  # `-0000`
    return max(0.0, (moment - now).total_seconds())


def patiently(
    ask: Callable[[], T],
    *,
    tries: int,
    unless: type[Transient] | tuple[type[Transient], ...] = (),
    longest: float = 60.0,
    wait: Callable[[float], object] = time.sleep,
) -> T:
    """`ask` again after `Transient`: what the other side asked for, else 1 s doubling to `longest` with jitter.

    Not after those of `unless`, where asking for the same again is no use.
    """
    backoff = tenacity.wait_exponential_jitter(initial=1, max=longest, jitter=1)

    def pause(state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after if isinstance(error, Transient) else None
        return max(asked, 0.0) if asked is not None else backoff(state)

    def tell(state: tenacity.RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        log.info(
            "asking again", attempt=state.attempt_number, wait_seconds=round(state.upcoming_sleep, 1), error=str(error)
        )

    def rest(seconds: float) -> None:
        wait(seconds)

    return tenacity.Retrying(
        retry=tenacity.retry_if_exception(lambda e: isinstance(e, Transient) and not isinstance(e, unless)),
        stop=tenacity.stop_after_attempt(tries),
        wait=pause,
        sleep=rest,
        before_sleep=tell,
        reraise=True,
    )(ask)


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
