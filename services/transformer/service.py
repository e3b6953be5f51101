"""The order of a load: read, tidy, commit, say."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Protocol

from services.transformer.removals import Decision, Removal, decide
from services.transformer.tidy.rows import Tidied
from shared.contracts.envelope import Envelope
from shared.contracts.events import Fact, RawDataReady, SchemaDrifted, SourceFailed, WarehouseLoaded
from shared.errors import Rejected
from shared.landing import Manifest, RawRow

CHUNK = 5_000
"""Rows held in memory at a time: about 30 MiB of pandas for Gestta's tasks."""

Tidy = Callable[[Sequence[RawRow], int, Manifest], Tidied]


class Batches(Protocol):
    """The landing as the transformer needs it."""

    def manifest(self, batch_ref: str) -> Manifest: ...
    def rows(self, batch_ref: str, *, sha256: str) -> Iterator[RawRow]: ...


class Loads(Protocol):
    """The warehouse as the service needs it."""

    def load(
        self,
        event: Envelope[RawDataReady],
        manifest: Manifest,
        chunks: Iterator[Tidied],
        removals: Decision,
        *,
        started_at: datetime,
    ) -> Any: ...


@dataclass(frozen=True, slots=True)
class LoadRawData:
    """RawDataReady in, WarehouseLoaded out."""

    landing: Batches
    warehouse: Loads
    tidy: Mapping[str, Tidy]
    removal_limit: float
    now: Callable[[], datetime]

    def __call__(self, event: Envelope[RawDataReady]) -> Iterator[Fact]:
        batch = event.data
        tidy = self.tidy.get(batch.system)
        if tidy is None:
            raise Rejected(f"no rules to tidy {batch.system!r}")
        manifest = self.landing.manifest(batch.batch_ref)
        outcome = self.warehouse.load(
            event,
            manifest,
            self._chunks(tidy, batch, manifest),
            decide(removals_of(manifest), limit=self.removal_limit),
            started_at=self.now(),
        )
        if outcome.drift:
            yield SchemaDrifted(system=batch.system, scope=batch.scope, reason="unknown values", fields=outcome.drift)
        if outcome.mass:
            scopes = ", ".join(f"{scope}: {count}" for scope, count in sorted(outcome.mass.items()))
            yield SourceFailed(
                system=batch.system,
                scope="mass_removal",
                reason=f"mass_removal: rows wait for `console removals approve | reject` ({scopes})",
            )
        yield WarehouseLoaded(
            system=batch.system,
            batch_ref=batch.batch_ref,
            scope=batch.scope,
            inserted=outcome.inserted,
            updated=outcome.updated,
            unchanged=outcome.unchanged,
            removed=outcome.removed,
            rejected=outcome.rejected,
        )

    def _chunks(self, tidy: Tidy, batch: RawDataReady, manifest: Manifest) -> Iterator[Tidied]:
        rows = self.landing.rows(batch.batch_ref, sha256=batch.sha256)
        number = 1
        while chunk := list(islice(rows, CHUNK)):
            yield tidy(chunk, number, manifest)
            number += len(chunk)


def removals_of(manifest: Manifest) -> list[Removal]:
    """What the batch's manifest says is gone."""
    return [
        Removal(
            row_id=str(gone["id"]),
            scope=str(gone["scope"]),
            asked_at=datetime.fromisoformat(gone["asked_at"]),
            lacked=int(gone["lacked"]),
            held=int(gone["held"]),
            forbidden=gone.get("answer") == "forbidden",
        )
        for gone in manifest.content.get("removed") or []
    ]
