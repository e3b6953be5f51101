"""A working day of 24 hours in some seven minutes: every seven-minute run of Gestta's extractor becomes one of two
seconds, a third of the blocks fails in turn, and the view is asked every second.

`make soak`, or `.venv/bin/python -m bench.day [seconds]`: starts the demo (as processes) at that pace, lives the day
and says whether its bars hold:

- a task that was once in the view and is still at its source is in the view, at every second;
- a scope is marked stale where it had no complete read for three of its intervals, and nowhere else;
- at the end every task of the simulated world is in the view, as the world has it;
- the five services together hold under 450 MiB (PSS, browser closed) after a day of cycles.
"""

import os
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import cycle
from typing import Any

import requests
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from bench import memory
from local.demo_running import Running, find
from local.preflight import Unfit

RUNS_A_DAY = 24 * 60 // 7
EVERY = timedelta(seconds=2)
PACE = {
    "GESTTA_EVERY": f"{EVERY.total_seconds():.0f}s",
    "GESTTA_FROM": "-1",
    "GESTTA_TO": "1",
    "NOTION_EVERY": "17s",
    "SIM_GESTTA_TOKEN_LIFE": "24h",
    "SIM_EVENTS_PER_MINUTE": "600",
    "SIM_TASKS_PER_QUARTER": "1000",
}
TROUBLES = ("500", "truncated_json", "html", "504", "cut", "429")
GRACE = timedelta(seconds=5)
"""From an answer of Gestta to the load that tells of it, beside what the loads themselves are late."""
LATE = "SELECT max(committed_at - read_to) FROM ops.loads WHERE committed_at > now() - interval '1 minute'"
PATIENCE = 180.0
SHOWN = "SELECT task_id, title, source_status, owner, client_code FROM bi.operational_panel WHERE source = 'gestta'"
FRESH = """
SELECT scope, is_stale, every, last_read_at, now() AS at
FROM bi.freshness WHERE system = 'gestta' AND scope LIKE 'report:%'
"""


@dataclass(slots=True)
class Day:
    """What was seen so far."""

    demo: Running
    at_source: set[str] = field(default_factory=set)
    version: int = 0
    once_shown: set[str] = field(default_factory=set)
    good_reads: dict[str, list[datetime]] = field(default_factory=dict)
    heard_until: str = ""
    lost: Counter[str] = field(default_factory=Counter)
    wrongly_stale: Counter[str] = field(default_factory=Counter)
    wrongly_fresh: Counter[str] = field(default_factory=Counter)
    stale_seen: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    latest: timedelta = timedelta(0)
    looks: int = 0

    def get(self, path: str) -> Any:
        answer = requests.get(f"{self.demo.control}{path}", timeout=60)
        answer.raise_for_status()
        return answer.json()

    def post(self, path: str, body: Any = None) -> None:
        requests.post(f"{self.demo.control}{path}", json=body or {}, timeout=60).raise_for_status()

    def follow_the_source(self) -> set[str]:
        """The ids that exist now; what was read whole until now is noted on the way."""
        told = self.get(f"/truth/changes?since={self.version}")
        self.version = told["version"]
        self.at_source |= told["changed"].keys()
        self.at_source -= told["removed"].keys()
        for call in self.get(f"/ledger?system=gestta&since={self.heard_until}") if self.heard_until else []:
            if call["status"] in (200, 204) and not call["fault"] and str(call["scope"]).startswith("report:"):
                self.good_reads.setdefault(call["scope"], []).append(datetime.fromisoformat(call["at"]))
        self.heard_until = (datetime.now(UTC) - timedelta(seconds=3)).isoformat().replace("+00:00", "Z")
        return set(self.at_source)

    def look(self, connection: Connection) -> None:
        """One second's question."""
        before = self.follow_the_source()
        shown = {row.task_id for row in connection.execute(text(SHOWN))}
        fresh = connection.execute(text(FRESH)).all()
        late = connection.execute(text(LATE)).scalar() or timedelta(0)
        connection.rollback()
        after = self.follow_the_source()
        self.lost.update((self.once_shown & before & after) - shown)
        self.once_shown |= shown
        self.looks += 1
        self.latest = max(self.latest, late)
        grace = GRACE + late
        for row in fresh:
            reads = self.good_reads.get(row.scope)
            if reads is None:
                continue
            allowed = 3 * row.every
            self.stale_seen[row.scope] += row.is_stale
            # What was read just now is not loaded yet: a scope that was stale until then still is.
            known = max((read for read in reads if row.at - read > grace), default=None)
            too_early = row.is_stale and known is not None and row.at - known < allowed - grace
            too_late = not row.is_stale and row.at - reads[-1] > allowed + grace
            self.wrongly_stale[row.scope] += too_early
            self.wrongly_fresh[row.scope] += too_late
            if too_early or too_late:
                self.wrong.append(
                    f"{row.scope} at {row.at}: read {reads[-1]}, known {row.last_read_at}, every {row.every}"
                )


