"""CPU and memory of tidying: Gestta's rows as the landing gives them, typed frames as the warehouse takes them.

`.venv/bin/python -m bench.tidy` (100,000 rows; `--rows`, and `--part search` for the nested shape)
"""

import argparse
import json
import resource
import sys
import time
import tracemalloc
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice

from services.transformer.tidy.gestta import tidy
from shared.landing import Manifest, RawRow
from simulators.gestta.rows import Writer
from simulators.world.world import World

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
READ_AT = "2026-11-25T12:00:00.000Z"
QUARTERS = 12
CHUNK = 5_000
"""Rows at a time, as a load takes them."""
SCOPES = {"report": "report:2026-10-01/2026-12-31", "search": "search:open"}


def landed(part: str, rows: int) -> list[RawRow]:
    """So many different tasks of the simulated office, written as `BatchWriter.add` writes them."""
    world = World(seed=7, tasks_per_quarter=rows // QUARTERS + 2_000, clients=500, people=20, now=NOW)
    writer = Writer(world.clients, world.people, NOW)
    tasks = islice(world.by_due(), rows)
    shaped = (json.loads(writer.flat(task)) if part == "report" else writer.nested(task) for task in tasks)
    return [RawRow(READ_AT, json.dumps(row, ensure_ascii=True, separators=(",", ":"))) for row in shaped]


def chunks(rows: Sequence[RawRow]) -> Iterator[tuple[int, Sequence[RawRow]]]:
    for start in range(0, len(rows), CHUNK):
        yield start + 1, rows[start : start + CHUNK]


def cpu_seconds(rows: Sequence[RawRow], manifest: Manifest) -> float:
    before = time.process_time()
    for number, chunk in chunks(rows):
        tidy(chunk, number, manifest)
    return time.process_time() - before


def peak_mib(rows: Sequence[RawRow], manifest: Manifest) -> list[float]:
    """The most that each chunk held at once: flat, where nothing is kept from one to the next."""
    peaks = []
    for number, chunk in chunks(rows):
        tracemalloc.start()
        tidy(chunk, number, manifest)
        peaks.append(tracemalloc.get_traced_memory()[1] / 2**20)
        tracemalloc.stop()
    return peaks


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--part", choices=SCOPES, default="report")
    given = parser.parse_args()
    rows = landed(given.part, given.rows)
    manifest = Manifest({"scope": SCOPES[given.part], "task_url": "https://app.example/tasks/{id}"})
    size = sum(len(row.text) for row in rows) / 2**20
    seconds = [cpu_seconds(rows, manifest) for _ in range(3)]
    print(f"{len(rows):,} rows of the {given.part}, {size:.0f} MiB of JSON, chunks of {CHUNK:,}")
    print(f"CPU per 100,000 rows: {min(seconds) * 100_000 / len(rows):.2f} s (least of {len(seconds)} runs)")
    peaks = peak_mib(rows[: 10 * CHUNK], manifest)
    print(f"memory of a chunk: {min(peaks):.0f} to {max(peaks):.0f} MiB at its peak, over {len(peaks)} chunks")
    print(f"resident at most: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10:.0f} MiB, the rows included")
    return 0


if __name__ == "__main__":
    sys.exit(main())
