"""Rows of a walk on disk until the walk has ended: each id counts once, in its newest version."""

import gzip
import json
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from datetime import datetime
from hashlib import blake2b
from types import TracebackType
from typing import IO, Any, Self, cast

from shared.errors import Outage, Rejected
from shared.landing import id_of, iso
from shared.landing.links import lasting

CACHE_KIB = 2_000
_encode = json.JSONEncoder(separators=(",", ":")).encode


class Spool:
    """What a walk brought, beside the batch that is being written: for what has to be read once more at its end.

    Memory does not grow with the rows. A row that comes again, as rows of a window's edge do, counts where it says
    something else and was edited later than before; of the same edit, whose time is that of a minute, where it was read
    later. A row without an id is kept as it is: whoever reads it says what is wrong with it.
    """

    def __init__(self) -> None:
        self.repeated = 0
        self.superseded = 0
        """Rows of which an older version was passed on already."""
        self.without_id = 0
        self._lines = 0
        self._later: set[int] = set()
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  closed by `close`, gone with the process
        self._zip = gzip.GzipFile(fileobj=cast("IO[bytes]", self._file), mode="wb", compresslevel=1, mtime=0)
        # The empty name is a database in a temporary file of SQLite's own, which goes with the connection.
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.executescript(
            f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -{CACHE_KIB};"
            "CREATE TABLE rows (id TEXT PRIMARY KEY, line INTEGER, edited REAL, read REAL, said BLOB) WITHOUT ROWID;"
            "BEGIN"
        )

    @property
    def count(self) -> int:
        """How many different ids came."""
        return int(self._db.execute("SELECT count(*) FROM rows").fetchone()[0])

    def ids(self) -> Iterator[str]:
        """The ids that came."""
        return (row[0] for row in self._db.execute("SELECT id FROM rows"))

    def add(self, row: Mapping[str, Any], *, read_at: datetime, later: bool = False) -> bool:
        """One row; returns whether it may be passed on at once. One for `later` waits for `rows`.

        Raises `Rejected` for a row that is nested too deeply to be written, `Outage` for a full disk.
        """
        row_id, text = id_of(row), _text(row)
        version = (_seconds(row.get("last_edited_time")), read_at.timestamp())
        said = blake2b(lasting(text).encode(), digest_size=16).digest()
        try:
            is_new = not row_id or self._is_new(row_id, version, said)
            if not is_new:
                self.repeated += 1
                known, *before, said_before = self._db.execute(
                    "SELECT line, edited, read, said FROM rows WHERE id = ?", (row_id,)
                ).fetchone()
                if said == said_before or version < tuple(before):
                    return False
                if known in self._later:
                    self._later.discard(known)
                    later = True
                else:
                    self.superseded += 1
                self._db.execute(
                    "UPDATE rows SET line = ?, edited = ?, read = ?, said = ? WHERE id = ?",
                    (self._lines, *version, said, row_id),
                )
            self._zip.write(f"{iso(read_at)}\t{text}\n".encode())
        except (OSError, sqlite3.Error) as error:
            raise Outage("landing", f"no room for the rows before they land: {error}") from error
        self.without_id += not row_id
        if later:
            self._later.add(self._lines)
        self._lines += 1
        return is_new and not later

    def rows(self, *, only_later: bool) -> Iterator[tuple[dict[str, Any], datetime]]:
        """Each row that counts (or each that was added for later), in the order of its coming."""
        if only_later and not self._later:
            return
        self._zip.close()
        self._file.seek(0)
        with gzip.GzipFile(fileobj=cast("IO[bytes]", self._file), mode="rb") as lines:
            for number, line in enumerate(lines):
                if only_later and number not in self._later:
                    continue
                read_at, _, text = line.partition(b"\t")
                row = json.loads(text)
                row_id = id_of(row)
                if not row_id or self._line_of(row_id) == number:
                    yield row, datetime.fromisoformat(read_at.decode())

    def close(self) -> None:
        self._db.close()
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _is_new(self, row_id: str, version: tuple[float, float], said: bytes) -> bool:
        added = self._db.execute(
            "INSERT OR IGNORE INTO rows VALUES (?, ?, ?, ?, ?)", (row_id, self._lines, *version, said)
        )
        return added.rowcount == 1

    def _line_of(self, row_id: str) -> int:
        return int(self._db.execute("SELECT line FROM rows WHERE id = ?", (row_id,)).fetchone()[0])


def _text(row: Mapping[str, Any]) -> str:
    try:
        return _encode(row)
    except RecursionError:
        raise Rejected("a row is nested too deeply to be a row of this source") from None


def _seconds(stamp: object) -> float:
    """A moment to compare by; what is none is older than any."""
    try:
        return datetime.fromisoformat(str(stamp)).timestamp()
    except (ValueError, OverflowError):
        return float("-inf")
