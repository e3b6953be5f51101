"""How a row goes (guarantee 4): missed by a complete read, asked for by id, gone in two runs, then removed. Decisions.

The list travels in the manifest of the newest `lookup` batch, so it survives the process.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from shared.landing import iso

Answer = Literal["found", "gone", "forbidden"]

FOUND_AGAIN_EVERY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Watched:
    """A row that its scope does not show any more."""

    row_id: str
    scope: str
    missed_at: datetime
    lacked: int
    """How many rows the read that missed it lacked of what its scope held."""
    held: int
    asked_at: datetime | None = None
    answer: Answer | None = None


Watch = Mapping[str, Watched]


def missed(
    watch: Watch, *, scope: str, held: Collection[str], seen: Collection[str], at: datetime
) -> dict[str, Watched]:
    """The list after a complete read of `scope`: it held `held`, and now shows `seen`."""
    lacking = set(held).difference(seen)
    kept = {row_id: watched for row_id, watched in watch.items() if row_id not in seen}
    for row_id in lacking:
        kept.setdefault(row_id, Watched(row_id, scope, at, len(lacking), len(held)))
    return kept


def seen_elsewhere(watch: Watch, seen: Collection[str]) -> dict[str, Watched]:
    """The list without what another scope has shown since."""
    return {row_id: watched for row_id, watched in watch.items() if row_id not in seen}


def to_ask(watch: Watch, *, budget: int, now: datetime) -> list[str]:
    """Whom to ask for in this run: the longest waiting first; what was found is asked again once a day."""
    due = [w for w in watch.values() if w.answer != "found" or _is_due(w, now)]
    due.sort(key=lambda w: (w.answer == "found", w.asked_at or w.missed_at, w.row_id))
    return [w.row_id for w in due[: max(budget, 0)]]


def _is_due(watched: Watched, now: datetime) -> bool:
    return watched.asked_at is None or now - watched.asked_at >= FOUND_AGAIN_EVERY


def answered(watch: Watch, answers: Mapping[str, tuple[Answer, datetime]]) -> tuple[dict[str, Watched], list[Watched]]:
    """The list after a run's answers, and the rows that are gone: asked in two runs, gone in both.

    Found rows stay on the list, since no scope may read them again; a scope that shows them takes them off.
    Forbidden is not gone: such a row waits for a person.
    """
    left = dict(watch)
    removed = []
    for row_id, (answer, asked_at) in answers.items():
        before = left[row_id]
        after = replace(before, answer=answer, asked_at=asked_at)
        if answer == "gone" and before.answer == "gone":
            removed.append(after)
            del left[row_id]
        else:
            left[row_id] = after
    return left, removed


def dump(watch: Watch) -> list[dict[str, Any]]:
    """The list as a manifest carries it."""
    return [
        {
            "id": w.row_id,
            "scope": w.scope,
            "missed_at": iso(w.missed_at),
            "lacked": w.lacked,
            "held": w.held,
            "asked_at": iso(w.asked_at) if w.asked_at else None,
            "answer": w.answer,
        }
        for w in watch.values()
    ]


def load(entries: Iterable[Mapping[str, Any]]) -> dict[str, Watched]:
    """The list out of a manifest."""
    return {
        str(e["id"]): Watched(
            row_id=str(e["id"]),
            scope=str(e["scope"]),
            missed_at=datetime.fromisoformat(e["missed_at"]),
            lacked=int(e["lacked"]),
            held=int(e["held"]),
            asked_at=datetime.fromisoformat(e["asked_at"]) if e.get("asked_at") else None,
            answer=e.get("answer"),
        )
        for e in entries
    }


def dump_removed(removed: Iterable[Watched]) -> list[dict[str, Any]]:
    """Removals as a manifest carries them."""
    return [
        {
            "id": w.row_id,
            "scope": w.scope,
            "asked_at": iso(w.asked_at or w.missed_at),
            "lacked": w.lacked,
            "held": w.held,
        }
        for w in removed
    ]
