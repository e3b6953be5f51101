"""Notion's extractor on a large source: how much of the set rate it uses, and whether its memory grows with the rows.

`.venv/bin/python -m bench.extract_notion` (or `make bench-extract`): the whole service (`--once`, a process of its own)
reads a simulated source of 20,000 rows at 600 requests a minute, one of 12,000 at 150 with answers that take 0.6 s
more, as those of the real Notion do, and, the rate lifted, 20,000 and 200,000 rows. The rate used is that of the
queries in the simulator's ledger, from the first to the last; one at a time, answers of 0.6 s would use two thirds.
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
from simulators.faults import Order
from simulators.serve import Running, start
from simulators.settings import on_free_ports

SLOW, FEW, MANY = 12_000, 20_000, 200_000
FAST, USUAL = 600, 150
"""Requests a minute: what the largest plan allows, and NOTION_REQUESTS_PER_MINUTE unless it is set."""
ANSWER = 0.6
"""Seconds."""
USED = 0.95
GROWTH_MIB = 30.0


def rate_used(calls: list[dict[str, Any]], rate: int) -> float:
    """The share of `rate` at which these queries were made."""
    times = sorted(datetime.fromisoformat(call["at"]) for call in calls if call["path"].endswith("/query"))
    return (len(times) - 1) / (times[-1] - times[0]).total_seconds() * 60 / rate


def main() -> int:
    settings = on_free_ports(clients=1)
    place = var() / "bench"
    check_folder(place, [rabbitmq.ACCOUNT])

    def read(running: Running, source: Source, name: str, **pace: int) -> Reading:
        with tempfile.TemporaryDirectory(dir=place, prefix=name) as folder:
            Path(folder).chmod(0o755)  # the broker runs as its own user
            return by_ours(running, source, Path(folder), **pace)

    def paced(running: Running, source: Source, rate: int) -> tuple[Reading, float]:
        began = datetime.now(UTC)
        reading = read(running, source, "paced", requests_per_minute=rate)
        return reading, rate_used(running.ledger.calls("notion", began), rate)

    with start(settings) as running:
        few, many = make_source(running, FEW), make_source(running, MANY)
        other = make_source(running, SLOW)
        fast, fast_used = paced(running, few, FAST)
        running.faults.add(Order(system="notion", kind="slow", times=0, args={"seconds": ANSWER}))
        slow, slow_used = paced(running, other, USUAL)
        running.faults.clear()
        small, large = read(running, few, "few"), read(running, many, "many")
    whole = all(r.is_complete(s) for r, s in ((fast, few), (slow, other), (small, few), (large, many)))
    print("| rows | requests | seconds | CPU seconds per 100,000 rows | peak memory |")
    print("| ---: | ---: | ---: | ---: | ---: |")
    for reading, rows in ((fast, FEW), (slow, SLOW), (small, FEW), (large, MANY)):
        per = reading.cpu_seconds * 100_000 / rows
        print(f"| {rows:,} | {reading.requests:,} | {reading.seconds:.1f} | {per:.1f} | {reading.peak_mib:.0f} MiB |")
    print(f"\nof {FAST} requests a minute used in the first: {fast_used:.1%}")
    print(f"of {USUAL} requests a minute used in the second, each answer taking {ANSWER} s: {slow_used:.1%}")
    holds = whole and min(fast_used, slow_used) >= USED and large.peak_mib - small.peak_mib <= GROWTH_MIB
    print(
        f"bars: complete, at least {USED:.0%} of the rate, memory within {GROWTH_MIB:.0f} MiB:"
        f" {'hold' if holds else 'do not hold'}"
    )
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
