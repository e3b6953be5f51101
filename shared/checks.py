"""How a service answers the doctor: one JSON line per thing tried, in words for the analyst."""

import json
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from uuid import uuid4

from shared.errors import Outage


@dataclass(frozen=True, slots=True)
class Check:
    """Something that was tried for real. `said` is Brazilian Portuguese: what is wrong, and what to do."""

    check: str
    ok: bool
    said: str


def tell(checks: Iterable[Check]) -> int:
    """Print the checks; returns the exit code."""
    ok = True
    for check in checks:
        sys.stdout.write(json.dumps(asdict(check), ensure_ascii=False) + "\n")
        ok = ok and check.ok
    return 0 if ok else 1


def landing_works(url: str) -> Check:
    """Write and delete a small file where batches land."""
    from shared.landing import Landing

    try:
        Landing(url).probe(f"doctor/{uuid4().hex}")
    except Outage as error:
        return Check("landing", False, f"não consigo gravar em LANDING_URL ({url}): {error}")
    return Check("landing", True, f"LANDING_URL ({url}) aceita gravação")
