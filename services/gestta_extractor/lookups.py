"""What vanished, asked for by id: found elsewhere, gone, or generated anew under another id."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Literal, Protocol

import structlog

from services.gestta_extractor import vanished
from services.gestta_extractor.access import Access, Forbidden
from services.gestta_extractor.budget import Spent
from services.gestta_extractor.scopes import Scopes
from services.gestta_extractor.token import Token
from shared.contracts.vocabulary import LOOKUP_SCOPE
from shared.errors import Outage, Rejected, Transient
from shared.extraction import watch
from shared.extraction.news import News
from shared.extraction.watch import Answer, Watched

log = structlog.get_logger()

Task = tuple[dict[str, Any] | None, datetime]
ENOUGH = 3
"""So many refusals or failures in a row are the endpoint's, not the tasks'."""
NONE_MAY = "vanished tasks cannot be asked for by id, so none is removed"
SOME_COULD_NOT = "some vanished tasks could not be asked for by id, they stay"


class Source(Protocol):
    """The API as the lookups need it."""

    def task(self, token: str, task_id: str) -> Task: ...


@dataclass(slots=True)
class Lookups:
    """The last step of a run: its batch carries the watch list, also when nobody was asked for."""

    api: Source
    access: Access
    scopes: Scopes
    news: News
    now: Callable[[], datetime]
    stop: threading.Event

    def ask(self, *, budget: int, since: datetime) -> None:
        """Ask for at most `budget` rows; `since` is when the run began."""
        memory = self.scopes.memory
        shown = {row_id for row_id in memory.watch if row_id in self.scopes.ids}
        memory.watch = watch.recounted(watch.seen(memory.watch, shown), since=since)
        asked = watch.to_ask(memory.watch, budget=budget, now=self.now())
        last = memory.reads.get(LOOKUP_SCOPE)
        is_known = last is not None and self.now() - last.read_at < self.scopes.plan[LOOKUP_SCOPE] * 2
        if not asked and memory.watch == memory.listed and is_known:
            self.news.recovered(LOOKUP_SCOPE)
            return
        answers: dict[str, tuple[Answer | Literal["failed"], datetime]] = {}
        found: list[tuple[dict[str, Any], datetime]] = []
        trouble: Exception | None = None
        in_a_row: list[str] = []
        for row_id in asked:
            if self.stop.is_set():
                return
            try:
                task, at = self.access.call(partial(self._task, row_id))
            except Spent:
                break
            except Outage:
                raise
            except (Transient, Rejected) as error:
                trouble = error
                answers[row_id] = ("forbidden" if isinstance(error, Forbidden) else watch.FAILED, self.now())
                in_a_row.append(row_id)
                if len(in_a_row) < ENOUGH:
                    continue
                if isinstance(error, Forbidden):
                    # The endpoint is forbidden, not these tasks: nobody else need be asked for to know it.
                    answers |= {other: ("forbidden", self.now()) for other in asked if other not in answers}
                break
            in_a_row.clear()
            answers[row_id] = ("found" if task is not None else "gone", at)
            if task is not None:
                found.append((task, at))
        listed, noted = memory.watch, memory.notes
        memory.watch, removed = watch.answered(listed, answers)
        pairs, memory.notes = self._generated_anew(removed, since)
        try:
            self.scopes.land(
                LOOKUP_SCOPE,
                "lookup",
                iter(found),
                {"asked": len(asked), "found": len(found), "watched": len(memory.watch)},
                removed=removed,
                extra={"regenerated": [{"old": old, "new": new} for old, new in pairs]},
            )
        except BaseException:
            # What did not land was not answered: whoever is gone is asked for again, and told then.
            memory.watch, memory.notes = listed, noted
            raise
        if trouble is None:
            self.news.recovered(LOOKUP_SCOPE)
        else:
            none_may = isinstance(trouble, Forbidden) and {answer for answer, _ in answers.values()} == {"forbidden"}
            self.news.failed(LOOKUP_SCOPE, f"{NONE_MAY if none_may else SOME_COULD_NOT}: {trouble}")

    def _task(self, row_id: str, token: Token) -> Task:
        return self.api.task(token.value, row_id)

    def _generated_anew(self, removed: list[Watched], since: datetime) -> tuple[list[tuple[str, str]], dict[str, Any]]:
        """(old id, new id), and the notes: whoever went without a successor is remembered a day."""
        memory, fresh = self.scopes.memory, self.scopes.fresh
        lately = vanished.still_lately(memory.notes.get(vanished.GONE_LATELY) or {}, now=since)
        lately |= {w.row_id: (w.likeness, since.isoformat()) for w in removed if w.likeness}
        old = {w.row_id: w.likeness for w in memory.watch.values() if w.answer in (None, "gone")}
        old |= {row_id: likeness for row_id, (likeness, _) in lately.items()}
        new = {
            row_id: likeness
            for scope, ids in (fresh.items() if old else ())
            for row_id, likeness in self.scopes.described(scope, vanished.likeness_of, set(ids))
        }
        pairs = vanished.regenerated(old, new)
        for where, count in vanished.clients_months(pairs, old).items():
            log.info("a client's month was erased and generated anew", client_month=where, tasks=count)
        successors = dict(pairs)
        gone = {row_id: entry for row_id, entry in lately.items() if row_id not in successors}
        return pairs, memory.notes | {vanished.GONE_LATELY: gone}
