"""How a row goes (guarantee 4): missed by a complete read, asked for by id, gone in two runs, then removed. Decisions.

A read's manifest names the rows that it missed, the newest `lookup` manifest carries the list: so it survives the
process.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from shared.landing import iso

Answer = Literal["found", "gone", "forbidden"]
FAILED: Literal["failed"] = "failed"
"""Asked for, without an answer: that says nothing of the row, and its turn is over."""

AGAIN_EVERY = timedelta(days=1)
"""How often a row is asked for again that was found, or that may not be asked for."""


EVERY_SCOPE_READ = timedelta(hours=2)
"""Each scope of a plan is read at least this often; what moved into another one was shown by it since then."""


@dataclass(frozen=True, slots=True)
class Watched:
    """A row that its scope does not show any more."""

    row_id: str
    scope: str
    missed_at: datetime
    lacked: int
    """How many rows the read that missed it lacked of what its scope held."""
    held: int
    group: str = ""
    """What vanished whole together with it (a client's month), so that one of them speaks for all; empty: alone."""
    likeness: str = ""
    """What a row that was generated anew has in common with it."""
    asked_at: datetime | None = None
    answer: Answer | None = None

    def fellows(self, now: datetime) -> tuple[str, str, Answer | None] | None:
        """Rows with the same are asked for by one of them.

        Rows may have left together for different reasons, one erased and one moved to a scope that is not read yet. So
        one speaks for all in the first run; that they are gone each says for itself, unless every scope has been read
        since they were missed.
        """
        if not self.group or (self.answer == "gone" and now - self.missed_at < EVERY_SCOPE_READ):
            return None
        return (self.scope, self.group, self.answer)


Watch = Mapping[str, Watched]
NOTHING: Mapping[str, str] = {}


def missed(
    scope: str,
    lacking: Collection[str],
    *,
    held: int,
    at: datetime,
    groups: Mapping[str, str] = NOTHING,
    likenesses: Mapping[str, str] = NOTHING,
) -> list[Watched]:
    """What a complete read of `scope` misses: it held `held` rows and shows `lacking` no more."""
    return [
        Watched(
            row_id, scope, at, len(lacking), held, (groups or {}).get(row_id, ""), (likenesses or {}).get(row_id, "")
        )
        for row_id in lacking
    ]


def joined(watch: Watch, more: Iterable[Watched]) -> dict[str, Watched]:
    """The list with what was missed since; who is on it already stays as he is."""
    return {watched.row_id: watched for watched in more} | dict(watch)


def seen(watch: Watch, shown: Collection[str]) -> dict[str, Watched]:
    """The list without what some scope has shown since."""
    return {row_id: watched for row_id, watched in watch.items() if row_id not in shown}


def recounted(watch: Watch, *, since: datetime) -> dict[str, Watched]:
    """The list, with each read since then lacking only what no later read of the run has shown."""
    lacked = Counter((w.scope, w.missed_at) for w in watch.values())
    return {
        row_id: replace(w, lacked=lacked[w.scope, w.missed_at]) if w.missed_at >= since else w
        for row_id, w in watch.items()
    }


def to_ask(watch: Watch, *, budget: int, now: datetime) -> list[str]:
    """Whom to ask for in this run: the longest waiting first, one for each group that vanished whole.

    What was found, and what may not be asked for, is asked for again once a day.
    """
    due = [w for w in watch.values() if w.answer in (None, "gone") or _is_due(w, now)]
    due.sort(key=lambda w: (w.answer not in (None, "gone"), w.asked_at or w.missed_at, w.row_id))
    spoken_for: set[tuple[str, str, Answer | None]] = set()
    asked: list[str] = []
    for watched in due:
        fellows = watched.fellows(now)
        if fellows is not None:
            if fellows in spoken_for:
                continue
            spoken_for.add(fellows)
        asked.append(watched.row_id)
    return asked[: max(budget, 0)]


def _is_due(watched: Watched, now: datetime) -> bool:
    return watched.asked_at is None or now - watched.asked_at >= AGAIN_EVERY


def answered(
    watch: Watch, answers: Mapping[str, tuple[Answer | Literal["failed"], datetime]]
) -> tuple[dict[str, Watched], list[Watched]]:
    """The list after a run's answers, and the rows to be told as removed.

    Removed is who was asked for in two runs and was gone in both, and whoever he spoke for. Found rows stay on the
    list, since no scope may read them again; a scope that shows them takes them off; who spoke for a group and was
    found leaves each of it to be asked for by itself. Forbidden is not gone: such a row is told once, with this
    answer, and waits for a person. Who could not be asked for waits behind the others.
    """
    left = dict(watch)
    removed: list[Watched] = []
    for row_id, (answer, asked_at) in answers.items():
        spokesman = left.get(row_id)
        if spokesman is None:
            continue
        key = spokesman.fellows(asked_at)
        fellows = [w for w in left.values() if w.fellows(asked_at) == key] if key else [spokesman]
        match answer:
            case "failed":
                left[row_id] = replace(spokesman, asked_at=asked_at)
            case "found":
                left |= {fellow.row_id: replace(fellow, group="") for fellow in fellows}
                left[row_id] = replace(spokesman, group="", answer=answer, asked_at=asked_at)
            case "gone" | "forbidden":
                after = [replace(fellow, answer=answer, asked_at=asked_at) for fellow in fellows]
                left |= {each.row_id: each for each in after}
                told = [now for was, now in zip(fellows, after, strict=True) if _is_told(was.answer, answer)]
                removed += told
                if answer == "gone":
                    for each in told:
                        del left[each.row_id]
    return left, removed


def _is_told(before: Answer | None, answer: Answer) -> bool:
    return before == "gone" if answer == "gone" else before != answer


def dump(watch: Iterable[Watched]) -> list[dict[str, Any]]:
    """The list as a manifest carries it."""
    return [
        {
            "id": w.row_id,
            "scope": w.scope,
            "missed_at": iso(w.missed_at),
            "lacked": w.lacked,
            "held": w.held,
            "group": w.group,
            "likeness": w.likeness,
            "asked_at": iso(w.asked_at) if w.asked_at else None,
            "answer": w.answer,
        }
        for w in watch
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
            group=str(e["group"]),
            likeness=str(e["likeness"]),
            asked_at=datetime.fromisoformat(e["asked_at"]) if e.get("asked_at") else None,
            answer=e.get("answer"),
        )
        for e in entries
    }


def dump_removed(removed: Iterable[Watched]) -> list[dict[str, Any]]:
    """Removals as a manifest carries them; `answer` is `gone`, or `forbidden` for what a person must decide."""
    return [
        {
            "id": w.row_id,
            "scope": w.scope,
            "asked_at": iso(w.asked_at or w.missed_at),
            "lacked": w.lacked,
            "held": w.held,
            "answer": w.answer,
        }
        for w in removed
    ]
