"""Rows of objects as columns of raw values, and raw columns as typed ones: each distinct value is converted once."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count, repeat
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray


class Nothing:
    """What stands in the place of a value. (An Enum's hash is Python, and these are hashed once per row.)"""


ABSENT: Final = Nothing()
"""The row does not have the key."""
WRONG: Final = Nothing()
"""The value cannot be what the field is: what a converter answers, and what an object or a list is for any."""

Raw = list[Any]
"""One entry per row: ABSENT, None (the source says null), or the value as JSON gave it."""
Convert = Callable[[list[Any]], list[Any]]
"""Distinct values (str, int, float or bool) to as many typed ones: str, bool, float, None or WRONG."""

_NULL, _ABSENT, _WRONG = -1, -2, -3
_NUMBERS = {bool, int, float}


@dataclass(frozen=True, slots=True)
class Typed:
    """A typed column: per row the place of its value in `values`; below zero is null, absent or wrong.

    `kinds` are the types that the raw column had.
    """

    values: list[Any]
    codes: NDArray[np.intp]
    kinds: frozenset[type]

    @property
    def is_null(self) -> NDArray[np.bool_]:
        return np.equal(self.codes, _NULL)

    @property
    def is_wrong(self) -> NDArray[np.bool_]:
        return np.equal(self.codes, _WRONG)

    def rows(self) -> list[Any]:
        """One value per row; None where there is none."""
        return _take([*self.values, None, None, None], self.codes)

    def words(self) -> list[bytes]:
        """One word per row, as Postgres reads the value; empty where there is none."""
        return _take([*map(word, self.values), b"", b"", b""], self.codes)

    def at(self, place: int) -> Any:
        """The value of one row; ABSENT where it does not have the field."""
        code = self.codes[place]
        return self.values[code] if code >= 0 else ABSENT if code == _ABSENT else None

    def then(self, convert: Convert, *, null: Any = None) -> "Typed":
        """The column that follows from this one, value by value; `null` follows from null."""
        known = self if null is None else replace(self, codes=np.where(self.is_null, len(self.values), self.codes))
        return _converted(convert(self.values), [] if null is None else [null], known)


def typed(raw: Raw, convert: Convert) -> Typed:
    """Convert a raw column; objects and lists are wrong."""
    kinds = frozenset(map(type, raw))
    if dict in kinds or list in kinds:
        raw = [WRONG if type(value) in (dict, list) else value for value in raw]
    # As keys of a dict 1, 1.0 and True are one and the same.
    mixed = len(kinds & _NUMBERS) > 1
    keys: list[Any] = list(zip(map(type, raw), raw, strict=True)) if mixed else raw
    specials = {None: _NULL, ABSENT: _ABSENT, WRONG: _WRONG}
    places: defaultdict[Any, int] = defaultdict(count().__next__)  # a new key takes the next place
    places.update({(type(key), key) if mixed else key: code for key, code in specials.items()})
    codes = np.fromiter(map(places.__getitem__, keys), dtype=np.intp, count=len(keys))
    distinct = list(places)[len(specials) :]
    values = [value for _, value in distinct] if mixed else distinct
    return _converted(convert(values), [], Typed(values, codes, kinds))


def _converted(found: list[Any], more: list[Any], former: Typed) -> Typed:
    codes = former.codes
    if None in found or WRONG in found:
        places = [_NULL if value is None else _WRONG if value is WRONG else n for n, value in enumerate(found)]
        codes = np.array([*places, *range(len(found), len(found) + len(more)), _WRONG, _ABSENT, _NULL])[codes]
        found = ["" if value is None or value is WRONG else value for value in found]
    return Typed(found + more, codes, former.kinds)


def _take(values: list[Any], codes: NDArray[np.intp]) -> list[Any]:
    table = np.empty(len(values), dtype=object)
    table[:] = values
    taken: list[Any] = table[codes].tolist()
    return taken


def word(value: Any) -> bytes:
    """A typed value as Postgres reads it; None is empty, which no text is."""
    if isinstance(value, str):
        return value.encode()
    return b"" if value is None else (b"true" if value else b"false") if isinstance(value, bool) else b"%r" % value


class Table:
    """Objects by column. A dotted path also reaches into nested objects, whichever way its parts are written."""

    def __init__(self, objects: Sequence[dict[str, Any]]) -> None:
        self._objects = objects
        self.nested: dict[str, Inner] = {}

    def __len__(self) -> int:
        return len(self._objects)

    @cached_property
    def names(self) -> set[str]:
        """Every key that some object has."""
        return set().union(*self._objects)

    def get(self, key: str) -> Raw:
        """The values under exactly this key."""
        return list(map(dict.get, self._objects, repeat(key), repeat(ABSENT)))

    def column(self, *paths: str) -> Raw:
        """The values under the first of `paths` that a row has: a value goes before a null, a null before nothing.

        A null parent is a null; one that is a bare id, or a list of several, leaves its children absent.
        """
        found: Raw | None = None
        for path in paths:
            for column in self._written(path):
                found = column if found is None else list(map(_better, found, column))
        return [ABSENT] * len(self) if found is None else found

    def _written(self, path: str) -> Iterator[Raw]:
        if path in self.names:
            yield self.get(path)
        dot = path.find(".")
        while dot > 0:
            inner = self.inner(path[:dot])
            if inner is not None:
                if inner.table is not None:
                    yield inner.table.column(path[dot + 1 :])
                yield inner.nulls
            dot = path.find(".", dot + 1)

    def inner(self, key: str) -> "Inner | None":
        """What lies nested under `key`; None where no object has it."""
        if key in self.names and key not in self.nested:
            self.nested[key] = Inner.of(self.get(key))
        return self.nested.get(key)


@dataclass(frozen=True, slots=True)
class Inner:
    """The objects under a key: as a table of their own, where there are any, and where the source says null."""

    table: Table | None
    nulls: Raw
    kinds: frozenset[type]

    @classmethod
    def of(cls, column: Raw) -> "Inner":
        kinds = frozenset(map(type, column))
        if list in kinds:  # a list of one is its one, an empty one is nobody
            column = [_single(value) if type(value) is list else value for value in column]
        nested = dict in kinds or list in kinds
        objects = [value if type(value) is dict else {} for value in column] if nested else []
        nulls = [None if value is None else ABSENT for value in column]
        return cls(Table(objects) if nested else None, nulls, kinds)


def _single(values: list[Any]) -> Any:
    return (values or [None])[0] if len(values) < 2 else ABSENT


def _better(first: Any, second: Any) -> Any:
    return second if first is ABSENT or (first is None and second is not ABSENT) else first
