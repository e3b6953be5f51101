"""Incidents: how they open, grow and end by signals. Pure.

An incident is one cause that people hear of once: `auth/gestta`, `source/gestta`, `report/powerbi`,
`message/<queue>`, `warehouse/database`, `silence/notion` … What fails under one cause are its members, for example
the scopes of a source. Facts may come late (a retry queue) or twice, so each member keeps when it was last heard to
fail and when to work: the same facts in any order end in the same state.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

WHOLE = "-"
"""The member of an incident that has only one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failing:
    """A member of an incident failed at `at`; `details` are for the message."""

    incident: str
    member: str
    at: datetime
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Working:
    """A member (None: every member but `spared`) works since `at`."""

    incident: str
    member: str | None
    at: datetime
    spared: str | None = None
    quietly: bool = False
    """Its end is no news: something worse took its place."""


Signal = Failing | Working


@dataclass(frozen=True, slots=True)
class Member:
    """The last news of one thing that can fail."""

    failed_at: datetime | None = None
    worked_at: datetime | None = None
    details: Mapping[str, str] = field(default_factory=dict)
    times: int = 0
    """How often it was said to fail while it did."""

    @property
    def failing(self) -> bool:
        return self.failed_at is not None and (self.worked_at is None or self.failed_at > self.worked_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """A row of ops.notifications: what is wrong since when, and what was said of it."""

    key: str
    opened_at: datetime
    heard_at: datetime
    """When the notifier learnt of it, by its own clock: the group wait counts from here."""
    last_event_at: datetime
    closed_at: datetime | None = None
    ended_at: datetime | None = None
    """When the notifier learnt that it is over."""
    members: Mapping[str, Member]
    said_at: datetime | None = None
    said_as: str | None = None
    """What was last about to be said: written before the send, so that a crash in between leaves a trace."""
    recovery_said_at: datetime | None = None
    times_said: int = 0
    message_ts: str | None = None

    @property
    def kind(self) -> str:
        return self.key.split("/", 1)[0]

    @property
    def subject(self) -> str:
        """The system, the queue or the thing that it is about."""
        return self.key.split("/", 1)[1]

    @property
    def is_open(self) -> bool:
        return self.closed_at is None

    @property
    def failing(self) -> dict[str, Member]:
        return {name: member for name, member in sorted(self.members.items()) if member.failing}

    @property
    def maybe_said(self) -> bool:
        return self.said_at is not None or self.said_as is not None


def fold(incident: Incident | None, signal: Signal, *, heard_at: datetime) -> Incident | None:
    """The newest incident of a key after one more signal; None where there still is none.

    A closed incident comes back with another `opened_at` when it is a new one. One whose end was not said yet goes
    on instead: what fails and works in turn within the group wait is one incident.
    """
    match signal:
        case Failing():
            return _failed(incident, signal, heard_at)
        case Working():
            return _worked(incident, signal, heard_at)


def _failed(incident: Incident | None, signal: Failing, heard_at: datetime) -> Incident:
    old = incident.members.get(signal.member, Member()) if incident else Member()
    newest = old.failed_at is None or signal.at >= old.failed_at
    member = replace(
        old,
        failed_at=signal.at if newest else old.failed_at,
        details=dict(signal.details) if newest else old.details,
        times=old.times + 1 if old.failing else 1,
    )
    if incident is None:
        return _opened(signal, heard_at, {signal.member: member})
    members = {**incident.members, signal.member: member}
    if not member.failing:
        return replace(incident, members=members)
    if incident.is_open:
        return replace(incident, members=members, last_event_at=max(incident.last_event_at, signal.at))
    if incident.maybe_said and incident.recovery_said_at is None:
        return replace(incident, members=members, closed_at=None, ended_at=None, last_event_at=signal.at)
    known = {name: Member(worked_at=m.worked_at) for name, m in incident.members.items() if m.worked_at}
    return _opened(signal, heard_at, known | {signal.member: member})


def _opened(signal: Failing, heard_at: datetime, members: Mapping[str, Member]) -> Incident:
    return Incident(
        key=signal.incident, opened_at=signal.at, heard_at=heard_at, last_event_at=signal.at, members=members
    )


def _worked(incident: Incident | None, signal: Working, heard_at: datetime) -> Incident | None:
    if incident is None:
        if signal.member is None:
            return None
        # Remembered although nothing was open: a failure from before may still come, and must open nothing.
        return Incident(
            key=signal.incident,
            opened_at=signal.at,
            heard_at=heard_at,
            last_event_at=signal.at,
            closed_at=signal.at,
            ended_at=heard_at,
            members={signal.member: Member(worked_at=signal.at)},
        )
    names = [signal.member] if signal.member else [name for name in incident.members if name != signal.spared]
    members = dict(incident.members)
    for name in names:
        old = members.get(name, Member())
        members[name] = replace(old, worked_at=max(signal.at, old.worked_at or signal.at))
    if incident.is_open and not any(member.failing for member in members.values()):
        return replace(
            incident,
            members=members,
            closed_at=max(signal.at, incident.opened_at),
            ended_at=heard_at,
            recovery_said_at=heard_at if signal.quietly else None,
        )
    return replace(incident, members=members)
