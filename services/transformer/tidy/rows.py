"""What tidying gives: rows ready for COPY, and rows that could not be read."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import orjson
import pandas as pd
from numpy.typing import NDArray

from services.transformer.tidy.columns import ABSENT, Typed, word
from shared.landing import RawRow

DEEPEST = 500
"""Levels of nesting: neither a parser's stack nor Postgres's is asked for more."""
DIGITS = 4_000
"""Of a number, exponent included: less than jsonb takes."""
BLOCK = 200
"""Rows whose objects live at a time: so few that a processor's cache holds them while their columns are taken."""
NOTHING: Mapping[str, NDArray[np.bool_]] = {}
_TINY = re.compile(r"e-[0-9]{4}")
_LONG = re.compile(r":-?[0-9]{19}")  # the landing writes no blanks
_SUSPECT = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
# Postgres keeps neither NUL nor half a surrogate pair in text or jsonb. Whole pairs and escaped backslashes stay.
_ESCAPES = re.compile(
    r"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|(?P<unstorable>\\u0000|\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that cannot be read: where, why, and as it came."""

    row_number: int
    row_id: str | None
    field: str
    reason: str
    raw: str


@dataclass(frozen=True, slots=True)
class Tidied:
    """A chunk of a batch.

    `frame` has one row per readable source row and the columns `row_number` (int), `row_id`, `read_at`,
    `source_updated_at` and `raw` (JSON text); `fields` are its typed columns, by the names of the table's.
    `drift` holds short words for what nobody here knows of the source; `counts` how often something odd but harmless
    was seen.
    """

    frame: pd.DataFrame
    fields: Mapping[str, Typed]
    rejected: list[RejectedRow]
    drift: set[str] = field(default_factory=set)
    counts: dict[str, int] = field(default_factory=dict)

    def said(self, place: int) -> dict[str, Any]:
        """The typed values of the row in this place of `frame`, without those that it does not have."""
        found = {name: column.at(place) for name, column in self.fields.items()}
        return {name: value for name, value in found.items() if value is not ABSENT}

    def lines(self, names: Iterable[str]) -> list[bytes]:
        """Per row the values of these fields, between tabs as COPY reads them; an absent one is empty as a null is."""
        nothing = [b""] * len(self.frame)
        columns = (self.fields[name].words() if name in self.fields else nothing for name in names)
        return list(map(b"\t".join, zip(*columns, strict=True)))


def line_of(said: Mapping[str, Any], names: Iterable[str]) -> bytes:
    """The line of a row that says this."""
    return b"\t".join(word(said.get(name)) for name in names)


@dataclass(frozen=True, slots=True)
class Parsed:
    """The rows that are JSON objects, beside their text; what is none is already set aside."""

    texts: list[str] = field(default_factory=list)
    read_at: list[str] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    rejected: list[RejectedRow] = field(default_factory=list)


def parse(chunk: Sequence[RawRow], first_number: int, parsed: Parsed) -> Iterator[list[dict[str, Any]]]:
    """The chunk's rows as objects, a block at a time, while `parsed` notes what they were read from.

    Text that Postgres cannot store gets the replacement character.
    """
    for start in range(0, len(chunk), BLOCK):
        objects = []
        for number, row in enumerate(chunk[start : start + BLOCK], first_number + start):
            text = row.text
            try:
                if _SUSPECT.search(text) or not text.isascii():
                    text = _storable(text)
                value = _parsed(text)
            except (ValueError, RecursionError) as error:
                parsed.rejected.append(RejectedRow(number, None, "", str(error), text))
                continue
            objects.append(value)
            parsed.texts.append(text)
            parsed.read_at.append(row.read_at)
            parsed.numbers.append(number)
        yield objects


def _parsed(text: str) -> dict[str, Any]:
    if len(text) > 2 * DEEPEST and text.count("[") + text.count("{") > DEEPEST and _depth(text) > DEEPEST:
        raise ValueError(f"nested deeper than {DEEPEST} levels")
    value = _object(text)
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004
    return value


def _object(text: str) -> Any:
    """What orjson does not read, and numbers so long or so small that it takes them for others, json reads."""
    if len(text) <= DIGITS and "E-" not in text and not _TINY.search(text) and not _LONG.search(text):
        with suppress(orjson.JSONDecodeError):
            return orjson.loads(text)
    try:
        return _DECODER.decode(text)
    except ValueError as error:
        raise ValueError(f"not JSON: {error}") from None


def assemble(
    parsed: Parsed,
    ids: Typed,
    fields: dict[str, Typed],
    *,
    updated: Typed | None = None,
    wrong: Mapping[str, NDArray[np.bool_]] = NOTHING,
    drift: set[str],
    counts: dict[str, int],
) -> Tidied:
    """Put ids and typed values together; rows with a wrong field, without an id or without `updated` are set aside.

    `wrong` marks rows that are wrong in something that becomes no field.
    """
    masks = {name: column.is_wrong for name, column in fields.items()}
    if updated is not None:
        masks["last_edited_time"] = updated.codes < 0
    masks["id"] = ids.codes < 0
    masks |= wrong
    bad = np.logical_or.reduce(list(masks.values()))
    row_ids = ids.rows()
    frame = pd.DataFrame(
        {
            "row_number": np.array(parsed.numbers, dtype=np.int64),
            "row_id": row_ids,
            "read_at": parsed.read_at,
            "source_updated_at": "-infinity" if updated is None else updated.rows(),
            "raw": parsed.texts,
        }
    )
    rejected = list(parsed.rejected)
    for index in np.flatnonzero(bad):
        name = next(name for name, mask in masks.items() if mask[index])
        nothing = name == "id" and not ids.is_wrong[index]
        reason = "has no id" if nothing else f"{name} has a value that cannot be read"
        rejected.append(RejectedRow(parsed.numbers[index], row_ids[index], name, reason, parsed.texts[index]))
    if bad.any():
        frame = frame[~bad]
        fields = {name: replace(column, codes=column.codes[~bad]) for name, column in fields.items()}
    return Tidied(frame, fields, rejected, drift, counts)


def _storable(text: str) -> str:
    if not text.isascii():  # halves of pairs that are not written as escapes
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return _ESCAPES.sub(lambda match: r"\ufffd" if match["unstorable"] else match[0], text)


def _depth(text: str) -> int:
    """The deepest nesting, brackets inside of strings counted as well: too deep rather than too long a walk."""
    depth = deepest = 0
    for bracket in re.findall(r"[\[\]{}]", text):
        depth += 1 if bracket in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _no_constant(word: str) -> None:
    raise ValueError(f"{word} is not JSON, and jsonb refuses it")


def _float(digits: str) -> float:
    exponent = digits.lower().partition("e")[2]
    if len(digits) > DIGITS or (exponent and abs(int(exponent)) > DIGITS):
        raise ValueError(f"{digits[:40]} has more digits than jsonb takes")
    return float(digits)


_DECODER = json.JSONDecoder(parse_constant=_no_constant, parse_float=_float)
