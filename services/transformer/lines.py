"""Rows as COPY reads them into `staging`: as the table will hold them, or only as seen. No I/O."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NamedTuple

from services.transformer.merge import Table
from services.transformer.seen import Asked, Other
from services.transformer.tidy.rows import RejectedRow, Tidied, line_of

_BETWEEN = 5
"""Columns of `staging` between those that every row has and the typed ones."""
_ESCAPED = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r", "\0": "\ufffd"})


class Said(NamedTuple):
    """A row of a chunk: what it is asked for by, its edit time, and its place among those that say something new."""

    asked: Asked
    updated: str
    place: int | None = None

    @property
    def version(self) -> tuple[str, str]:
        return self.updated, self.asked.read_at


@dataclass(frozen=True, slots=True)
class Fresh:
    """The rows of a chunk that say something new, by place."""

    tidied: Tidied
    raw: list[bytes]
    columns: list[bytes]
    hashed: list[bytes]
    """The columns without those that make no change."""

    @classmethod
    def of(cls, tidied: Tidied, raw: list[bytes], table: Table) -> "Fresh":
        columns = tidied.lines(table.columns)
        lasting = [name for name in table.columns if name not in table.volatile]
        return cls(tidied, raw, columns, tidied.lines(lasting) if table.volatile else columns)


def line(said: Said, fresh: Fresh, other: Other | None, table: Table) -> bytes:
    """A column takes its value from the part seen last that has it at all; what cannot differ is only seen."""
    asked, place = said.asked, said.place
    head = f"{asked.row_id}\t{asked.read_at}\t{said.updated}\t{asked.content}".encode()
    if other is None:
        if place is None:
            return _only_seen(head, table)
        hashed = _digest(fresh.hashed[place])
        return b"\t".join((head, asked.read_at.encode(), hashed, fresh.raw[place], b"", b"", fresh.columns[place]))
    own = (other.own or {}) if place is None else fresh.tidied.said(place)
    theirs = other.fields or {}
    columns = line_of({**own, **theirs} if other.is_newer else {**theirs, **own}, table.columns)
    hashed = _digest(columns)
    if place is None and hashed == other.content_hash:
        return _only_seen(head, table)
    raw = b"" if place is None else fresh.raw[place]
    return b"\t".join((head, other.newest.encode(), hashed, raw, _json(own), _json(theirs), columns))


def aside(rejected: Iterable[RejectedRow]) -> bytes:
    """Rows that cannot be read as COPY reads them into `aside`: as they came, whatever they hold."""
    return "".join(
        f"{row.row_number}\t{_any(row.row_id)}\t{_any(row.field)}\t{_any(row.reason)}\t{_any(row.raw)}\n"
        for row in rejected
    ).encode()


def _any(words: str | None) -> str:
    return r"\N" if words is None else words.translate(_ESCAPED)


def _only_seen(head: bytes, table: Table) -> bytes:
    return head + b"\t" * (_BETWEEN + len(table.columns))


def _digest(columns: bytes) -> bytes:
    return rb"\x%b" % sha256(columns).hexdigest().encode()


def _json(fields: Mapping[str, Any]) -> bytes:
    return json.dumps(fields, sort_keys=True).encode()