def live(day: Day, seconds: float) -> None:
    """The day, with faults in a third of the blocks in turn; its last sixth is for catching up."""
    began, shift = time.monotonic(), seconds / 12
    troubles, phases, next_shift = cycle(TROUBLES), cycle(range(3)), 0.0
    with create_engine(day.demo.database).connect() as connection:
        while (passed := time.monotonic() - began) < seconds:
            if passed >= next_shift:
                requests.delete(f"{day.demo.control}/faults", timeout=10).raise_for_status()
                next_shift += shift
                if passed < seconds * 5 / 6:
                    order = {"system": "gestta", "kind": next(troubles), "path": "/core/customer/task/report"}
                    day.post("/faults", order | {"times": 0, "one_in": 3, "phase": next(phases)})
            second = time.monotonic()
            day.look(connection)
            time.sleep(max(0.0, 1 - (time.monotonic() - second)))


def differences(day: Day) -> list[str]:
    """Tasks that the view does not show as the world, which stands still, has them."""
    truth = day.get("/truth/gestta")["tasks"]
    with create_engine(day.demo.database).connect() as connection:
        shown = {row.task_id: row for row in connection.execute(text(SHOWN))}
    return [
        *(f"{i} is not in the view" for i in truth if i not in shown),
        *(f"{i} is in the view and not in the world" for i in shown if i not in truth),
        *(
            f"{i}: {row.source_status} {row.title!r} {row.owner!r}, in the world {task}"
            for i, task in truth.items()
            if (row := shown.get(i)) is not None
            and (row.source_status, row.title, row.owner) != (task["status"], task["title"], task["owner"])
        ),
    ]


def report(day: Day, left: list[str], seconds: float) -> bool:
    bars = {
        f"tasks that were once in the view, still at the source, and not in the view ({day.looks} looks)": day.lost,
        "scopes marked stale although they were read within three of their intervals": +day.wrongly_stale,
        "scopes not marked stale although they were not": +day.wrongly_fresh,
    }
    print(f"\n{seconds:.0f} s of {EVERY.total_seconds():.0f} s runs; {len(day.at_source):,} tasks in the world")
    print(f"scopes that were stale for a while: {len(+day.stale_seen)}; loads were late by at most {day.latest}")
    for what, counted in bars.items():
        print(f"{what}: {len(counted)} {dict(counted.most_common(3)) if counted else ''}")
    print(f"tasks that the view shows otherwise than the world at the end: {len(left)} {left[:3] or ''}")
    print(*day.wrong[:8], sep="\n")
    holds = not any(bars.values()) and not left
    print(f"bars: {'hold' if holds else 'do not hold'}")
    return holds


def main() -> int:
    seconds = float(sys.argv[1]) if sys.argv[1:] else RUNS_A_DAY * EVERY.total_seconds()
    log = subprocess.DEVNULL
    environment = {**os.environ, **PACE, "DEMO": "processes"}
    demo = subprocess.Popen([sys.executable, "-m", "local.demo"], env=environment, stdout=log, stderr=log)
    try:
        day = Day(wait_for(demo))
        world = day.get("/truth")
        day.at_source, day.version = set(world["tasks"]), world["version"]
        live(day, seconds)
        day.post("/world/pause")
        deadline = time.monotonic() + PATIENCE
        while (left := differences(day)) and time.monotonic() < deadline:
            time.sleep(2)
        while memory.browser_runs() and time.monotonic() < deadline:
            time.sleep(0.2)
        light = memory.told()
        return 0 if report(day, left, seconds) and light else 1
    finally:
        demo.terminate()
        demo.wait(timeout=90)


def wait_for(demo: subprocess.Popen[bytes]) -> Running:
    """The demo, once the view shows something. Raises `Unfit` where it ended or took too long."""
    deadline, last = time.monotonic() + PATIENCE, "it ended"
    while time.monotonic() < deadline and demo.poll() is None:
        time.sleep(2)
        try:
            found = find()
            with create_engine(found.database).connect() as connection:
                if connection.execute(text("SELECT count(*) FROM bi.operational_panel")).scalar_one():
                    return found
        except (Unfit, OSError, SQLAlchemyError) as error:
            last = str(error)
    raise Unfit(f"the demo did not come up: {last}")


if __name__ == "__main__":
    sys.exit(main())
