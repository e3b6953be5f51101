"""From a raw batch in the landing to committed rows: ours beside COPY, pandas and dlt, on the same rows.

`make bench-load` (or `.venv/bin/python -m bench.load`). Every way runs in a process of its own against one private
PostgreSQL with durable settings (fsync, synchronous_commit and full_page_writes on, 64 MB of shared buffers).
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from sqlalchemy import create_engine, text

from local import postgres
from local.folder import var
from shared.contracts.envelope import batch_event_id, first
from shared.contracts.events import RawDataReady
from shared.database.upgrade import LOGINS, upgrade
from shared.landing import Landing, batch_id, iso
from shared.messaging.codec import encode
from simulators.gestta.rows import Writer
from simulators.world.world import World

TASKS, MANY = 100_000, 500_000
ROUNDS = 3
"""Of the ways that take seconds; the median counts."""
PEAK_MIB = 450
FEW_BAD, MOST_BAD = 0.04, 0.6
"""Shares of rows that cannot be read: less than REJECT_LIMIT, and more."""
SCOPE = "report:2025-01-01/2027-12-31"
READ_AT = datetime(2026, 11, 24, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds from the batch to the commit, and the process's peak resident memory in MiB."""

    seconds: float
    peak: float


@dataclass(frozen=True, slots=True)
class Bench:
    """A server, a landing, and the fact of each batch."""

    server: postgres.Postgres
    folder: Path

    @property
    def landing(self) -> Landing:
        return Landing(str(self.folder / "landing"))

    def land(self, name: str, rows: Iterable[str], *, minutes: int) -> None:
        """Write a batch read so many minutes after the first, and its fact beside it."""
        read_at = READ_AT + timedelta(minutes=minutes)
        records = 0
        with self.landing.write("gestta", batch_id(read_at, SCOPE, name), day=read_at.date()) as batch:
            for records, row in enumerate(rows, 1):  # noqa: B007  the last is how many
                batch.add(json.loads(row), read_at=read_at)
            sha256 = batch.finish()
            content = {"batch_ref": batch.batch_ref, "scope": SCOPE, "kind": "full", "sha256": sha256}
            plan = [{"scope": SCOPE, "every_seconds": 420}]
            batch.commit(content | {"records": records, "read_to": iso(read_at), "removed": [], "plan": plan})
        fact = RawDataReady(
            system="gestta",
            batch_ref=batch.batch_ref,
            sha256=sha256,
            records=records,
            removed=0,
            scope=SCOPE,
            kind="full",
            read_from=read_at,
            read_to=read_at,
        )
        event = first(fact, source="/bench", time=read_at, event_id=batch_event_id(batch.batch_ref))
        (self.folder / f"{name}.fact").write_bytes(encode(event))

    def database(self, name: str) -> str:
        """A new, migrated database."""
        self.order("postgres", f"CREATE DATABASE {name}")
        upgrade(self.server.url(name), dict.fromkeys(LOGINS, "bench"))
        return self.server.url(name)

    def order(self, database: str, *statements: str) -> None:
        engine = create_engine(self.server.url(database), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for statement in statements:
                connection.execute(text(statement))
        engine.dispose()

    def measure(self, way: str, batch: str, database: str) -> Measured:
        """Run one way in a process of its own, after the server has written what others left it to write."""
        self.order(database, "CHECKPOINT")
        command = [sys.executable, "-m", "bench.load_ways", way, str(self.folder), batch, self.server.url(database)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SystemExit(f"{way} failed:\n{done.stderr}")
        measured = Measured(**json.loads(done.stdout.splitlines()[-1]))
        print(f"  {way}, {batch}: {measured.seconds:.1f} s, {measured.peak:.0f} MiB", file=sys.stderr)
        return measured


@contextmanager
def bench() -> Iterator[Bench]:
    """The server and the folder, gone afterwards."""
    home = var() / "bench"
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home) as name:
        folder = Path(name)
        folder.chmod(0o755)  # the server's account passes through
        with postgres.private(folder / "postgres", durable=True) as server:
            yield Bench(server, folder)


def world(tasks: int) -> list[str]:
    """So many rows of the report, from the simulated office."""
    office = World(
        seed=7, tasks_per_quarter=round(tasks * 0.115), clients=max(800, tasks // 125), people=60, now=READ_AT
    )
    writer = Writer(office.clients, office.people, READ_AT)
    rows = [writer.flat(task) for task in office.by_due()][:tasks]
    if len(rows) < tasks:
        raise SystemExit(f"the simulated office has {len(rows)} tasks, not {tasks}")
    return rows


def one_percent_changed(rows: list[str]) -> list[str]:
    """The same rows, one in a hundred with another name and status."""
    changed = list(rows)
    for index in range(0, len(rows), 100):
        row = json.loads(rows[index])
        status = "OPEN" if row["status"] == "DONE" else "DONE"
        changed[index] = json.dumps(row | {"name": f"{row['name']} (2)", "status": status})
    return changed


def unreadable(rows: list[str], share: float) -> Iterator[str]:
    """The same rows, so great a share of them, spread evenly, with a due date that is none."""
    for index, row in enumerate(rows):
        is_bad = int((index + 1) * share) > int(index * share)
        yield json.dumps(json.loads(row) | {"_due_date": "em breve"}) if is_bad else row


def middle(rounds: list[Measured]) -> Measured:
    return Measured(median(one.seconds for one in rounds), max(one.peak for one in rounds))


def compare(bench: Bench, rows: list[str]) -> dict[str, Measured]:
    """All ways on the same rows."""
    bench.land("first", rows, minutes=0)
    bench.land("again", one_percent_changed(rows), minutes=7)
    found: dict[str, list[Measured]] = {"a": [], "b": [], "c": []}
    for number in range(ROUNDS):
        name = f"round{number}"
        bench.database(name)
        found["a"].append(bench.measure("ours", "first", name))
        bench.order(name, f"COPY operacional.gestta_tasks TO '{bench.server.home}/finished.copy'")
        bench.order(name, "CREATE TABLE public.plain (LIKE operacional.gestta_tasks INCLUDING ALL)")
        found["c"].append(bench.measure("plain", "first", name))
        bench.order(name, "DROP TABLE public.plain")
        found["b"].append(bench.measure("ours", "again", name))
    figures = {key: middle(rounds) for key, rounds in found.items()}
    bench.order("postgres", "CREATE DATABASE others")
    figures["d"] = bench.measure("pandas", "first", "others")
    figures["e"] = bench.measure("dlt", "first", "others")
    return figures


def at_size(bench: Bench, rows: list[str]) -> dict[str, Measured]:
    """Ours with many rows: all of them good, a few that cannot be read, so many that the batch is parked."""
    bench.land("many", rows, minutes=0)
    bench.land("few_bad", unreadable(rows, FEW_BAD), minutes=0)
    bench.land("most_bad", unreadable(rows, MOST_BAD), minutes=0)
    figures = {}
    for batch, way in (("many", "ours"), ("few_bad", "ours"), ("most_bad", "parked")):
        bench.database(batch)
        figures[batch] = bench.measure(way, batch, batch)
    return figures


def main() -> int:
    with bench() as here:
        figures = compare(here, world(TASKS)) | at_size(here, world(MANY))
    limit = figures["c"].seconds
    rows = [
        (f"(a) ours, first load of {TASKS:,} tasks, history and sightings on", figures["a"]),
        ("(b) ours, the same tasks again, 1 % changed", figures["b"]),
        ("(c) plain COPY of the identical finished rows, with their indexes: the limit", figures["c"]),
        ("(d) json and `pandas.to_sql(if_exists='replace')`", figures["d"]),
        ("(e) dlt 1.31, merge", figures["e"]),
        (f"ours, first load of {MANY:,} tasks in one batch", figures["many"]),
        (f"ours, the same, of which {FEW_BAD:.0%} cannot be read and are set aside", figures["few_bad"]),
        (f"ours, the same, of which {MOST_BAD:.0%} cannot be read: parked, nothing loaded", figures["most_bad"]),
    ]
    print("| way | seconds | times (c) | peak memory, MiB |\n| --- | ---: | ---: | ---: |")
    for what, one in rows:
        print(f"| {what} | {one.seconds:.1f} | {one.seconds / limit:.1f} | {one.peak:.0f} |")
    a, b = figures["a"].seconds, figures["b"].seconds
    peak = max(figures[batch].peak for batch in ("many", "few_bad", "most_bad"))
    bars = {
        "(a) <= 5 x (c)": a <= 5 * limit,
        "(a) 4 times faster than (d)": 4 * a <= figures["d"].seconds,
        "(a) 4 times faster than (e)": 4 * a <= figures["e"].seconds,
        "(b) twice as fast as (a)": 2 * b <= a,
        f"{MANY:,} tasks in {PEAK_MIB} MiB, also where many cannot be read": peak <= PEAK_MIB,
    }
    broken = [bar for bar, holds in bars.items() if not holds]
    print(f"\nbars: {'do not hold: ' + ', '.join(broken) if broken else 'all hold (' + ', '.join(bars) + ')'}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
