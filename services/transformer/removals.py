"""Which removals are carried out at once and which wait for a person (guarantee 4, d). A decision."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

MASS_REMOVAL = "mass_removal"
"""The scope under which people hear that removals wait, and that none waits any more."""
MASS_FLOOR = 100
"""So few rows never are a mass removal, whatever share of their scope they are."""


@dataclass(frozen=True, slots=True)
class Removal:
    """A row that its source, asked by id in two runs, does not have any more, or that may not be asked for."""

    row_id: str
    scope: str
    asked_at: datetime
    lacked: int
    """How many rows the read that missed it lacked of what its scope held."""
    held: int
    forbidden: bool = False
    """It could not be asked for: nobody knows whether it is gone."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What to carry out, and what waits."""

    now: tuple[Removal, ...]
    later: tuple[Removal, ...]


def decide(removals: Sequence[Removal], *, limit: float) -> Decision:
    """A read that lacked more than `limit` of its scope, and more than 100 rows, is not believed without a person.

    Nor is the absence of what could not be asked for.
    """
    later = tuple(r for r in removals if r.forbidden or (r.lacked > MASS_FLOOR and r.lacked > limit * r.held))
    waiting = {r.row_id for r in later}
    return Decision(
        now=tuple(r for r in removals if r.row_id not in waiting),
        later=later,
    )
