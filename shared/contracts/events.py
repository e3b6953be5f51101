"""The facts of the house, one frozen class each (design, section 4).

A new version of a fact is a new class beside the old one, until nobody reads the old one any more.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Protocol

from shared.contracts.vocabulary import ALL_SCOPES, BatchKind, System


class Fact(Protocol):
    """Anything that can be said on the road."""

    TYPE: ClassVar[str]

    @property
    def system(self) -> System: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RawDataReady:
    """A batch lies complete in the landing."""

    TYPE: ClassVar[str] = "raw_data.ready.v1"
    system: System
    batch_ref: str
    sha256: str
    records: int
    removed: int
    scope: str
    kind: BatchKind
    read_from: datetime
    read_to: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WarehouseLoaded:
    """A batch's rows are committed; the counts are rows."""

    TYPE: ClassVar[str] = "warehouse.loaded.v1"
    system: System
    batch_ref: str
    scope: str
    inserted: int
    updated: int
    unchanged: int
    removed: int
    rejected: int

    @property
    def changed(self) -> int:
        """Rows of the panel that are not what they were."""
        return self.inserted + self.updated + self.removed


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRefreshed:
    """The BI panel shows the loads that it covers (their event ids)."""

    TYPE: ClassVar[str] = "report.refreshed.v1"
    system: System = "powerbi"
    started_at: datetime
    took_seconds: float
    covers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRefreshFailed:
    """A refresh was tried and did not succeed; the loads still wait for one."""

    TYPE: ClassVar[str] = "report.refresh_failed.v1"
    system: System = "powerbi"
    started_at: datetime
    took_seconds: float
    covers: tuple[str, ...]
    reason: str
    evidence: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthFailed:
    """A credential was refused. `still_working`: a supplied one was bad, the old one goes on."""

    TYPE: ClassVar[str] = "auth.failed.v1"
    system: System
    status: int
    hint: str
    expires_at: datetime | None = None
    still_working: bool = False
    evidence: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthExpiring:
    """A credential ends soon and nobody renews it automatically."""

    TYPE: ClassVar[str] = "auth.expiring.v1"
    system: System
    hint: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthRecovered:
    """A credential works (again)."""

    TYPE: ClassVar[str] = "auth.recovered.v1"
    system: System
    hint: str = ""
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFailed:
    """A scope could not be read, or what it said is not to be trusted."""

    TYPE: ClassVar[str] = "source.failed.v1"
    system: System
    scope: str
    reason: str
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRecovered:
    """A scope is read whole (again)."""

    TYPE: ClassVar[str] = "source.recovered.v1"
    system: System
    scope: str
    reason: str = ""
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaDrifted:
    """A source speaks differently than before; `fields` says where."""

    TYPE: ClassVar[str] = "source.schema_drifted.v1"
    system: System
    scope: str
    reason: str
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageParked:
    """A message lies in `<queue>.dlq` and waits for a person."""

    TYPE: ClassVar[str] = "message.parked.v1"
    system: System
    queue: str
    event_id: str
    event_type: str
    reason: str
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenSupplied:
    """A token lies in TOKENS_DIR as `<system>.token.supplied`; the fact never carries it."""

    TYPE: ClassVar[str] = "token.supplied.v1"
    system: System
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunNow:
    """A person wants a scope (or all) read now."""

    TYPE: ClassVar[str] = "command.run_now.v1"
    system: System
    by: str
    scope: str = ALL_SCOPES


FACTS: tuple[type[Fact], ...] = (
    RawDataReady,
    WarehouseLoaded,
    ReportRefreshed,
    ReportRefreshFailed,
    AuthFailed,
    AuthExpiring,
    AuthRecovered,
    SourceFailed,
    SourceRecovered,
    SchemaDrifted,
    MessageParked,
    TokenSupplied,
    RunNow,
)
BY_TYPE: dict[str, type[Fact]] = {fact.TYPE: fact for fact in FACTS}
