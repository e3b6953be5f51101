"""The envelope of a fact: CloudEvents 1.0 with our extension attributes, and how one fact follows from another."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID, uuid5

from shared.contracts.events import Fact

TYPE_PREFIX = "operacional."
CONTENT_TYPE = "application/cloudevents+json"
_IDS = UUID("6f1d0c9e-2a54-5b7c-9d3e-0a1b2c3d4e5f")

F = TypeVar("F", bound=Fact)
F_co = TypeVar("F_co", bound=Fact, covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope(Generic[F_co]):
    """A fact with its identity, its story and, where a replay caused it, what the person ordered."""

    id: str
    source: str
    time: datetime
    data: F_co
    correlationid: str
    causationid: str | None = None
    replay: str | None = None
    force: bool = False
    refresh: bool = False
    acceptrejects: bool = False

    @property
    def type(self) -> str:
        return TYPE_PREFIX + self.data.TYPE

    @property
    def routing_key(self) -> str:
        return f"{self.data.TYPE}.{self.data.system}"


def batch_event_id(batch_ref: str) -> str:
    """A batch is announced by one id, however often it is announced."""
    return str(uuid5(_IDS, batch_ref))


def consequence(
    cause: Envelope[Fact], fact: F, *, source: str, time: datetime, occasion: str | None = None
) -> Envelope[F]:
    """What follows from `cause`: derived id, same correlation, and the replay's orders inherited.

    `occasion` tells apart what follows from one cause several times; without it the same fact keeps its id.
    """
    name = f"{cause.id}/{fact.TYPE}" + (f"/{occasion}" if occasion else "")
    return Envelope(
        id=str(uuid5(_IDS, name)),
        source=source,
        time=time,
        data=fact,
        correlationid=cause.correlationid,
        causationid=cause.id,
        replay=cause.replay,
        force=cause.force,
        refresh=cause.refresh,
        acceptrejects=cause.acceptrejects,
    )


def first(fact: F, *, source: str, time: datetime, event_id: str) -> Envelope[F]:
    """A fact that nothing on the road caused: it starts a story of its own."""
    return Envelope(id=event_id, source=source, time=time, data=fact, correlationid=event_id)


def replayed(
    original: Envelope[F],
    *,
    event_id: str,
    replay: str,
    force: bool = False,
    refresh: bool = False,
    acceptrejects: bool = False,
) -> Envelope[F]:
    """`original` said again on purpose: a new id, so that the inbox lets it through, and the original as its cause."""
    return replace(
        original,
        id=event_id,
        causationid=original.id,
        replay=replay,
        force=force,
        refresh=refresh,
        acceptrejects=acceptrejects,
    )
