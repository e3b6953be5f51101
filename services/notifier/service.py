"""What the notifier does: hear facts, look around, and speak."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Protocol

import structlog

from services.notifier import policy
from services.notifier.incidents import WHOLE, Failing, Incident, Signal, Working, fold
from services.notifier.message import MaybeSent, Message, compose
from services.notifier.policy import Reason, decide
from services.notifier.signals import signals
from services.notifier.watch import Look, Memory, Scope, observe
from shared.contracts.envelope import Envelope
from shared.contracts.events import Fact
from shared.errors import AuthRejected, Outage, Transient
from shared.health import Health
from shared.log import clean

log = structlog.get_logger()

DATABASE, BROKER = "warehouse/database", "broker/rabbitmq"
AWAY = timedelta(minutes=2)
"""How long the database or the broker is away before people hear of it."""
RETRY_AFTER = timedelta(seconds=2)
REFUSED_RETRY = timedelta(seconds=60)


class Channel(Protocol):
    """Where people are told."""

    def post(self, message: Message) -> str:
        """The message's id. Raises `Transient`, `MaybeSent` or `AuthRejected`."""


class Incidents(Protocol):
    """The incidents as they are known and said; `Outage` where the database is away."""

    def hear(self, signals: Iterable[Signal], *, now: datetime, event_id: str | None = None) -> None: ...
    def unfinished(self, *, now: datetime) -> list[Incident]: ...
    def about_to_say(self, incident: Incident, reason: Reason) -> None: ...
    def not_said(self, incident: Incident) -> None: ...
    def said(self, incident: Incident, reason: Reason, *, now: datetime, ts: str) -> None: ...
    def freshness(self) -> list[Scope]: ...
    def answers(self) -> None: ...


class Sent(Enum):
    """How a send ended."""

    YES = auto()
    NO = auto()
    MAYBE = auto()


@dataclass(slots=True)
class Voice:
    """Speaks in the channel, and holds its tongue after a failure for as long as it was asked to."""

    channel: Channel
    health: Health
    _silent_until: datetime | None = None
    _told: str | None = None

    def ready(self, now: datetime) -> bool:
        return self._silent_until is None or now >= self._silent_until

    def say(self, message: Message, *, now: datetime) -> tuple[Sent, str]:
        """Post `message`; the second value is Slack's id of it, where it was sent."""
        try:
            ts = self.channel.post(message)
        except AuthRejected as error:
            return self._failed(Sent.NO, error, now + REFUSED_RETRY), ""
        except MaybeSent as error:
            return self._failed(Sent.MAYBE, error, now + RETRY_AFTER), ""
        except Transient as error:
            pause = timedelta(seconds=error.retry_after) if error.retry_after is not None else RETRY_AFTER
            return self._failed(Sent.NO, error, now + pause), ""
        self._silent_until = self._told = None
        self.health.well("slack")
        return Sent.YES, ts

    def _failed(self, outcome: Sent, error: Transient | AuthRejected, until: datetime) -> Sent:
        self._silent_until = until
        self.health.wrong("slack", str(error))
        if str(error) != self._told:
            tell = log.error if isinstance(error, AuthRejected) else log.warning
            tell("Slack did not take a message, it is tried again", reason=str(error))
        self._told = str(error)
        return outcome


@dataclass(slots=True)
class Vigil:
    """A memory of its own for the two things without which nothing can be stored or heard."""

    checks: Mapping[str, Callable[[], str | None]]
    """By incident: why it is away, or None while it answers."""
    voice: Voice
    repeat_every: timedelta
    away: timedelta = AWAY
    back_at: datetime | None = None
    """When the database was last found again after it had been away."""
    _known: dict[str, Incident] = field(default_factory=dict)

    def look(self, now: datetime) -> None:
        """See what answers, and say what has been away for long, or is back."""
        for key, check in self.checks.items():
            reason = check()
            known = self._known.get(key)
            if reason is None and known is None:
                continue
            if reason is None:
                signal: Signal = Working(incident=key, member=None, at=now)
                if key == DATABASE:
                    self.back_at = now
            else:
                signal = Failing(incident=key, member=WHOLE, at=now, details={"reason": clean(reason)})
            incident = fold(known, signal, heard_at=now)
            if incident is not None:
                self._speak(incident, now)

    def _speak(self, incident: Incident, now: datetime) -> None:
        wait = self.away if incident.is_open else timedelta(0)
        reason = decide(incident, now=now, explained=frozenset(), group_wait=wait, repeat_every=self.repeat_every)
        self._known[incident.key] = incident
        if reason.speaks and self.voice.ready(now):
            outcome, ts = self.voice.say(compose(incident, reason, now=now), now=now)
            if outcome is not Sent.YES:
                return
            _tell(incident, reason, ts)
            self._known[incident.key] = incident = _as_said(incident, reason, now)
        if not incident.is_open and (reason is Reason.NEVER_SAID or incident.recovery_said_at is not None):
            del self._known[incident.key]


