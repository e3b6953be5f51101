"""A scope's newest batch and the batches that together are what it holds, as each manifest carries them for all scopes.

A scope that webhooks touch every 30 s holds thousands of batches before it is read whole again. So only now and then a
manifest spells them all; those after it name that one, and what was added since.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from shared.contracts.vocabulary import BatchKind
from shared.errors import Rejected
from shared.landing import Manifest, iso

log = structlog.get_logger()

SPELLED_EVERY = 64
Held = tuple[tuple[str, str], ...]
"""(batch_ref, sha256) of the batches that together are what a scope holds."""


@dataclass(frozen=True, slots=True)
class LastRead:
    """A scope's newest batch, when its last complete read ended, and what it holds: its last full batch and what was
    added since."""

    batch_ref: str
    read_at: datetime
    sha256: str
    holds: Held
    spelled_in: str | None = None
    """The batch in whose manifest the first of `holds` are spelled; None where each manifest spells them all."""
    spelled: int = 0
    """How many these are."""


def following(
    before: LastRead | None,
    kind: BatchKind,
    batch_ref: str,
    sha256: str,
    read_at: datetime,
    *,
    begun: LastRead | None,
) -> LastRead:
    """After another batch of the scope, whose reading began when `begun` was the last read.

    A whole read takes the place of what was held then. What has landed beside it stays held: the read may have passed
    its place before it was there.
    """
    if kind == "increment" and before is not None:
        holds = (*before.holds, (batch_ref, sha256))
        spelled_in, spelled = before.spelled_in, before.spelled
    else:
        held = set(begun.holds if begun else ())
        holds = ((batch_ref, sha256), *(each for each in (before.holds if before else ()) if each not in held))
        spelled_in, spelled = None, 0
    if len(holds) - spelled > SPELLED_EVERY:
        spelled_in, spelled = batch_ref, len(holds)
    return LastRead(batch_ref, read_at, sha256, holds, spelled_in, spelled)


def dump(scope: str, last: LastRead, *, into: str) -> dict[str, Any]:
    """As the manifest of the batch `into` carries it; the full batch, which outlives what follows it, always there."""
    is_whole = last.spelled_in in (None, into)
    holds = last.holds if is_whole else (last.holds[0], *last.holds[last.spelled :])
    return {
        "scope": scope,
        "last_ref": last.batch_ref,
        "last_read_at": iso(last.read_at),
        "last_sha256": last.sha256,
        "holds": [list(held) for held in holds],
        "holds_in": None if is_whole else last.spelled_in,
    }


def load(manifest: Manifest, manifest_of: Callable[[str], Manifest]) -> dict[str, LastRead]:
    """The last reads that a manifest tells of."""
    return {scope: _load(entry, manifest, manifest_of) for scope, entry in _entries(manifest).items()}


def _load(entry: Mapping[str, Any], manifest: Manifest, manifest_of: Callable[[str], Manifest]) -> LastRead:
    holds, spelled_in, spelled = _held(entry), entry.get("holds_in"), 0
    if spelled_in is None and len(holds) > SPELLED_EVERY:
        spelled_in, spelled = manifest.batch_ref, len(holds)
    elif spelled_in is not None:
        try:
            first = _held(_entries(manifest_of(spelled_in))[entry["scope"]])
        except Rejected as error:  # pruned, or damaged: then nothing of it can be missed
            log.warning(
                "what a scope held cannot be read", scope=entry["scope"], batch_ref=spelled_in, reason=str(error)
            )
            spelled_in = None
        else:
            holds, spelled = first + holds[1:], len(first)
    read_at = datetime.fromisoformat(entry["last_read_at"])
    return LastRead(entry["last_ref"], read_at, entry["last_sha256"], holds, spelled_in, spelled)


def _entries(manifest: Manifest) -> dict[str, Mapping[str, Any]]:
    entries = [*(manifest.content.get("plan") or []), *(manifest.content.get("retired") or [])]
    return {entry["scope"]: entry for entry in entries if entry.get("last_ref")}


def _held(entry: Mapping[str, Any]) -> Held:
    return tuple((ref, sha256) for ref, sha256 in entry["holds"])
