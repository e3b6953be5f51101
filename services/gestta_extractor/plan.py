"""What to read in a run: blocks of due dates around today, and the searches beside them. Decisions."""

import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

SEARCH_OPEN = "search:open"
WHOLE_PLAN = timedelta(hours=1)
"""Every block is read at least this often."""
BELIEVED = timedelta(days=1)
"""So long a block counts as too large that once was: limits come and go."""


@dataclass(frozen=True, slots=True, order=True)
class Block:
    """A range of due dates, both ends included."""

    first: date
    last: date

    @property
    def scope(self) -> str:
        return f"report:{self.first}/{self.last}"

    @classmethod
    def of(cls, scope: str) -> "Block | None":
        """The block that a scope names, if it names one."""
        match = re.fullmatch(r"report:(\d{4}-\d\d-\d\d)/(\d{4}-\d\d-\d\d)", scope)
        return cls(date.fromisoformat(match[1]), date.fromisoformat(match[2])) if match else None

    def holds(self, day: date) -> bool:
        return self.first <= day <= self.last

    def halves(self) -> tuple["Block", "Block"] | None:
        """The block in two, or None for a single day."""
        days = (self.last - self.first).days
        if days == 0:
            return None
        middle = self.first + timedelta(days=days // 2)
        return Block(self.first, middle), Block(middle + timedelta(days=1), self.last)


def still_too_large(notes: Mapping[str, str], *, now: datetime) -> set[str]:
    """Of `{scope: when it was learnt}` what is believed: after a day a block is tried whole again."""
    return {scope for scope, learnt in notes.items() if now - datetime.fromisoformat(learnt) < BELIEVED}


def blocks(today: date, *, first_year: int, last_year: int, months: int, too_large: Collection[str]) -> list[Block]:
    """The years from `first_year` to `last_year` (relative to today's) in blocks, halved where known too large."""
    found: list[Block] = []
    month = date(today.year + first_year, 1, 1)
    end = date(today.year + last_year, 12, 31)
    while month <= end:
        following = _add_months(month, months)
        found += _fitting(Block(month, min(following - timedelta(days=1), end)), too_large)
        month = following
    return found


def _fitting(block: Block, too_large: Collection[str]) -> list[Block]:
    halves = block.halves() if block.scope in too_large else None
    return [part for half in halves for part in _fitting(half, too_large)] if halves else [block]


def _add_months(day: date, months: int) -> date:
    index = day.year * 12 + day.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


def covering(block: Block, plan: Collection[Block]) -> list[Block] | None:
    """The blocks of the plan that together read every day of `block`, which is no longer read itself.

    None where a day of it is read no more: what it held is then not missed, a year that leaves the range least of all.
    """
    parts = sorted(part for part in plan if part.first <= block.last and block.first <= part.last)
    day = block.first
    for part in parts:
        if part.first > day:
            return None
        day = max(day, part.last + timedelta(days=1))
    return parts if day > block.last else None


def search_every(pages: int, *, every: timedelta, requests_per_hour: int) -> timedelta:
    """How often the search is made, whose last one took so many pages: each run, unless that were more than half of the
    hour's requests (some 17,000 open tasks at the defaults)."""
    runs = timedelta(hours=1) / every
    return every * max(1, math.ceil(pages * runs / (requests_per_hour / 2)))


@dataclass(frozen=True, slots=True)
class Turn:
    """The blocks of one run, and how often each block of the plan is read."""

    now: tuple[Block, ...]
    every: Mapping[Block, timedelta]


def turn(
    plan: Collection[Block],
    *,
    today: date,
    now: datetime,
    last_read: Mapping[str, datetime],
    last_tried: Mapping[str, datetime],
    every: timedelta,
    whole: bool,
) -> Turn:
    """Blocks that hold today are read in every run; of the others so many, longest untried first, that none waits
    longer than an hour, and every one that was not tried for an hour. `whole` reads them all."""
    present = [block for block in plan if block.holds(today)]
    # What was never read is read beside the others, not in their place: a first run brings everything. Of the others it
    # is the trying that counts: blocks that always fail take nobody's turn.
    unread = sorted(block for block in plan if not block.holds(today) and block.scope not in last_read)
    tried = {block: max(last_read[block.scope], last_tried.get(block.scope, last_read[block.scope]))
             for block in plan if not block.holds(today) and block.scope in last_read}  # fmt: skip
    others = sorted(tried, key=lambda block: (tried[block], block))
    runs = max(1, WHOLE_PLAN // every)
    count = len(unread) + len(others)
    share = math.ceil(count / runs)
    cycle = every * math.ceil(count / max(1, share))
    late = sum(now - moment >= WHOLE_PLAN for moment in tried.values())
    return Turn(
        now=(*present, *unread, *(others if whole else others[: max(share, late)])),
        every={block: every if block.holds(today) else cycle for block in plan},
    )
