"""The order of a load: read, tidy, commit, say."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from services.transformer.merge import other_part
from services.transformer.removals import MASS_REMOVAL, Decision, Removal, decide
from services.transformer.staging import Rules
from services.transformer.tidy.gestta import part_of
from services.transformer.tidy.rows import Tidied
from shared.contracts.envelope import Envelope
from shared.contracts.events import Fact, RawDataReady, SchemaDrifted, SourceFailed, WarehouseLoaded
from shared.errors import Rejected
from shared.landing import Manifest, RawRow

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
        rows: Iterator[RawRow],
        rules: Rules,
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
    rules_version: str
    """Another one whenever the code that tidies is another."""
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
            self.landing.rows(batch.batch_ref, sha256=batch.sha256),
            rules_for(manifest, tidy, version=self.rules_version),
            decide(removals_of(manifest), limit=self.removal_limit),
            started_at=self.now(),
        )
        if outcome.drift:
            yield SchemaDrifted(system=batch.system, scope=batch.scope, reason="unknown values", fields=outcome.drift)
        if outcome.mass:
            scopes = ", ".join(f"{scope}: {count}" for scope, count in sorted(outcome.mass.items()))
            yield SourceFailed(
                system=batch.system,
                scope=MASS_REMOVAL,
                reason=f"{MASS_REMOVAL}: rows wait for `console removals approve | reject` ({scopes})",
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


def rules_for(manifest: Manifest, tidy: Tidy, *, version: str) -> Rules:
    """The batch's rules; the same row becomes the same again while their version and what the manifest says stay."""
    content = manifest.content
    said = [content.get(name) for name in ("data_source_id", "mapping", "related", "task_url")]
    unresolved = sorted(content.get("unresolved") or ())  # without the reasons, which are others each time
    identity = json.dumps([version, said, unresolved], sort_keys=True)
    other = Manifest(content | {"scope": f"{other_part(part_of(manifest.scope))}:"})
    return Rules(
        tidy=lambda rows, first_number: tidy(rows, first_number, manifest),
        tidy_other=lambda rows, first_number: tidy(rows, first_number, other),
        identity=identity,
    )


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
