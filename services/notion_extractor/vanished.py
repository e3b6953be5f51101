"""What no scope shows any more, asked for by id: trashed, archived, moved, gone or unshared."""

import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from services.notion_extractor.ids import dashed
from services.notion_extractor.notion_api import Read
from shared.errors import AuthRejected, Outage, Rejected, Transient
from shared.extraction import watch
from shared.extraction.watch import Answer

PATIENCE = 3
"""So many refusals in a row are not the pages': nobody else is asked for."""


class Pages(Protocol):
    """The API as asking by id needs it."""

    def page(self, page_id: str) -> Read | None: ...
    def read_at(self) -> datetime: ...


@dataclass(slots=True)
class Asked:
    """What was answered, in words for the proof and in the watch list's terms; `trouble` where some had no answer."""

    kinds: dict[str, str] = field(default_factory=dict)
    answers: dict[str, tuple[Answer | Literal["failed"], datetime]] = field(default_factory=dict)
    trouble: str | None = None


def ask(
    api: Pages,
    listed: watch.Watch,
    *,
    read: Collection[str],
    extracted: Collection[str],
    budget: int,
    now: datetime,
    stop: threading.Event,
    meanwhile: Callable[[], None],
) -> Asked:
    """Ask for what is on the list, within `budget` requests; `meanwhile` is called between two of them.

    Only for rows whose scope was `read` in this run: a source that is no longer shared answers for its rows as if they
    were gone. Raises `AuthRejected` where the token is refused.
    """
    asked = Asked()
    due = {row_id: watched for row_id, watched in listed.items() if watched.scope in read}
    whom = watch.to_ask(due, budget=budget, now=now)
    refused = 0
    for row_id in whom:
        if stop.is_set() or refused == PATIENCE:
            return asked
        meanwhile()
        try:
            page = api.page(row_id)
        except AuthRejected as error:
            if error.status != 403:
                raise
            # Asking is forbidden, not this page: nobody else need be asked for to know it.
            rest = [each for each in whom if each not in asked.answers]
            asked.kinds |= dict.fromkeys(rest, "forbidden")
            asked.answers |= dict.fromkeys(rest, ("forbidden", api.read_at()))
            asked.trouble = f"vanished pages cannot be asked for by id, so none is removed: {error.hint}"
            return asked
        except Outage:
            raise
        except Rejected as error:  # this page's own trouble: the others are asked for
            asked.kinds[row_id] = "refused"
            asked.answers[row_id] = (watch.FAILED, api.read_at())
            asked.trouble = asked.trouble or str(error)
            refused += 1
            continue
        except Transient as error:
            asked.trouble = str(error)
            return asked
        refused = 0
        kind = classify(page, listed[row_id].scope, extracted)
        asked.kinds[row_id] = kind
        # Still there and in its place (the index lags), or in another source that is read: no removal.
        found = kind in ("there", "moved to another source that is read")
        asked.answers[row_id] = ("found" if found else "gone", page.read_at if page else api.read_at())
    return asked


def classify(page: Read | None, scope: str, extracted: Collection[str]) -> str:
    """What became of a row that `scope` does not show any more."""
    if page is None:
        return "gone or unshared"
    if page.body.get("in_trash") or page.body.get("archived"):  # so versions before 2026-03-11 call the trash
        return "trashed"
    if page.body.get("is_archived"):
        return "archived"
    parent = page.body.get("parent")
    if not isinstance(parent, dict):
        return "there"
    source = parent.get("data_source_id")
    if source is None:
        # A row of a database, as older versions say it: which of its sources, nobody tells.
        return "there" if parent.get("type") == "database_id" else "moved"
    try:
        place = dashed(str(source))
    except ValueError:
        return "there"
    if place == scope:
        return "there"
    return "moved to another source that is read" if place in extracted else "moved"
