"""What Notion posts to a webhook, and which pages it makes dirty. Decisions on bytes and signatures."""

import hashlib
import hmac
import json
import threading
from collections import OrderedDict
from dataclasses import dataclass

KEPT_EVENTS = 10_000
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
    if isinstance(token, str) and token.isascii() and token.isprintable():
        return Handshake(token)
    entity = posted.get("entity")
    found = (posted.get("id"), posted.get("type"), entity.get("id") if isinstance(entity, dict) else None)
    return Event(*map(str, found)) if all(isinstance(each, str) and each for each in found) else None


class Dirty:
    """Pages to be read again. Events come in any order and more than once: only that something happened counts."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pages: dict[str, None] = {}
        self._known: OrderedDict[str, None] = OrderedDict()
        self._schema = False

    def heard(self, event: Event) -> None:
        """Note an event, unless it was noted before."""
        with self._lock:
            if event.id in self._known:
                return
            self._known[event.id] = None
            if len(self._known) > KEPT_EVENTS:
                self._known.popitem(last=False)
            if event.type.startswith("page."):
                self._pages[event.entity_id] = None
            elif event.type in SCHEMA_CHANGED:
                self._schema = True

    def take(self) -> tuple[list[str], bool]:
        """The pages that are dirty, and whether a source itself changed; from now on they count as read."""
        with self._lock:
            pages, schema = list(self._pages), self._schema
            self._pages, self._schema = {}, False
            return pages, schema

    def put_back(self, pages: list[str]) -> None:
        """These could not be read."""
        with self._lock:
            self._pages = dict.fromkeys(pages) | self._pages
