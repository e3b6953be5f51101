"""Raw rows and manifests as the landing would give them."""

import json
from collections.abc import Mapping
from typing import Any

from services.transformer.tidy.columns import WRONG, Convert, typed
from services.transformer.tidy.rows import Tidied
from shared.landing import Manifest, RawRow

READ_AT = "2026-11-24T10:00:00.000Z"


def row(content: Any) -> RawRow:
    """As `BatchWriter.add` writes it."""
    return RawRow(READ_AT, content if isinstance(content, str) else json.dumps(content, separators=(",", ":")))


def manifest(**content: Any) -> Manifest:
    return Manifest({"batch_ref": "gestta/2026/11/24/b", "scope": "report:2026-10-01/2026-12-31"} | content)


def fields_of(tidied: Tidied, row_id: str) -> Mapping[str, Any]:
    """The typed values of one row, without those that are absent."""
    return tidied.said(tidied.frame.row_id.tolist().index(row_id))


def said(tidied: Tidied) -> list[Mapping[str, Any]]:
    """The same of every row."""
    return [tidied.said(place) for place in range(len(tidied.frame))]


def one(convert: Convert, value: Any) -> Any:
    """What a converter makes of one value."""
    column = typed([value], convert)
    return WRONG if column.is_wrong[0] else column.rows()[0]