@dataclass(frozen=True, slots=True)
class Hear:
    """The handler of every fact: it moves incidents, and says nothing itself."""

    incidents: Incidents
    vigil: Vigil
    now: Callable[[], datetime]

    def __call__(self, envelope: Envelope[Fact]) -> None:
        heard = [_without_secrets(signal) for signal in signals(envelope) if not self._told_already(signal)]
        if heard:
            self.incidents.hear(heard, now=self.now(), event_id=envelope.id)

    def _told_already(self, signal: Signal) -> bool:
        """A failure of the database that can be stored only now that it is back."""
        back = self.vigil.back_at
        return isinstance(signal, Failing) and signal.incident == DATABASE and back is not None and signal.at <= back


@dataclass(slots=True)
class Speak:
    """The beat that decides, sends, and records after the send."""

    incidents: Incidents
    voice: Voice
    now: Callable[[], datetime]
    group_wait: timedelta
    repeat_every: timedelta

    def __call__(self) -> None:
        now = self.now()
        try:
            self._speak(now)
        except Outage:
            return  # the vigil knows, and says so

    def _speak(self, now: datetime) -> None:
        unfinished = self.incidents.unfinished(now=now)
        ended = [
            Working(incident=incident.key, member=None, at=now)
            for incident in unfinished
            if policy.quiet(incident, now=now)
        ]
        if ended:
            self.incidents.hear(ended, now=now)
        explained = frozenset(incident.key for incident in unfinished if policy.explains(incident, now=now))
        for incident in unfinished:
            reason = decide(
                incident, now=now, explained=explained, group_wait=self.group_wait, repeat_every=self.repeat_every
            )
            if reason.speaks and (not self.voice.ready(now) or not self._say(incident, reason, now)):
                return

    def _say(self, incident: Incident, reason: Reason, now: datetime) -> bool:
        self.incidents.about_to_say(incident, reason)
        outcome, ts = self.voice.say(compose(incident, reason, now=now), now=now)
        match outcome:
            case Sent.YES:
                _tell(incident, reason, ts)
                self.incidents.said(incident, reason, now=now, ts=ts)
            case Sent.NO:
                self.incidents.not_said(incident)
        return outcome is Sent.YES


@dataclass(slots=True)
class LookAround:
    """The beat that notices silence: stale scopes, queues without a consumer, dead letters nobody announced."""

    incidents: Incidents
    depths: Callable[[], Mapping[str, tuple[int, int]]]
    now: Callable[[], datetime]
    _memory: Memory = field(default_factory=Memory)

    def __call__(self) -> None:
        # Before the looks: what fails while they are taken is newer than they are.
        now = self.now()
        try:
            look = Look(now, self.incidents.freshness(), self.depths())
            self._memory, found = observe(look, self._memory, self.incidents.unfinished(now=now))
            if found:
                self.incidents.hear(found, now=now)
        except Outage:
            return


@dataclass(slots=True)
class Heartbeat:
    """Calls the watchman outside while all is well, so that the notifier's own death is seen."""

    health: Health
    call: Callable[[], None]

    def __call__(self) -> None:
        if not self.health.report()["ok"]:
            return
        try:
            self.call()
        except Transient as error:
            log.warning("the watchman behind HEARTBEAT_URL does not answer", reason=str(error))


def _as_said(incident: Incident, reason: Reason, now: datetime) -> Incident:
    if reason is Reason.RECOVERED:
        return replace(incident, recovery_said_at=now)
    return replace(incident, said_at=now, times_said=incident.times_said + 1)


def _without_secrets(signal: Signal) -> Signal:
    if isinstance(signal, Working):
        return signal
    return replace(signal, details={name: clean(value) for name, value in signal.details.items()})


def _tell(incident: Incident, reason: Reason, ts: str) -> None:
    log.info("told people", incident=incident.key, reason=reason.value, times=incident.times_said + 1, ts=ts)
