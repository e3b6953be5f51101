"""The ids of one run, kept on disk beyond a few MiB: an extractor's memory does not grow with its source."""

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from types import TracebackType
from typing import Self

CACHE_KIB = 2_000
BATCH = 1_000


class Ids:
    """Which ids each scope showed in this run. For one thread; ends with its `with`."""

    def __enter__(self) -> Self:
        # The empty name is a database in a temporary file of SQLite's own, which goes with the connection.
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.executescript(
            f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -{CACHE_KIB};"
            "CREATE TABLE seen (id TEXT, scope TEXT, PRIMARY KEY (id, scope)) WITHOUT ROWID;"
            "CREATE TABLE held (id TEXT PRIMARY KEY) WITHOUT ROWID;"
            "BEGIN"
        )
        self._scopes: set[str] = set()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()

    def saw(self, scope: str, ids: Iterable[str]) -> int:
        """`scope` shows these; returns how many of them it had not shown before."""
        self._scopes.add(scope)
        return sum(
            self._db.executemany("INSERT OR IGNORE INTO seen VALUES (?, ?)", ((i, scope) for i in batch)).rowcount
            for batch in _batches(ids)
        )

    def forget(self, scope: str) -> None:
        """`scope` is read anew or broke off: what it, or a part of it (`scope part`), showed does not count."""
        for known in [k for k in self._scopes if k == scope or k.startswith(f"{scope} ")]:
            self._db.execute("DELETE FROM seen WHERE scope = ?", (known,))
            self._scopes.discard(known)

    def __contains__(self, row_id: str) -> bool:
        return self._db.execute("SELECT 1 FROM seen WHERE id = ? LIMIT 1", (row_id,)).fetchone() is not None

    def compare(self, scope: str, held: Iterable[str]) -> "Comparison":
        """What changed in `scope` since it held these."""
        self._db.execute("DELETE FROM held")
        for batch in _batches(held):
            self._db.executemany("INSERT OR IGNORE INTO held VALUES (?)", ((i,) for i in batch))
        count = int(self._db.execute("SELECT count(*) FROM held").fetchone()[0])
        lacking = "SELECT id FROM held WHERE NOT EXISTS (SELECT 1 FROM seen WHERE seen.id = held.id) ORDER BY id"
        fresh = "SELECT id FROM seen WHERE scope = ? AND id NOT IN (SELECT id FROM held) ORDER BY id"
        return Comparison(
            held=count,
            lacking=[row[0] for row in self._db.execute(lacking)],
            fresh=[row[0] for row in self._db.execute(fresh, (scope,))] if count else [],
        )


@dataclass(frozen=True, slots=True)
class Comparison:
    """`held` rows before; of them `lacking` was shown by no scope of this run; `fresh` is new in the scope.

    Where nothing was held before, nothing counts as new.
    """

    held: int
    lacking: list[str]
    fresh: list[str]


def _batches(ids: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(ids)
    while batch := list(islice(rest, BATCH)):
        yield batch
