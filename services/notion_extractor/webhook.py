"""What Notion posts to a webhook, and which pages it makes dirty. Decisions on bytes and signatures."""

import hashlib
import hmac
import json
import threading
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, NamedTuple

from services.notion_extractor.ids import dashed

KEPT_EVENTS = 10_000
LONGEST_TOKEN = 500
SCHEMA_CHANGED = frozenset({"data_source.schema_updated", "data_source.deleted", "data_source.moved"})


@dataclass(frozen=True, slots=True)
class Handshake:
    """The one request that carries the token with which all later ones are signed."""

    token: str


@dataclass(frozen=True, slots=True)
class Event:
    """Something happened to a page or to a data source; what is there now has to be asked for."""

    id: str
    type: str
    entity_id: str
    source_id: str | None = None
    """The data source that the page is a row of, where the event says so."""


def is_signed(body: bytes, given: str | None, token: str) -> bool:
    """Whether `given`, the header X-Notion-Signature, is that of these very bytes."""
    expected = "sha256=" + hmac.new(token.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), (given or "").encode("utf-8", "surrogatepass"))


def read(body: bytes) -> Handshake | Event | None:
    """None for what is neither."""
    try:
        posted = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(posted, dict):
        return None
    token = posted.get("verification_token")
    if isinstance(token, str) and 0 < len(token) <= LONGEST_TOKEN and token.isascii() and token.isprintable():
        return Handshake(token)
    entity = posted.get("entity")
    entity_id = entity.get("id") if isinstance(entity, dict) else None
    event_id, kind = posted.get("id"), posted.get("type")
    if not (isinstance(event_id, str) and isinstance(kind, str) and isinstance(entity_id, str)):
        return None
    if not (event_id and kind and entity_id):
        return None
    if kind in SCHEMA_CHANGED:
        entity_id = _id_of(entity_id) or entity_id
    return Event(event_id, kind, entity_id, _source_of(posted))


def _source_of(posted: dict[str, Any]) -> str | None:
    data = posted.get("data")
    parent = data.get("parent") if isinstance(data, dict) else None
    return _id_of(parent.get("data_source_id")) if isinstance(parent, dict) else None


def _id_of(given: object) -> str | None:
    try:
        return dashed(given) if isinstance(given, str) else None
    except ValueError:
        return None


class Taken(NamedTuple):
    """What is dirty: pages, each with the sources that events placed it in, and sources that changed themselves."""

    pages: dict[str, set[str | None]]
    changed: set[str]


class Dirty:
    """Pages to be read again. Events come in any order and more than once: only that something happened counts."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pages: dict[str, set[str | None]] = {}
        """And the sources that events placed them in."""
        self._known: OrderedDict[str, None] = OrderedDict()
        self._changed: set[str] = set()

    def heard(self, event: Event) -> None:
        """Note an event, unless it was noted before."""
        with self._lock:
            if event.id in self._known:
                return
            self._known[event.id] = None
            if len(self._known) > KEPT_EVENTS:
                self._known.popitem(last=False)
            if event.type.startswith("page."):
                self._pages.setdefault(event.entity_id, set()).add(event.source_id)
            elif event.type in SCHEMA_CHANGED:
                self._changed.add(event.entity_id)

    @property
    def is_clean(self) -> bool:
        """Whether `take` has nothing to give."""
        return not (self._pages or self._changed)

    def take(self, scopes: Collection[str] | None = None) -> Taken:
        """What is dirty; from now on it counts as read.

        With `scopes`, without other sources and without the pages of which every event says that they are theirs.
        """
        with self._lock:
            taken = Taken(self._pages, self._changed)
            self._pages, self._changed = {}, set()
        if scopes is None:
            return taken
        wanted = {None, *scopes}
        pages = {page: places for page, places in taken.pages.items() if places & wanted}
        return Taken(pages, taken.changed.intersection(scopes))

    def put_back(self, taken: Taken) -> None:
        """These were not read: they come before what was told since."""
        with self._lock:
            later, self._pages = self._pages, {}
            for pages in (taken.pages, later):
                for page, places in pages.items():
                    self._pages[page] = self._pages.get(page, set()) | places
            self._changed |= taken.changed
