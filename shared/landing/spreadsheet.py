"""A batch as people read it: dotted columns in a CSV that a spreadsheet opens and never runs."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from typing import IO, Any

from shared.landing.batch import RawRow

DEEPEST = 20
Cells = Callable[[Any], Mapping[str, Any]]
"""A raw row's values by the names of their columns."""


def write_csv(file: IO[bytes], rows: Callable[[], Iterator[RawRow]], cells: Cells) -> None:
    """UTF-8 with BOM, `;`. `rows` is read twice, once for the columns, so that memory does not grow with them."""
    columns: dict[str, None] = {}
    for row in rows():
        columns.update(dict.fromkeys(cells(json.loads(row.text))))
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="", errors="replace")
    writer = csv.DictWriter(text, ["read_at", *columns], delimiter=";", restval="")
    writer.writerow({name: cell(name) for name in writer.fieldnames})
    for row in rows():
        values = cells(json.loads(row.text)).items()
        writer.writerow({"read_at": row.read_at} | {name: cell(value) for name, value in values})
    text.flush()
    text.detach()


def flat(row: Any, prefix: str = "", depth: int = 0) -> dict[str, Any]:
    """Nested objects as dotted keys; lists, and what is nested deeper than any API does, stay values."""
    found: dict[str, Any] = {}
    for key, value in row.items():
        if isinstance(value, dict) and value and depth < DEEPEST:
            found |= flat(value, f"{prefix}{key}.", depth + 1)
        else:
            found[f"{prefix}{key}"] = value
    return found


def cell(value: Any) -> str:
    """A CSV cell that a spreadsheet shows and never runs."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    dangerous = isinstance(value, str) and text[:1] in ("=", "+", "-", "@", "\t", "\r")
    return f"'{text}" if dangerous else text
