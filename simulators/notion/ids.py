"""Identifiers as Notion makes them, derived from a seed so that a world can be built again."""

import hashlib
import itertools
import re
import threading
import uuid
from collections import defaultdict
from collections.abc import Iterator
from urllib.parse import quote

# Property ids are four printable characters, and Notion hands them out percent-encoded as encodeURIComponent does.
PROPERTY_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz:;<=>?@[]^_`{|}~\\"
CURSOR_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
UUID_FORM = re.compile(r"[0-9a-fA-F]{8}(-?)([0-9a-fA-F]{4}\1){3}[0-9a-fA-F]{12}")


class Ids:
    """Counts per kind, so that requests served meanwhile do not change the ids of the pages made next."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._lock = threading.Lock()
        self._counters: defaultdict[str, Iterator[int]] = defaultdict(itertools.count)

    def uuid(self, kind: str) -> str:
        """The next UUID of this kind, with dashes."""
        return str(uuid.UUID(bytes=self._digest(kind, 16), version=4))

    def property_id(self) -> str:
        """The next property id, percent-encoded as the API shows it."""
        letters = (PROPERTY_ALPHABET[b % len(PROPERTY_ALPHABET)] for b in self._digest("property", 4))
        return encode_property_id("".join(letters))

    def item_cursor(self) -> str:
        """The next cursor of a property item list: six letters, unlike a query's."""
        letters = (CURSOR_ALPHABET[b % len(CURSOR_ALPHABET)] for b in self._digest("item_cursor", 6))
        return "".join(letters)

    def _digest(self, kind: str, size: int) -> bytes:
        with self._lock:
            number = next(self._counters[kind])
        return hashlib.blake2b(f"{self._seed}/{kind}/{number}".encode(), digest_size=size).digest()


def encode_property_id(decoded: str) -> str:
    """A property id as it stands in responses and in URL paths."""
    return quote(decoded, safe="~!*'()")


def canonical_uuid(text: str) -> str | None:
    """The id with dashes and in lower case, or None where the text is no UUID; dashes may be missing."""
    if not UUID_FORM.fullmatch(text):
        return None
    found = uuid.UUID(text)
    # Recorded: a UUID of no RFC variant is refused as malformed, the nil UUID is merely not found.
    return str(found) if found.int == 0 or found.variant == uuid.RFC_4122 else None
