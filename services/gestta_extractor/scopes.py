"""What lands in one run, scope by scope, and what each read misses of what its scope held."""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from services.gestta_extractor import vanished
from services.gestta_extractor.plan import Block, covering
from shared.contracts.vocabulary import BatchKind
from shared.extraction import watch
from shared.extraction.ids import Comparison, Ids
from shared.extraction.record import Memory, Planned, Recorder
from shared.extraction.watch import Watched
from shared.landing import Manifest, id_of

Row = tuple[dict[str, Any], datetime]
Rows = Iterator[Row]
CHUNK = 1_000


@dataclass(slots=True)
class Scopes:
    """The scopes of one run. `plan` says how often each is read, and changes when a block is halved."""

    plan: dict[str, timedelta]
    recorder: Recorder
    ids: Ids
    landed: Callable[[Manifest, str | None], None]
    """Told of each batch, with the ref of the batch before it."""
    task_url: str
    read: dict[str, int] = field(default_factory=dict)
    """Rows of each scope that was read in this run."""
    fresh: dict[str, list[str]] = field(default_factory=dict)
    """Ids that a scope did not hold before."""

    @property
    def memory(self) -> Memory:
        return self.recorder.memory

    def forget_what_left_the_plan(self) -> None:
        """Keep of the blocks that are not read as such any more only those whose days others read."""
        blocks = [block for name in self.plan if (block := Block.of(name))]
        for name in [name for name in self.memory.reads if name not in self.plan]:
            retired = Block.of(name)
            if retired is None or covering(retired, blocks) is None:
                del self.memory.reads[name]

    def replan(self, block: Block, parts: Collection[Block]) -> None:
        """Put `parts` in the place of whatever stands for `block`."""
        inside = {
            name: every
            for name, every in self.plan.items()
            if (b := Block.of(name)) and block.first <= b.first and b.last <= block.last
        }
        every = next(iter(inside.values()))
        for name in inside:
            del self.plan[name]
        self.plan |= {part.scope: every for part in parts}

    def land(
        self,
        scope: str,
        kind: BatchKind,
        rows: Rows,
        proof: dict[str, Any],
        *,
        removed: Collection[Watched] = (),
        extra: Mapping[str, Any] | None = None,
    ) -> Manifest:
        """Land one scope whole; a full read names what it misses in its own manifest."""
        before = self.memory.reads.get(scope)
        covered = list(self._now_covered(scope)) if kind == "full" else []

        def missed(at: datetime) -> list[Watched]:
            return [w for name in ([scope, *covered] if kind == "full" else []) for w in self._missed(name, at)]

        try:
            manifest = self.recorder.land(
                scope,
                kind,
                self._counted(scope, rows, proof),
                plan=[Planned(name, every) for name, every in self.plan.items()],
                proof=proof,
                missed=missed,
                removed=removed,
                extra={"task_url": self.task_url, **(extra or {})},
            )
        except BaseException:
            self.ids.forget(scope)  # what broke off showed nothing
            raise
        self.read[scope] = manifest.records
        for retired in covered:
            del self.memory.reads[retired]
        self.landed(manifest, before.batch_ref if before else None)
        return manifest

    def described(
        self, scope: str, describe: Callable[[Mapping[str, Any]], str], only: Collection[str] | None = None
    ) -> Iterable[tuple[str, str]]:
        """(id, description) of the rows that a scope holds."""
        return (
            (row.row_id, describe(json.loads(row.text)))
            for row in self.recorder.held_rows(scope)
            if only is None or row.row_id in only
        )

    def _counted(self, scope: str, rows: Rows, proof: dict[str, Any]) -> Rows:
        self.ids.forget(scope)
        waiting: list[str] = []
        distinct = without_id = 0
        for row, read_at in rows:
            if row_id := id_of(row):
                waiting.append(row_id)
            else:
                without_id += 1
            if len(waiting) >= CHUNK:
                distinct += self.ids.saw(scope, waiting)
                waiting.clear()
            yield row, read_at
        distinct += self.ids.saw(scope, waiting)
        proof |= {"distinct_ids": distinct, "without_id": without_id}

    def _missed(self, scope: str, at: datetime) -> list[Watched]:
        change: Comparison = self.ids.compare(scope, self.recorder.held(scope))
        if change.fresh:
            self.fresh[scope] = change.fresh
        if not change.lacking:
            return []
        lacking = set(change.lacking)
        groups: dict[str, str] = {}
        if len(lacking) >= vanished.GROUPS_FROM and Block.of(scope):
            groups = vanished.whole_groups(self.described(scope, vanished.group_of), lacking)
        likenesses = dict(self.described(scope, vanished.likeness_of, lacking))
        return watch.missed(scope, change.lacking, held=change.held, at=at, groups=groups, likenesses=likenesses)

    def _now_covered(self, scope: str) -> Iterator[str]:
        """Blocks that are read no more as such, and of which `scope` is the last part to be read in other blocks."""
        blocks = [block for name in self.plan if (block := Block.of(name))]
        reads = self.memory.reads
        for name in [name for name in reads if name not in self.plan]:
            retired = Block.of(name)
            parts = [part.scope for part in (covering(retired, blocks) or ())] if retired else []
            others = set(parts) - {scope}
            if scope in parts and all(o in reads and reads[o].read_at > reads[name].read_at for o in others):
                for other in others - self.read.keys():
                    self.ids.saw(other, self.recorder.held(other))
                yield name
