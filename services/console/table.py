"""Rows as aligned text."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

OFFICE_TIME = ZoneInfo("America/Sao_Paulo")
"""Also in a container, whose own zone is UTC."""


def aligned(rows: Sequence[Mapping[str, Any]]) -> str:
    """A table with a heading; times in the office's zone, to the second."""
    if not rows:
        return "  (none)"
    names = list(rows[0])
    cells = [names, *([_text(row[name]) for name in names] for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(names))]
    return "\n".join("  " + "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in cells)


def _text(value: Any) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case datetime():
            return f"{value.astimezone(OFFICE_TIME):%Y-%m-%d %H:%M:%S}"
        case timedelta():
            return str(value)
        case _:
            return str(value)
