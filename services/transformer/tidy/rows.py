"""What tidying gives: rows ready for COPY, and rows that could not be read."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from services.transformer.tidy.columns import Typed
from shared.landing import RawRow

DEEPEST = 500
"""Levels of nesting: neither a parser's stack nor Postgres's is asked for more."""
DIGITS = 4_000
"""Of a number, exponent included: less than jsonb takes."""
_READABLE = 10_000
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
    `source_updated_at`, `raw` (JSON text), `fields` (JSON text: typed values under the names of the table's columns,
    without those that the row does not have) and `absent` (empty: see `fields`); all but the first are str.
    `drift` holds short words for what nobody here knows of the source; `counts` how often something odd but harmless
    was seen.
    """

    frame: pd.DataFrame
    rejected: list[RejectedRow]
    drift: set[str] = field(default_factory=set)
    counts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Parsed:
    """Rows as objects beside their text; what is no JSON object is already set aside."""

    objects: list[dict[str, Any]]
    texts: list[str]
    read_at: list[str]
    numbers: list[int]
    rejected: list[RejectedRow]


def parse(chunk: Sequence[RawRow], first_number: int) -> Parsed:
    """The chunk's rows as objects; text that Postgres cannot store gets the replacement character."""
    parsed = Parsed([], [], [], [], [])
    decode = _DECODER.decode
    for number, row in enumerate(chunk, first_number):
        text = row.text
        try:
            if "\\u0000" in text or "\\ud" in text or "\\uD" in text or not text.isascii():
                text = _storable(text)
            if len(text) > 2 * DEEPEST and text.count("[") + text.count("{") > DEEPEST and _depth(text) > DEEPEST:
                raise ValueError(f"nested deeper than {DEEPEST} levels")  # noqa: TRY301
            value = decode(text)
        except (ValueError, RecursionError) as error:
            parsed.rejected.append(RejectedRow(number, None, "", f"not JSON: {error}", text[:_READABLE]))
            continue
        if not isinstance(value, dict):
            parsed.rejected.append(RejectedRow(number, None, "", "not a JSON object", text[:_READABLE]))
            continue
        parsed.objects.append(value)
        parsed.texts.append(text)
        parsed.read_at.append(row.read_at)
        parsed.numbers.append(number)
    return parsed


def assemble(
    parsed: Parsed,
    ids: Typed,
    fields: dict[str, Typed],
    *,
    updated: Typed | None = None,
    drift: set[str],
    counts: dict[str, int],
) -> Tidied:
    """Put ids and typed values together; rows with a wrong field, without an id or without `updated` are set aside."""
    masks = {name: column.is_wrong for name, column in fields.items()}
    if updated is not None:
        masks["last_edited_time"] = updated.codes < 0
    masks["id"] = ids.codes < 0
    bad = np.logical_or.reduce(list(masks.values()))
    row_ids = ids.rows()
    lines = ["{" + line[1:] + "}" for line in map("".join, zip(*(c.json(n) for n, c in fields.items()), strict=True))]
    frame = pd.DataFrame(
        {
            "row_number": np.array(parsed.numbers, dtype=np.int64),
            "row_id": row_ids,
            "read_at": parsed.read_at,
            "source_updated_at": "-infinity" if updated is None else updated.rows(),
            "raw": parsed.texts,
            "fields": lines,
            "absent": "",
        }
    )
    rejected = list(parsed.rejected)
    for index in np.flatnonzero(bad):
        name = next(name for name, mask in masks.items() if mask[index])
        nothing = name == "id" and not ids.is_wrong[index]
        reason = "has no id" if nothing else f"{name} has a value that cannot be read"
        text = parsed.texts[index][:_READABLE]
        rejected.append(RejectedRow(parsed.numbers[index], row_ids[index], name, reason, text))
    return Tidied(frame[~bad] if bad.any() else frame, rejected, drift, counts)


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
