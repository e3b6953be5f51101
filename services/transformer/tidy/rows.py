"""What tidying gives: rows ready for COPY, and rows that could not be read."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from shared.landing import RawRow

# Postgres keeps neither NUL nor half a surrogate pair in text or jsonb.
_UNSTORABLE = re.compile(
    r"\\u0000"
    r"|\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    r"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}"
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
    `source_updated_at`, `raw` (JSON text), `fields` (JSON text: typed values under the names of the table's columns)
    and `absent` (comma-separated names of fields that this row does not have at all); all but the first are str.
    """

    frame: pd.DataFrame
    rejected: list[RejectedRow]
    drift: set[str] = field(default_factory=set)


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
    for number, row in enumerate(chunk, first_number):
        text = row.text
        if "\\u0000" in text or "\\ud" in text or "\\uD" in text:
            text = _UNSTORABLE.sub(r"\\ufffd", text)
        try:
            value = json.loads(text, parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            parsed.rejected.append(RejectedRow(number, None, "", f"not JSON: {error}", text[:10_000]))
            continue
        if not isinstance(value, dict):
            parsed.rejected.append(RejectedRow(number, None, "", "not a JSON object", text[:10_000]))
            continue
        parsed.objects.append(value)
        parsed.texts.append(text)
        parsed.read_at.append(row.read_at)
        parsed.numbers.append(number)
    return parsed


def _no_constant(word: str) -> None:
    raise ValueError(f"{word} is not JSON, and jsonb refuses it")


def assemble(
    parsed: Parsed,
    ids: "pd.Series[Any]",
    typed: pd.DataFrame,
    absent: pd.DataFrame,
    wrong: dict[str, "pd.Series[Any]"],
    *,
    source_updated_at: "pd.Series[Any] | None" = None,
    drift: set[str],
) -> Tidied:
    """Put ids, typed values and absences together; rows with a wrong field or without an id are set aside.

    `wrong` holds per field a boolean series that is true where the value cannot be what the field is.
    """
    bad = pd.Series("", index=typed.index, dtype=object)
    for name, mask in wrong.items():
        bad = bad.mask(mask & bad.eq(""), name)
    bad = bad.mask(ids.isna() & bad.eq(""), "id")
    frame = pd.DataFrame(
        {
            "row_number": parsed.numbers,
            "row_id": ids,
            "read_at": parsed.read_at,
            "source_updated_at": source_updated_at if source_updated_at is not None else "-infinity",
            "raw": parsed.texts,
            "fields": _json_lines(typed),
            "absent": _names(absent),
        }
    )
    rejected = list(parsed.rejected)
    for index in bad.index[bad.ne("")]:
        name = str(bad[index])
        reason = "has no id" if name == "id" else f"{name} has a value that cannot be read"
        row_id = None if ids.isna()[index] else str(ids[index])
        rejected.append(RejectedRow(parsed.numbers[index], row_id, name, reason, parsed.texts[index][:10_000]))
    return Tidied(frame[bad.eq("")], rejected, drift)


def _json_lines(typed: pd.DataFrame) -> list[str]:
    if typed.empty:
        return []
    text = typed.to_json(orient="records", lines=True, force_ascii=True)
    return str(text).rstrip("\n").split("\n")


def _names(absent: pd.DataFrame) -> list[str]:
    """Per row the names of its absent columns, joined; a batch has few distinct patterns, so each is joined once."""
    if absent.empty:
        return []
    names = np.array(absent.columns)
    patterns, which = np.unique(absent.to_numpy(dtype=bool), axis=0, return_inverse=True)
    joined = [",".join(names[pattern]) for pattern in patterns]
    return [joined[index] for index in which.ravel()]
