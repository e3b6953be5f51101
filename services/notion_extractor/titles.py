"""Titles of related pages, a hundred a request, remembered between runs."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog

from services.notion_extractor.answers import nothing
from services.notion_extractor.notion_api import PageSize, Read
from services.notion_extractor.reading import Proof, Queries, pages, walked
from services.notion_extractor.reply import NotFound
from services.notion_extractor.turn import edited_since
from shared.errors import AuthRejected, Rejected, Transient
from shared.landing import iso

log = structlog.get_logger()

TITLE = "title"
"""The id of the title property in every data source."""


class Sources(Queries, Protocol):
    """The API as titles need it."""

    def data_sources(self, given_id: str) -> list[str]: ...
    def schema(self, data_source_id: str) -> Read: ...


@dataclass(slots=True)
class Known:
    """What is known of one related source: the titles that rows refer to, and those that it does not show."""

    started: datetime
    full_at: datetime
    titles: dict[str, str] = field(default_factory=dict)
    absent: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Resolved:
    """Titles for what rows refer to; `reason` says why none could be read."""

    titles: Mapping[str, str]
    missing: int
    reason: str | None = None


class Titles:
    """Reads a related source whole at first, every `full_every`, and when a row refers to a page that is not known;
    else only what was edited since. A source that cannot be read leaves its titles unresolved, and fails nobody else's.
    """

    def __init__(self, *, full_every: timedelta, now: Callable[[], datetime]) -> None:
        self._full_every = full_every
        self._now = now
        self._known: dict[str, Known] = {}

    def resolve(
        self, api: Sources, target: str, wanted: Collection[str], meanwhile: Callable[[], None] = nothing
    ) -> Resolved:
        """The titles of `wanted`, pages of the data source (or database) `target`; `meanwhile` may resolve others.

        Raises `AuthRejected` where the token is refused.
        """
        try:
            sources, asked_at = _sources(api, target)
            if not wanted:
                return Resolved({}, 0)
            # Whichever clock is behind: what was edited while we read must not be older than the next read's beginning.
            started = min(self._now(), asked_at or self._now())
            known = self._read(api, target, sources, set(wanted), started=started, meanwhile=meanwhile)
        except AuthRejected as error:
            if error.status == 401:
                raise
            return self._unresolved(target, wanted, str(error))
        except (Transient, Rejected) as error:
            return self._unresolved(target, wanted, str(error))
        titles = {page: known.titles[page] for page in wanted if page in known.titles}
        return Resolved(titles, len(wanted) - len(titles))

    def remember(self, target: str, state: Mapping[str, Any], titles: Mapping[str, str]) -> None:
        """What a manifest tells, where this process knows nothing yet."""
        if target in self._known:
            return
        self._known[target] = Known(
            started=datetime.fromisoformat(state["started"]),
            full_at=datetime.fromisoformat(state["full_at"]),
            titles=dict(titles),
            absent=set(state.get("absent", ())),
        )

    def state(self, target: str) -> dict[str, Any] | None:
        """What `remember` needs beside the titles."""
        known = self._known.get(target)
        if known is None:
            return None
        return {"started": iso(known.started), "full_at": iso(known.full_at), "absent": sorted(known.absent)}

    def _read(
        self,
        api: Sources,
        target: str,
        sources: list[str],
        wanted: set[str],
        *,
        started: datetime,
        meanwhile: Callable[[], None],
    ) -> Known:
        known = self._known.get(target)
        if known is not None and started - known.full_at < self._full_every:
            known.titles |= _titles(api, sources, wanted | known.titles.keys(), known.started, meanwhile)
            known.started = started
            if known.titles.keys() | known.absent >= wanted:
                return known
        kept = wanted | known.titles.keys() if known else wanted
        titles = _titles(api, sources, kept, None, meanwhile)
        self._known[target] = known = Known(started, started, titles, kept - titles.keys())
        return known

    def _unresolved(self, target: str, wanted: Collection[str], reason: str) -> Resolved:
        log.warning("titles of a related source could not be read", scope=target, reason=reason)
        known = self._known.get(target)
        titles = {page: known.titles[page] for page in wanted if page in known.titles} if known else {}
        return Resolved(titles, len(wanted) - len(titles), reason)


def _sources(api: Sources, target: str) -> tuple[list[str], datetime | None]:
    """The data sources to ask, and what the server's clock said.

    Where the related one is not shared, rows come as if they had no relations: only asking for it tells. A relation of
    an older schema names the database.
    """
    try:
        return [target], api.schema(target).server_time
    except NotFound:
        sources = api.data_sources(target)
        return sources, api.schema(sources[0]).server_time


def _titles(
    api: Sources,
    sources: list[str],
    wanted: Collection[str],
    last_started: datetime | None,
    meanwhile: Callable[[], None],
) -> dict[str, str]:
    since = edited_since(last_started) if last_started else None

    size = PageSize()

    def once(source: str) -> dict[str, str]:
        read = pages(api, source, Proof(), size=size, edited_since=since, only=(TITLE,), meanwhile=meanwhile)
        return {page: title for each in read for page, title in _titled(each.body["results"]) if page in wanted}

    found: dict[str, str] = {}
    for source in sources:
        found |= walked(source, size, lambda _walk, source=source: once(source))  # type: ignore[misc]
    return found


def title_of(row: Mapping[str, Any]) -> str | None:
    """A page's title as plain text; None where it has none."""
    properties = row.get("properties")
    for value in properties.values() if isinstance(properties, dict) else ():
        if isinstance(value, dict) and value.get("type") == TITLE:
            pieces = value.get(TITLE)
            listed = pieces if isinstance(pieces, list) else []
            return "".join(str(piece.get("plain_text", "")) for piece in listed if isinstance(piece, dict))
    return None


def _titled(rows: Collection[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for row in rows:
        title = title_of(row)
        if title is not None:
            yield str(row.get("id")), title
