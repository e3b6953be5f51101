"""Silence as an incident: what a look at freshness and queues shows, once it has held for a while. Pure.

What is seen once is no news: services start, scopes wait for their first read, a fact is still on its way.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.notifier.incidents import WHOLE, Failing, Incident, Signal, Working
from shared.contracts.vocabulary import ALL_SCOPES

DEAD_SUFFIX = ".dlq"
WATCHED = frozenset({"silence", "consumer", "backlog", "message"})
UNATTENDED_HOLD = timedelta(minutes=2)
UNANNOUNCED_HOLD = timedelta(minutes=1)
STALE_HOLD = timedelta(minutes=2)
STALE_HOLD_MOST = timedelta(minutes=15)
FIRST_READ_INTERVALS = 3
GROWS_HOLD = timedelta(minutes=15)
GROWS_FROM = 10


@dataclass(frozen=True, slots=True)
class Scope:
    """A row of bi.freshness."""

    system: str
    name: str
    every: timedelta
    last_read_at: datetime | None
    is_stale: bool


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen at one moment; `queues` maps a name to (messages, consumers)."""

    at: datetime
    scopes: Sequence[Scope] = ()
    queues: Mapping[str, tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Condition:
    """Something wrong that a look shows; news once it has held for `hold`."""

    incident: str
    member: str
    hold: timedelta
    details: Mapping[str, str] = field(default_factory=dict)
    is_explained: bool = False
    """Another incident tells why: it opens none of its own, and ends none that was open before."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Since when conditions hold, and how many messages each queue held at the last look."""

    since: Mapping[tuple[str, str], datetime] = field(default_factory=dict)
    depths: Mapping[str, int] = field(default_factory=dict)


def observe(look: Look, memory: Memory, unfinished: Sequence[Incident]) -> tuple[Memory, tuple[Signal, ...]]:
    """What a look adds to what was known: the memory for the next one, and what to open and close now."""
    depths = {queue: messages for queue, (messages, _) in look.queues.items()}
    fell = {queue for queue, messages in depths.items() if messages < memory.depths.get(queue, messages)}
    open_ones = {incident.key: incident for incident in unfinished if incident.is_open}
    conditions = list(_conditions(look, fell, open_ones))
    news = [c for c in conditions if not c.is_explained]
    since = {(c.incident, c.member): memory.since.get((c.incident, c.member), look.at) for c in news}
    held = [c for c in news if look.at - since[c.incident, c.member] >= c.hold]
    found = (*_opening(held, open_ones, look.at), *_closing(conditions, open_ones, look))
    return Memory(since, depths), found


def _conditions(look: Look, fell: set[str], open_ones: Mapping[str, Incident]) -> Iterator[Condition]:
    for scope in look.scopes:
        if scope.is_stale:
            told = open_ones.get(f"source/{scope.system}")
            # A scope that is known to fail is not silent, and without a credential none can be read.
            known = f"auth/{scope.system}" in open_ones or (told and told.failing.keys() & {scope.name, ALL_SCOPES})
            read = scope.last_read_at.isoformat() if scope.last_read_at else ""
            details = {"last_read_at": read, "every": str(int(scope.every.total_seconds()))}
            yield Condition(f"silence/{scope.system}", scope.name, _patience(scope), details, is_explained=bool(known))
    for queue, (messages, consumers) in look.queues.items():
        details = {"messages": str(messages)}
        if queue.endswith(DEAD_SUFFIX):
            if messages:
                subject = queue.removesuffix(DEAD_SUFFIX)
                yield Condition(f"message/{subject}", WHOLE, UNANNOUNCED_HOLD, details | {"unannounced": "yes"})
            continue
        if not consumers:
            yield Condition(f"consumer/{queue}", WHOLE, UNATTENDED_HOLD, details)
        if messages >= GROWS_FROM and queue not in fell:
            yield Condition(f"backlog/{queue}", WHOLE, GROWS_HOLD, details)


def _patience(scope: Scope) -> timedelta:
    if scope.last_read_at is None:
        return max(STALE_HOLD, FIRST_READ_INTERVALS * scope.every)
    return max(STALE_HOLD, min(scope.every, STALE_HOLD_MOST))


def _opening(held: Iterable[Condition], open_ones: Mapping[str, Incident], at: datetime) -> Iterator[Signal]:
    for condition in held:
        known = open_ones.get(condition.incident)
        announced = known is not None and (known.kind == "message" or condition.member in known.failing)
        if not announced:
            yield Failing(incident=condition.incident, member=condition.member, at=at, details=dict(condition.details))


def _closing(conditions: Iterable[Condition], open_ones: Mapping[str, Incident], look: Look) -> Iterator[Signal]:
    wrong = {(c.incident, c.member) for c in conditions}
    wrong_incidents = {incident for incident, _ in wrong}
    for incident in open_ones.values():
        if incident.kind not in WATCHED:
            continue
        if incident.kind == "message":
            if incident.key not in wrong_incidents and f"{incident.subject}{DEAD_SUFFIX}" in look.queues:
                yield Working(incident=incident.key, member=None, at=look.at)
            continue
        for member in incident.failing:
            if (incident.key, member) not in wrong:
                yield Working(incident=incident.key, member=member, at=look.at)
