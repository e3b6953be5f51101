"""Notion's extractor on a large source: how much of the set rate it uses, and whether its memory grows with the rows.

`.venv/bin/python -m bench.extract_notion` (or `make bench-extract`): the whole service (`--once`, a process of its own)
reads a simulated source of 20,000 rows at 600 requests a minute, then, the rate lifted, 20,000 and 200,000 rows. The
rate used is that of the queries in the simulator's ledger, from the first to the last.
"""

import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.compare_notion import Reading, Source, by_ours, make_source
from local import broker as rabbitmq
from local.folder import var
from local.preflight import check_folder
from simulators.serve import Running, start
from simulators.settings import Settings

FEW, MANY = 20_000, 200_000
RATE = 600
USED = 0.95
GROWTH_MIB = 30.0


def rate_used(calls: list[dict[str, Any]]) -> float:
    """The share of RATE at which these queries were made."""
    times = [datetime.fromisoformat(call["at"]) for call in calls if call["path"].endswith("/query")]
    return (len(times) - 1) / (times[-1] - times[0]).total_seconds() * 60 / RATE


def main() -> int:
    settings = Settings(
        gestta_port=0, notion_port=0, slack_port=0, portal_port=0, control_port=0,
        tasks_per_quarter=0, clients=1, people=5, events_per_minute=0,
    )  # fmt: skip
    place = var() / "bench"
    check_folder(place, [rabbitmq.ACCOUNT])

    def read(running: Running, source: Source, name: str, **pace: int) -> Reading:
        with tempfile.TemporaryDirectory(dir=place, prefix=name) as folder:
            Path(folder).chmod(0o755)  # the broker runs as its own user
            return by_ours(running, source, Path(folder), **pace)

    with start(settings) as running:
        few, many = make_source(running, FEW), make_source(running, MANY)
        began = datetime.now(UTC)
        paced = read(running, few, "paced", requests_per_minute=RATE)
        used = rate_used(running.ledger.calls("notion", began))
        small, large = read(running, few, "few"), read(running, many, "many")
    whole = all(r.is_complete(s) for r, s in ((paced, few), (small, few), (large, many)))
    print("| rows | requests | seconds | CPU seconds per 100,000 rows | peak memory |")
    print("| ---: | ---: | ---: | ---: | ---: |")
    for reading, rows in ((paced, FEW), (small, FEW), (large, MANY)):
        per = reading.cpu_seconds * 100_000 / rows
        print(f"| {rows:,} | {reading.requests:,} | {reading.seconds:.1f} | {per:.1f} | {reading.peak_mib:.0f} MiB |")
    print(f"\nof {RATE} requests a minute used in the first: {used:.1%}")
    holds = whole and used >= USED and large.peak_mib - small.peak_mib <= GROWTH_MIB
    print(
        f"bars: complete, at least {USED:.0%} of the rate, memory within {GROWTH_MIB:.0f} MiB:"
        f" {'hold' if holds else 'do not hold'}"
    )
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
