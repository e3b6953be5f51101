"""How long what the loads leave in `ops` is kept (docs/decisions/0014). A decision."""

from dataclasses import dataclass
from datetime import datetime, timedelta

LEDGER = timedelta(days=90)
"""As long as the journal and the landing by default: what can still be replayed can still be looked up."""
HANDLED = timedelta(days=100)
"""Longer than any road by which a message comes again by itself."""
REJECTED = timedelta(days=7)
"""A row that cannot be read is set aside anew at every read, with all its text."""


@dataclass(frozen=True, slots=True)
class Old:
    """What is older than these is old."""

    load: datetime
    measure: datetime
    event: datetime
    decision: datetime
    rejected_row: datetime


def old(now: datetime) -> Old:
    """What need not be kept any more, unless it is still the newest of its kind (`forget` knows which is)."""
    return Old(
        load=now - LEDGER,
        measure=now - LEDGER,
        event=now - HANDLED,
        decision=now - HANDLED,
        rejected_row=now - REJECTED,
    )
