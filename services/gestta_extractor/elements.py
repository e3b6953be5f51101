"""The elements of a JSON array as its bytes arrive: a report of 100 MB never lies in memory whole.

Not a streaming parser of others: the one that was tried (ijson 3, yajl) dies of nesting that the standard library's
scanner refuses, and fails a whole report for one integer beyond 64 bits.
"""

import codecs
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from shared.errors import Transient

CHUNK = 1 << 18
LONGEST = 1 << 24
"""Characters of one element: more is no row of any source."""
UNDER = "data"
ENDS = tuple(",:]} \t\r\n")

_blank = re.compile(r"[ \t\r\n]*").match
_scan = json.JSONDecoder().raw_decode


class Elements:
    """Iterates the array that a body is, or that an object has under `data`.

    `read(size)` gives the body's next bytes, none at its end. Raises `Transient` for a body that breaks off or is
    anything else, in the middle of the elements too.
    """

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self._read = read
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")(errors="replace")
        self._text = ""
        self._at = 0
        self._ended = False

    def __iter__(self) -> Iterator[Any]:
        match self._next():
            case "[":
                yield from self._array()
            case "{":
                yield from self._object()
            case _:
                raise Transient(f"the report is not JSON: it starts with {self._text[:60]!r}")
        if self._next():
            raise Transient(f"something follows the report: {self._text[self._at : self._at + 60]!r}")

    def _array(self) -> Iterator[Any]:
        self._at += 1
        if self._next() == "]":
            self._at += 1
            return
        while True:
            yield self._value()
            if self._one_of(",]") == "]":
                return

    def _object(self) -> Iterator[Any]:
        found = False
        self._at += 1
        if self._next() == "}":
            raise Transient(f"the report is an object without `{UNDER}`")
        while True:
            key = self._value()
            self._one_of(":")
            if key != UNDER:
                self._value()
            elif self._next() == "[":
                found = True
                yield from self._array()
            else:
                raise Transient(f"the report's `{UNDER}` is no list")
            if self._one_of(",}") == "}":
                break
        if not found:
            raise Transient(f"the report is an object without `{UNDER}`")

    def _value(self) -> Any:
        self._next()
        size = CHUNK
        while True:
            try:
                value, end = _scan(self._text, self._at)
            except json.JSONDecodeError as error:
                # Cut off by the end of what has arrived, or wrong: more of it tells.
                if self._ended or len(self._text) - self._at > LONGEST:
                    raise Transient(f"the report broke off or is not JSON: {error}") from None
            except RecursionError:
                raise Transient("the report is nested too deeply to be one") from None
            except ValueError as error:  # an integer of thousands of digits
                raise Transient(f"the report holds a value that nobody can read: {error}") from None
            else:
                # What looks whole may be the beginning of a number: what ends a value must be there.
                if self._text[end : end + 1] in ENDS or self._ended:
                    self._at = end
                    return value
            self._fill(size)
            size *= 2

    def _one_of(self, wanted: str) -> str:
        found = self._next()
        if not found or found not in wanted:
            raise Transient(f"the report broke off or is not JSON: {found!r} stands where {wanted!r} belongs")
        self._at += 1
        return found

    def _next(self) -> str:
        """The next character that is not blank, left where it is; empty at the end."""
        while True:
            self._at = _blank(self._text, self._at).end()  # type: ignore[union-attr]
            if self._at < len(self._text) or self._ended:
                return self._text[self._at : self._at + 1]
            self._fill(CHUNK)

    def _fill(self, size: int) -> None:
        data = self._read(size)
        self._ended = not data
        self._text = self._text[self._at :] + self._decoder.decode(data, final=self._ended)
        self._at = 0
