"""A micro-run: the pages that webhooks named, read one by one and landed beside the runs, which reconcile them."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from services.notion_extractor import history, source, vanished
from services.notion_extractor.ids import dashed
from services.notion_extractor.notion_api import Read
from services.notion_extractor.source import Landed, Lander
from services.notion_extractor.webhook import Taken
from shared.errors import Rejected, Transient
from shared.extraction.record import Planned
from shared.landing import Landing

log = structlog.get_logger()

MANY = 100
"""More pages than that are read faster by a query."""
TOGETHER = 15
"""So many pages land together: at 150 requests a minute the first of many are there within 10 s."""


class Pages(Protocol):
    """The API as asking for pages needs it."""

    def page(self, page_id: str) -> Read | None: ...


class Notion(Pages, source.Notion, Protocol):
    """The API as a micro-run needs it."""


@dataclass(slots=True)
class Gathered:
    """What became of some pages that were asked for. What is gone, trashed or elsewhere is only in `asked`."""

    asked: list[str] = field(default_factory=list)
    """All that need not be asked for again."""
    by_scope: dict[str, list[Read]] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    """Pages that asking again would not bring, and why."""
    trouble: str | None = None
    """Why the others wait."""

    def pages_of(self, scope: str) -> list[str]:
        """The ids of the pages of a source."""
        return [str(read.body.get("id")) for read in self.by_scope.get(scope, ())]


def looked_through(taken: Taken, scopes: Collection[str]) -> set[str]:
    """Those of `scopes` that a query serves better than page by page: sources that changed, or that hold many pages."""
    if len(taken.pages) <= MANY:
        return taken.changed
    places = {place for of_page in taken.pages.values() for place in of_page}
    return taken.changed | {scope for scope in scopes if None in places or scope in places}


def gather(api: Pages, pages: Sequence[str], scopes: Collection[str]) -> Iterator[Gathered]:
    """Ask for `pages`, some at a time; those of `scopes` alone count. One that is refused keeps no other from being
    read; what is in no `asked` is to be asked for again.

    Raises `AuthRejected` where the token is refused.
    """
    found, refused = Gathered(), 0
    for number, page_id in enumerate(pages):
        try:
            page = api.page(page_id)
        except Rejected as error:
            found.refused[page_id] = str(error)
            refused += 1
            if refused == vanished.PATIENCE:
                found.asked += pages[number:]
                found.refused |= dict.fromkeys(pages[number:], str(error))
                break
        except Transient as error:  # it was asked patiently: the next page would wait as long
            found.trouble = str(error)
            break
        else:
            refused, scope = 0, _scope_of(page)
            if page is not None and scope is not None and scope in scopes:
                found.by_scope.setdefault(scope, []).append(page)
        found.asked.append(page_id)
        if len(found.asked) == TOGETHER:
            yield found
            found = Gathered()
    yield found


def land(
    api: Notion,
    by_scope: Mapping[str, Sequence[Read]],
    *,
    lander: Lander,
    landing: Landing,
    plan: Collection[Planned],
    cut_budget: int,
) -> Iterator[Landed]:
    """Land the pages of sources that were read before, source by source; one's trouble is not the others'."""
    for scope, reads in by_scope.items():
        last = history.last_read(landing, lander.recorder.memory, scope)
        if last is None:
            continue
        try:
            landed = lander.land_pages(api, last, reads, plan=plan, cut_budget=cut_budget)
        except Rejected as error:
            log.warning("pages that a webhook named could not be landed, the next run brings them", reason=str(error))
        else:
            yield landed


def _scope_of(page: Read | None) -> str | None:
    if page is None or page.body.get("in_trash") or page.body.get("is_archived"):
        return None
    parent = page.body.get("parent")
    try:
        return dashed(str(parent.get("data_source_id"))) if isinstance(parent, dict) else None
    except ValueError:
        return None
