"""The rows of one source on their way into a batch; what is learned on the way goes into its manifest."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.notion_extractor.completing import Completer
from services.notion_extractor.cut import cut_cells
from services.notion_extractor.notion_api import PageSize, Read
from services.notion_extractor.reading import Proof, pages
from services.notion_extractor.spool import Spool
from services.notion_extractor.titles import Sources, Titles

NO_PAGES = ("data_source", "database")
"""What is known to be no page where rows are given; what nobody knows is one until it was read."""


class Superseded(Exception):
    """A newer version of a row came after the older one had gone into the batch: it has to be written anew."""


@dataclass(slots=True)
class Rows:
    """Rows go into the batch as they come, so that writing costs no time between two requests.

    Those with cut cells follow when the walk has ended: to complete them meanwhile would let its cursors expire.
    """

    api: Sources
    scope: str
    related: Mapping[str, str]
    """Mapped relations: property id, and the data source of its titles."""
    titles: Titles
    completer: Completer
    spool: Spool
    size: PageSize
    proof: Proof
    cap: int
    meanwhile: Callable[[], None]
    """Called while rows are waited for."""
    related_titles: dict[str, str] = field(default_factory=dict)
    related_read: dict[str, Any] = field(default_factory=dict)
    unresolved: dict[str, str] = field(default_factory=dict)
    """Related sources that could not be read, and why."""
    unresolved_properties: dict[str, Any] = field(default_factory=dict)
    """Mapped relations whose titles, and with an unshared source also whose entries, lack in this batch; by id."""
    skipped: Counter[str] = field(default_factory=Counter)
    """Results that are no rows, by what they are: a wiki's may be data sources."""
    _wanted: dict[str, set[str]] = field(default_factory=dict)

    def remember_titles(self, last: Mapping[str, Any]) -> None:
        """What the last manifest tells of them."""
        for target, state in (last.get("related_read") or {}).items():
            if state:
                self.titles.remember(target, state, last.get("related") or {})

    def walked(self, since: datetime | None) -> Iterator[tuple[dict[str, Any], datetime]]:
        """Every row of the source (that was edited since), as it is read.

        Raises `Superseded` at the end of a walk that brought a newer version of a row, `WalkAgain` and `Transient` as
        `pages` does.
        """
        read_by_page = pages(
            self.api,
            self.scope,
            self.proof,
            size=self.size,
            edited_since=since,
            cap=self.cap,
            meanwhile=self.meanwhile,
        )
        for read in read_by_page:
            for row in read.body["results"]:
                if (kind := row.get("object")) in NO_PAGES:
                    self.skipped[kind] += 1
                else:
                    yield from self._passed(row, read.read_at)
        if self.spool.superseded:
            raise Superseded
        yield from self._rest(only_later=True)

    def given(self, reads: Iterable[Read]) -> Iterator[tuple[dict[str, Any], datetime]]:
        """Pages that were read one by one."""
        for read in reads:
            yield from self._passed(read.body, read.read_at)
        yield from self._rest(only_later=True)

    def spooled(self) -> Iterator[tuple[dict[str, Any], datetime]]:
        """Every row once more, after `Superseded`."""
        yield from self._rest(only_later=False)

    def _passed(self, row: dict[str, Any], read_at: datetime) -> Iterator[tuple[dict[str, Any], datetime]]:
        if self.spool.add(row, read_at=read_at, later=bool(cut_cells(row))):
            self._note(row)
            yield row, read_at

    def _rest(self, *, only_later: bool) -> Iterator[tuple[dict[str, Any], datetime]]:
        for row, read_at in self.completer.rows(self.spool.rows(only_later=only_later)):
            self.meanwhile()
            self._note(row)
            yield row, read_at
        self.proof |= {
            "page_size": self.size.rows,
            "distinct_ids": self.spool.count,
            "without_id": self.spool.without_id,
            "repeated": self.spool.repeated,
            "skipped": dict(self.skipped),
            "cut": self.completer.told(),
            "titles": {target: self._resolve(target) for target in sorted(set(self.related.values()))},
        }

    def _note(self, row: Mapping[str, Any]) -> None:
        """The pages whose titles are wanted."""
        if not self.related:
            return
        properties = row.get("properties")
        for cell in properties.values() if isinstance(properties, dict) else ():
            if not isinstance(cell, dict) or not isinstance(cell.get("relation"), list):
                continue
            target = self.related.get(str(cell.get("id")))
            if target is not None:
                ids = (item.get("id") for item in cell["relation"] if isinstance(item, dict))
                self._wanted.setdefault(target, set()).update(page for page in ids if isinstance(page, str))

    def _resolve(self, target: str) -> dict[str, int]:
        wanted = self._wanted.pop(target, set())
        resolved = self.titles.resolve(self.api, target, wanted, self.meanwhile)
        self.related_titles |= resolved.titles
        self.related_read[target] = self.titles.state(target)
        if resolved.reason is not None:
            self.unresolved[target] = resolved.reason
            for property_id in (each for each, of in self.related.items() if of == target):
                self.unresolved_properties[property_id] = {"data_source_id": target, "reason": resolved.reason}
        return {"wanted": len(wanted), "missing": resolved.missing}
