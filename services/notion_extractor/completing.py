"""Cut cells completed through the property-item endpoint, within a budget of requests."""

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import structlog

from services.notion_extractor.answers import Answers, nothing
from services.notion_extractor.cut import CutCell, completed, cut_cells, still_cut
from services.notion_extractor.notion_api import Read
from services.notion_extractor.walker import WALKERS
from shared.errors import AuthRejected, Rejected, Transient

log = structlog.get_logger()

REASONS = 20
"""So many different reasons are told."""
Row = tuple[dict[str, Any], datetime]
"""And when it was read."""


class _StaysCut(Exception):
    """This cell is not completed."""


class Items(Protocol):
    """The API as a completion needs it."""

    def property_items(self, page_id: str, property_id: str, cursor: str | None) -> Read: ...


@dataclass(slots=True)
class Completer:
    """Completes the rows of one read. A cell that cannot be completed stays cut, says so and fails nothing."""

    api: Items
    budget: int
    """Requests left."""
    meanwhile: Callable[[], None] = nothing
    """Called while rows are waited for."""
    requests: int = 0
    found: int = 0
    done: list[list[str]] = field(default_factory=list)
    """Page id and property id of each completed cell."""
    left: int = 0
    reasons: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def rows(self, given: Iterable[Row]) -> Iterator[Row]:
        """Each row with its cut cells completed, or marked; several at once, as they come."""
        answers = Answers[Row, dict[str, Any]](lambda asked: self._row(asked[0]), self.meanwhile)

        def next_one() -> Row:
            (_, read_at), row = answers.next()
            return row, read_at

        for row, read_at in given:
            if not cut_cells(row):
                yield row, read_at
                continue
            if answers.awaited == WALKERS:
                yield next_one()
            answers.ask((row, read_at))
        while answers.awaited:
            yield next_one()

    def _row(self, row: dict[str, Any]) -> dict[str, Any]:
        properties = dict(row["properties"])
        for cell in cut_cells(row):
            try:
                items = self._items(str(row.get("id")), cell)
            except _StaysCut as why:
                self._left_cut(str(why))
                properties[cell.name] = still_cut(properties[cell.name])
            else:
                with self._lock:
                    self.found += 1
                    self.done.append([str(row.get("id")), cell.property_id])
                properties[cell.name] = completed(properties[cell.name], items)
        return {**row, "properties": properties}

    def told(self) -> dict[str, Any]:
        """What the proof says of it."""
        return {
            "found": self.found,
            "completed": len(self.done),
            "left_cut": self.left,
            "requests": self.requests,
            "cells": self.done,
            "reasons": self.reasons,
        }

    def _items(self, page_id: str, cell: CutCell) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = []
        cursor: str | None = None
        cursors: set[str] = set()
        while self._may_ask():
            body = self._ask(page_id, cell, cursor)
            results = body.get("results")
            if not isinstance(results, list) or not all(isinstance(item, dict) for item in results):
                raise _StaysCut(f"{cell.type} came without a list of entries")
            items += results
            if not body.get("has_more"):
                if cell.type == "rollup" and _result_of(body) != "array":
                    raise _StaysCut("the endpoint does not compute this rollup")
                return items
            cursor = body.get("next_cursor")
            if not isinstance(cursor, str) or cursor in cursors:
                raise _StaysCut("its entries do not end: has_more without a new cursor")
            cursors.add(cursor)
        raise _StaysCut("the run's budget of requests is spent")

    def _may_ask(self) -> bool:
        with self._lock:
            if self.budget <= 0:
                return False
            self.budget -= 1
            self.requests += 1
            return True

    def _ask(self, page_id: str, cell: CutCell, cursor: str | None) -> dict[str, Any]:
        try:
            return self.api.property_items(page_id, cell.property_id, cursor).body
        except Transient as error:
            with self._lock:
                self.budget = 0  # each question was asked patiently already: the next would wait as long
            raise _StaysCut(str(error)) from None
        except Rejected as error:
            raise _StaysCut(str(error)) from None
        except AuthRejected as error:
            if error.status == 401:
                raise
            raise _StaysCut(str(error)) from None

    def _left_cut(self, reason: str) -> None:
        with self._lock:
            self.found += 1
            self.left += 1
            if reason[:200] not in self.reasons and len(self.reasons) < REASONS:
                log.info("a cut cell stays cut", reason=reason)
                self.reasons.append(reason[:200])


def _result_of(body: dict[str, Any]) -> object:
    """What a rollup comes to on its last page; what is `unsupported` there lists the pages it is made of instead."""
    whole = body.get("property_item")
    rollup = whole.get("rollup") if isinstance(whole, dict) else None
    return rollup.get("type") if isinstance(rollup, dict) else None
