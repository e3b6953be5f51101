"""What a batch is made of: its name, its manifest, its rows and how a row lies in a line."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from shared.errors import Rejected

ROWS, MANIFEST, SAID, CSV = ".jsonl.gz", ".json", ".said", ".csv"
_ID = r'\{"read_at":"([^"]+)","id":"((?:[^"\\]|\\.)*)","row":'
_LINE = re.compile(_ID + r"(.*)\}\n?", re.DOTALL)
_LINE_ID = re.compile(_ID)
_encode = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode


class Pruned(Rejected):
    """The batch was there once; LANDING_KEEP has passed."""


@dataclass(frozen=True, slots=True)
class RawRow:
    """A row as the source gave it: when its response was read (ISO 8601, UTC), its JSON text, its id if it has one."""

    read_at: str
    text: str
    row_id: str = ""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is known of a batch. `content` is the whole JSON object; the properties are what everybody reads."""

    content: dict[str, Any] = field(hash=False)

    @property
    def batch_ref(self) -> str:
        return str(self.content["batch_ref"])

    @property
    def scope(self) -> str:
        return str(self.content["scope"])

    @property
    def kind(self) -> str:
        return str(self.content["kind"])

    @property
    def sha256(self) -> str:
        return str(self.content["sha256"])

    @property
    def records(self) -> int:
        return int(self.content["records"])

    @property
    def read_to(self) -> datetime:
        return datetime.fromisoformat(self.content["read_to"])


def written(row: Mapping[str, Any], read_at: str) -> str:
    """A row as its line. Raises `Rejected` for one that is nested too deeply to be written."""
    try:
        text = _encode(row)
    except RecursionError:
        raise Rejected("a row is nested too deeply to be a row of this source") from None
    return f'{{"read_at":"{read_at}","id":{_encode(id_of(row))},"row":{text}}}\n'


def read(line: str) -> RawRow | None:
    """A line as its row; None where it is not one."""
    match = _LINE.fullmatch(line)
    return match and RawRow(match[1], match[3], _unquoted(match[2]))


def read_id(line: str) -> str | None:
    """The id a line's row has (empty where it has none), without reading the row; None where the line is not one."""
    match = _LINE_ID.match(line)
    return match and _unquoted(match[2])


def id_of(row: Mapping[str, Any]) -> str:
    """A row's id under either of its two names; empty where it has none."""
    value = row.get("id") or row.get("_id")
    return value if isinstance(value, str) and value.isascii() else ""


def batch_id(started: datetime, scope: str, salt: str) -> str:
    """A name that sorts by time, tells its scope, and is not given twice."""
    return f"{started.astimezone(UTC):%Y%m%dT%H%M%S}{started.microsecond // 1000:03d}-{salt}-{scope_slug(scope)}"


def scope_slug(scope: str) -> str:
    """A scope as it may stand in a file's name."""
    return re.sub(r"[^A-Za-z0-9]+", "_", scope)


def iso(moment: datetime) -> str:
    """UTC, milliseconds, `Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _unquoted(text: str) -> str:
    return str(json.loads(f'"{text}"')) if "\\" in text else text
