"""Which version of which row left a simulator, when first and when last; a few bytes a row, however long the run."""

import threading
from collections.abc import Iterable, Mapping
from typing import Any

Sight = tuple[int, int, int]
"""A version, the first and the last call that served it."""


class Served:
    """By kind of scope (`report`, `search`, `task`) and row. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: dict[int, tuple[str, str]] = {}
        self._now: dict[str, dict[str, Sight]] = {}
        self._before: dict[str, dict[str, list[Sight]]] = {}

    def add(self, call: int, at: str, scope: str, versions: Mapping[str, int]) -> None:
        """The rows of one call, each with its version."""
        kind = scope.partition(":")[0]
        # Rows seen together share one tuple.
        same: dict[tuple[int, int], Sight] = {}
        with self._lock:
            self._calls[call] = at, scope
            now = self._now.setdefault(kind, {})
            before = self._before.setdefault(kind, {})
            for row_id, version in versions.items():
                sight = now.get(row_id)
                if sight is None or sight[0] != version:
                    if sight is not None:
                        before.setdefault(row_id, []).append(sight)
                    first = call
                else:
                    first = sight[1]
                key = version, first
                new = same.get(key)
                if new is None:
                    new = same[key] = version, first, call
                now[row_id] = new

    def told(self, ids: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
        """For each id, every version that was served, oldest first, by kind of scope."""
        with self._lock:
            return {row_id: self._of(row_id) for row_id in ids}

    def _of(self, row_id: str) -> list[dict[str, Any]]:
        return [
            {
                "kind": kind,
                "version": version,
                "first_at": self._calls[first][0],
                "first_scope": self._calls[first][1],
                "last_at": self._calls[last][0],
                "last_scope": self._calls[last][1],
            }
            for kind, rows in self._now.items()
            if row_id in rows
            for version, first, last in (*self._before[kind].get(row_id, ()), rows[row_id])
        ]
