"""What a fact of the road means for which incident. Pure."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from services.notifier.incidents import WHOLE, Failing, Signal, Working
from shared.contracts.envelope import Envelope
from shared.contracts.events import (
    AuthExpiring,
    AuthFailed,
    AuthRecovered,
    Fact,
    MessageParked,
    ReportRefreshed,
    ReportRefreshFailed,
    SchemaDrifted,
    SourceFailed,
    SourceRecovered,
)

MASS_REMOVAL = "mass_removal"
NOTICE = timedelta(minutes=10)
"""A warning that leaves less time than this to act is not given: the failure itself comes in a moment."""


def signals(envelope: Envelope[Fact]) -> tuple[Signal, ...]:
    """What a fact says of incidents. What a replay caused says nothing: it is no news."""
    if envelope.replay:
        return ()
    match envelope.data:
        case AuthFailed() | AuthExpiring() | AuthRecovered() as fact:
            return tuple(_of_credential(fact, envelope.time))
        case SourceFailed() | SourceRecovered() | SchemaDrifted() as fact:
            return tuple(_of_source(fact, envelope.time))
        case ReportRefreshFailed() | ReportRefreshed() | MessageParked() as fact:
            return (_of_work(fact, envelope.time),)
        case _:
            return ()


def _of_credential(fact: AuthFailed | AuthExpiring | AuthRecovered, at: datetime) -> Iterator[Signal]:
    auth, expiring = f"auth/{fact.system}", f"expiring/{fact.system}"
    match fact:
        case AuthFailed(still_working=False):
            details = {"status": str(fact.status), "hint": fact.hint, "evidence": fact.evidence or ""}
            yield Failing(incident=auth, member=WHOLE, at=at, details=details)
            yield Working(incident=expiring, member=None, at=at, quietly=True)
        case AuthRecovered():
            yield Working(incident=auth, member=WHOLE, at=at)
            # Every start says recovered, also with the credential that was warned of: that warning stays.
            ends = fact.expires_at.isoformat() if fact.expires_at else None
            yield Working(incident=expiring, member=None, at=at, spared=ends)
        case AuthExpiring() if fact.expires_at - at >= NOTICE:
            ends = fact.expires_at.isoformat()
            yield Failing(incident=expiring, member=ends, at=at, details={"hint": fact.hint, "expires_at": ends})


def _of_source(fact: SourceFailed | SourceRecovered | SchemaDrifted, at: datetime) -> Iterator[Signal]:
    details = {"reason": fact.reason, "fields": ", ".join(fact.fields)}
    match fact:
        case SchemaDrifted():
            yield Failing(incident=f"drift/{fact.system}", member=fact.scope, at=at, details=details)
        case SourceFailed(system="warehouse"):
            yield Failing(incident=f"warehouse/{fact.scope}", member=WHOLE, at=at, details=details)
        case SourceRecovered(system="warehouse"):
            yield Working(incident=f"warehouse/{fact.scope}", member=WHOLE, at=at)
        case SourceFailed():
            yield Failing(incident=_incident_of(fact), member=fact.scope, at=at, details=details)
        case SourceRecovered():
            yield Working(incident=_incident_of(fact), member=fact.scope, at=at)


def _incident_of(fact: SourceFailed | SourceRecovered) -> str:
    """Removals that wait for a person are told under a scope of their own, and end when none waits any more."""
    return f"{'removals' if fact.scope == MASS_REMOVAL else 'source'}/{fact.system}"


def _of_work(fact: ReportRefreshFailed | ReportRefreshed | MessageParked, at: datetime) -> Signal:
    match fact:
        case ReportRefreshed():
            return Working(incident=f"report/{fact.system}", member=WHOLE, at=at)
        case ReportRefreshFailed():
            details = {"reason": fact.reason, "evidence": fact.evidence or ""}
            return Failing(incident=f"report/{fact.system}", member=WHOLE, at=at, details=details)
        case MessageParked():
            details = {"reason": fact.reason, "event_type": fact.event_type}
            return Failing(incident=f"message/{fact.queue}", member=WHOLE, at=at, details=details)
