"""A micro-run: the pages that webhooks named, read one by one and landed beside the runs, which reconcile them."""

from collections.abc import Collection, Iterator, Sequence
from typing import Protocol

import structlog

from services.notion_extractor import history, source
from services.notion_extractor.ids import dashed
from services.notion_extractor.notion_api import Read
from services.notion_extractor.source import Landed, Lander
from shared.extraction.record import Planned
from shared.landing import Landing, Manifest

log = structlog.get_logger()

MANY = 100
"""More pages than that are read faster by a query."""


class Notion(source.Notion, Protocol):
    """The API as a micro-run needs it."""

    def page(self, page_id: str) -> Read | None: ...


def land(
    api: Notion,
    pages: Sequence[str],
    *,
    lander: Lander,
    landing: Landing,
    plan: Collection[Planned],
    cut_budget: int,
) -> Iterator[Landed]:
    """Land those of `pages` that are rows of a source read before, source by source.

    What is gone, trashed, archived or elsewhere is left to the next whole read. Raises what asking raises.
    """
    planned = {each.scope for each in plan}
    found: dict[str, tuple[Manifest, list[Read]]] = {}
    for page_id in pages:
        page = api.page(page_id)
        scope = _scope_of(page)
        if page is None or scope not in planned:
            continue
        if scope not in found:
            last = history.last_read(landing, lander.recorder.memory, scope)
            if last is None:
                continue
            found[scope] = (last, [])
        found[scope][1].append(page)
    for last, reads in found.values():
        yield lander.land_pages(api, last, reads, plan=plan, cut_budget=cut_budget)


def _scope_of(page: Read | None) -> str | None:
    if page is None or page.body.get("in_trash") or page.body.get("is_archived"):
        return None
    parent = page.body.get("parent")
    try:
        return dashed(str(parent.get("data_source_id"))) if isinstance(parent, dict) else None
    except ValueError:
        return None
