"""When to speak: the decision about one incident at one moment, with its reason. Pure."""

from collections.abc import Set
from datetime import datetime, timedelta
from enum import StrEnum

from services.notifier.incidents import Incident

UNREPEATED = frozenset({"drift"})
"""Kinds that are news, not a state: said once."""
QUIET_AFTER = {"drift": timedelta(hours=24)}
"""Kinds that nobody reports as over: they end when nothing more is heard for so long."""

EXPLAINS_FOR = timedelta(minutes=10)


class Reason(StrEnum):
    """Why something is said, or why not."""

    FIRST = "first"
    REMINDER = "reminder"
    RECOVERED = "recovered"
    GATHERING = "gathering"
    EXPLAINED = "explained"
    SAID = "said"
    SETTLING = "settling"
    NEVER_SAID = "never said"
    OVER = "over"

    @property
    def speaks(self) -> bool:
        return self in (Reason.FIRST, Reason.REMINDER, Reason.RECOVERED)


def decide(
    incident: Incident,
    *,
    now: datetime,
    explained: Set[str],
    group_wait: timedelta,
    repeat_every: timedelta,
) -> Reason:
    """One alert per incident, a reminder each `repeat_every`, one recovery, and only of what was said.

    `explained`: the keys of the incidents that explain others now (`explains`); what one of them explains waits.
    An incident that was perhaps said (a crash between the send and its record) counts as not said while it is open
    and as said when it is over; one that was perhaps said to be over counts as not said when it goes on: a message
    too many, never silence.
    """
    if incident.closed_at is not None:
        if not incident.maybe_said:
            return Reason.NEVER_SAID
        if incident.recovery_said_at is not None:
            return Reason.OVER
        return Reason.RECOVERED if now - (incident.ended_at or now) >= group_wait else Reason.SETTLING
    if causes(incident.key) & explained:
        return Reason.EXPLAINED
    if incident.said_at is None or incident.said_as == Reason.RECOVERED:
        return Reason.FIRST if now - incident.heard_at >= group_wait else Reason.GATHERING
    if incident.kind in UNREPEATED or now - incident.said_at < repeat_every:
        return Reason.SAID
    return Reason.REMINDER


def explains(incident: Incident, *, now: datetime) -> bool:
    """An open incident explains its consequences, and for a while after: they end by a read that has yet to come."""
    if incident.closed_at is None:
        return True
    was_one = incident.closed_at > incident.opened_at
    return was_one and now - incident.closed_at < EXPLAINS_FOR


def causes(key: str) -> frozenset[str]:
    """The incidents that explain this one while they are open."""
    kind, subject = key.split("/", 1)
    match kind:
        case "expiring" | "source" | "report":
            return frozenset({f"auth/{subject}"})
        case "silence":
            return frozenset(
                {
                    f"auth/{subject}",
                    "warehouse/database",
                    "warehouse/landing",
                    f"consumer/{subject}_extractor.commands",
                    "consumer/transformer.raw_data_ready",
                }
            )
        case "backlog":
            return frozenset({f"consumer/{subject}", "warehouse/database", "warehouse/landing"})
        case _:
            return frozenset()


def quiet(incident: Incident, *, now: datetime) -> bool:
    """An open incident of a kind that ends by itself, of which nothing was heard for long enough."""
    limit = QUIET_AFTER.get(incident.kind)
    return limit is not None and incident.is_open and now - incident.last_event_at >= limit
