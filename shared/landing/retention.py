"""What of the landing need not be kept: decided from what lies in it and the time."""

from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta

from shared.landing.batch import MANIFEST, ROWS, Manifest
from shared.landing.files import UNFINISHED

RECENT = timedelta(days=2)
ABANDONED = RECENT + timedelta(days=1)


def spent(manifests: Iterable[Manifest], unsaid: Collection[str], *, now: datetime, keep: timedelta) -> Iterator[str]:
    """Refs of the batches that need not be kept; `manifests` come newest first.

    Everything stays two days; then, for `keep`, one full batch a day and scope and every increment and lookup.
    Never spent: the newest of each scope, and what was not said.
    """
    newest: set[str] = set()
    newest_full: set[str] = set()
    days: set[tuple[str, date]] = set()
    for manifest in manifests:
        day = manifest.read_to.astimezone(UTC).date()
        full = manifest.kind == "full"
        # Of a scope that is read in increments also the newest full batch: they mean nothing without it.
        first_of_scope = manifest.scope not in newest or (full and manifest.scope not in newest_full)
        first_of_day = not full or (manifest.scope, day) not in days
        newest.add(manifest.scope)
        if full:
            newest_full.add(manifest.scope)
            days.add((manifest.scope, day))
        age = now - manifest.read_to
        if not (first_of_scope or manifest.batch_ref in unsaid or age <= RECENT or (age <= keep and first_of_day)):
            yield manifest.batch_ref


def abandoned(names: Collection[str], *, now: datetime) -> Iterator[str]:
    """What a process that was killed left behind: rows without a manifest, files half written."""
    for name in names:
        whole = name.removesuffix(UNFINISHED)
        ref = whole.split(".", 1)[0]
        unfinished = name != whole or (name.endswith(ROWS) and ref + MANIFEST not in names)
        day = datetime.strptime("/".join(ref.split("/")[1:4]), "%Y/%m/%d").replace(tzinfo=UTC)
        if unfinished and now - day > ABANDONED:
            yield name
