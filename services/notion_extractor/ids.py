"""Ids however people give them: bare, with dashes, or in the address of a page."""

import re
from urllib.parse import urlsplit

_HEX = re.compile(r"[0-9a-f]{32}")
# At a segment's end, since a title before it may end in digits of its own.
_TOKEN = re.compile(r"(?<![0-9a-z])(?:[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?=/|$)", re.IGNORECASE)


def source_id(given: str) -> str:
    """The id in `given`, with dashes. In an address the last id that ends a part of the path counts; `?v=` is only a
    view.

    Raises `ValueError` where there is none.
    """
    path = urlsplit(given.strip()).path
    found = _TOKEN.findall(path)
    if not found:
        raise ValueError(f"{given!r} holds no Notion id: give a database's address, or its 32 digits")
    return dashed(found[-1])


def dashed(text: str) -> str:
    """The usual form of an id."""
    bare = text.replace("-", "").lower()
    if not _HEX.fullmatch(bare):
        raise ValueError(f"{text!r} is not a Notion id")
    return f"{bare[:8]}-{bare[8:12]}-{bare[12:16]}-{bare[16:20]}-{bare[20:]}"
