"""`make demo-check`: asserts what the demo promises against the one that runs, and prints what it saw."""

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from statistics import median
from typing import Any, TypeVar

import requests
from sqlalchemy import create_engine, text

from local.demo_running import Running, find
from local.preflight import Unfit

T = TypeVar("T")

PATIENCE = 180.0
CATCH_UP = 150.0
BRASILIA = timezone(timedelta(hours=-3))
SHOWN = """
SELECT task_id, client_code, title, source_status, client_trade_name, client_manager, client_state
FROM bi.operational_panel
WHERE source = 'gestta' AND due_date BETWEEN :first AND :last
"""
# By stored times: when a batch's last answer was read, when its rows were committed. The first load of a scope, with
# everything in it and all others before it in the queue, is no change in a source.
DELAYS = """
SELECT extract(epoch FROM committed_at - read_to)::float
FROM (
    SELECT *, row_number() OVER (PARTITION BY system, scope ORDER BY committed_at) AS turn
    FROM ops.loads WHERE replay IS NULL
) AS loads
WHERE turn > 1 AND inserted + updated + removed > 0
ORDER BY committed_at DESC
LIMIT 8
"""
VISIBLE_SECONDS = 5.0
ONE_SHOTS = ("story", "upgrade")
COMPARED = ("client_code", "title", "source_status", "client_trade_name", "client_manager", "client_state")


@dataclass(frozen=True, slots=True)
class Promise:
    """One row of the table."""

    what: str
    expected: str
    seen: str
    ok: bool


def check(demo: Running) -> Iterator[Promise]:
    """Every promise, in the order in which it can be known."""
    yield from _slack(demo)
    yield from _refreshes(demo)
    yield from panel_rows(demo)
    yield _delay(demo)
    yield _no_write(demo)
    yield from parts(demo)
    yield dead_letters(demo)
    yield _quiet_logs(demo)


def _slack(demo: Running) -> Iterator[Promise]:
    def counts() -> tuple[int, int]:
        told = [_text(message) for message in _get(demo, "/slack/messages")]
        about = [words for words in told if "gestta" in words and "credencial" in words]
        over = sum("voltou" in words for words in about)
        return len(about) - over, over

    dead, over = _wait(counts, lambda seen: seen[0] >= 1 and seen[1] >= 1)
    yield Promise("Slack messages about the dead Gestta token", "1", str(dead), dead == 1)
    yield Promise("Slack messages about its recovery", "1", str(over), over == 1)
    logins = sum(c["path"] == "/core/login" and c["status"] == 200 for c in _get(demo, "/ledger?system=gestta"))
    yield Promise("Gestta tokens renewed by a login, with nobody told", "1 or more", str(logins - 1), logins > 1)


def _text(message: Any) -> str:
    return json.dumps([message.get("text"), message.get("blocks")], ensure_ascii=False).lower()


def _refreshes(demo: Running) -> Iterator[Promise]:
    done = _wait(
        lambda: [each for each in _get(demo, "/portal/refreshes") if each["outcome"] == "completed"],
        lambda seen: len(seen) >= 2,
    )
    yield Promise("refreshes of the BI portal that completed", "2 or more", str(len(done)), len(done) >= 2)
    asked = [datetime.fromisoformat(each["asked_at"]) for each in _get(demo, "/portal/refreshes")]
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(asked)]
    shortest = min(gaps, default=float("inf"))
    # The refresher measures from its own start of the work; the portal sees the click, some seconds of browser later.
    yield Promise(
        "shortest time between two of them",
        f"{demo.gap_seconds:.0f} s or more",
        f"{shortest:.1f} s" if gaps else "only one",
        bool(gaps) and shortest >= demo.gap_seconds,
    )


def panel_rows(demo: Running) -> Iterator[Promise]:
    """What is shown is what is true, once the world stands still."""
    year = datetime.now(BRASILIA).year
    span = (f"{year}-01-01", f"{year}-12-31")
    engine = create_engine(demo.database)

    def difference() -> tuple[dict[str, Any], dict[str, Any], list[str]]:
        truth = {row["task_id"]: row for row in _get(demo, f"/truth/panel?from={span[0]}&to={span[1]}")["rows"]}
        with engine.connect() as connection:
            rows = connection.execute(text(SHOWN), {"first": span[0], "last": span[1]}).mappings()
            shown = {row["task_id"]: dict(row) for row in rows}
        return truth, shown, _differences(truth, shown)

    try:
        with _standing_still(demo):
            truth, shown, wrong = _wait(difference, lambda seen: bool(seen[0]) and not seen[2], CATCH_UP)
    finally:
        engine.dispose()
    yield Promise(
        "Gestta's tasks in bi.operational_panel",
        str(len(truth)),
        str(len(shown)),
        bool(truth) and len(truth) == len(shown),
    )
    first = f", e.g. {wrong[0]}" if wrong else ""
    yield Promise(f"differences in {len(COMPARED)} columns of them", "0", f"{len(wrong)}{first}", not wrong)
    joined = sum(row["client_trade_name"] is not None for row in shown.values())
    expected = sum(row["client_trade_name"] is not None for row in truth.values())
    yield Promise("of them with their client's Notion page", str(expected), str(joined), 0 < expected == joined)


def _differences(truth: dict[str, Any], shown: dict[str, Any]) -> list[str]:
    found = [f"{task} is missing" for task in truth.keys() - shown.keys()]
    found += [f"{task} should be gone" for task in shown.keys() - truth.keys()]
    for task in truth.keys() & shown.keys():
        found += [
            f"{task} {column}: {shown[task][column]!r} instead of {truth[task][column]!r}"
            for column in COMPARED
            if shown[task][column] != truth[task][column]
        ]
    return found


@contextmanager
def _standing_still(demo: Running) -> Iterator[None]:
    requests.post(f"{demo.control}/world/pause", timeout=30).raise_for_status()
    try:
        yield
    finally:
        requests.post(f"{demo.control}/world/resume", timeout=30).raise_for_status()


def _delay(demo: Running) -> Promise:
    engine = create_engine(demo.database)

    def last_ones() -> list[float]:
        with engine.connect() as connection:
            return list(connection.execute(text(DELAYS)).scalars())

    def usual(delays: list[float]) -> float:
        # The middle one: a machine with other work to do delays some, a way that waits for something delays all.
        return median(delays) if delays else float("inf")

    try:
        delays = _wait(last_ones, lambda seen: usual(seen) <= VISIBLE_SECONDS, CATCH_UP)
    finally:
        engine.dispose()
    return Promise(
        f"usual way of the last {len(delays)} changes from their read to the view",
        f"{VISIBLE_SECONDS:.0f} s or less",
        f"{usual(delays):.1f} s, the slowest {max(delays):.1f} s" if delays else "no change yet",
        usual(delays) <= VISIBLE_SECONDS,
    )


def _no_write(demo: Running) -> Promise:
    calls = _get(demo, "/ledger?system=gestta")
    # The simulator marks whatever is none of the read calls it knows.
    written = sum(each["violation"] for each in calls)
    return Promise(f"write calls among {len(calls)} to Gestta", "0", str(written), bool(calls) and not written)


def parts(demo: Running) -> Iterator[Promise]:
    """Everything that should run does."""
    states = demo.states()
    wrong = {
        name: state for name, state in states.items() if state != "up" and not (name in ONE_SHOTS and state == "ended")
    }
    said = ", ".join(f"{name}: {state}" for name, state in wrong.items())
    yield Promise("parts that are up, or done", str(len(states)), said or str(len(states)), bool(states) and not wrong)
    status = requests.get(demo.panel, timeout=30).status_code
    yield Promise(f"the panel at {demo.panel}", "200", str(status), status == 200)


def dead_letters(demo: Running) -> Promise:
    """Nothing was parked."""
    queues = demo.management.ask("GET", "queues/operacional")
    dead = {each["name"]: each.get("messages", 0) for each in queues if each["name"].endswith(".dlq")}
    full = {name: count for name, count in dead.items() if count}
    return Promise(f"messages in {len(dead)} dead-letter queues", "0", str(full or 0), bool(dead) and not full)


def _quiet_logs(demo: Running) -> Promise:
    lines = {name: written for name, written in demo.logs().items() if name != "supervisord"}
    loud = [f"{name}: {line}" for name, written in lines.items() for line in written if _is_loud(line)]
    count = sum(map(len, lines.values()))
    return Promise(
        f"errors among {count} lines of log",
        "0",
        f"{len(loud)}, e.g. {loud[0][:300]}" if loud else "0",
        count > 0 and not loud,
    )


def _is_loud(line: str) -> bool:
    try:
        told = json.loads(line)
    except ValueError:
        return line.startswith("Traceback")
    return isinstance(told, dict) and told.get("level") in ("error", "critical")


def _get(demo: Running, path: str) -> Any:
    answer = requests.get(demo.control + path, timeout=60)
    answer.raise_for_status()
    return answer.json()


def _wait(look: Callable[[], T], enough: Callable[[T], bool], seconds: float = PATIENCE) -> T:
    """What is seen once it is enough, or at the end of patience."""
    deadline = time.monotonic() + seconds
    while not enough(seen := look()) and time.monotonic() < deadline:
        time.sleep(1)
    return seen


def table(promises: Sequence[Promise]) -> str:
    """The promises as aligned text."""
    rows = [("what", "expected", "seen", "")]
    rows += [(each.what, each.expected, each.seen, "ok" if each.ok else "NOT OK") for each in promises]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)


def main() -> int:
    try:
        demo = find()
    except Unfit as unfit:
        print(unfit, file=sys.stderr)
        return 1
    print(f"looking at the demo ({demo.kind}); what it promises takes about two minutes to happen", flush=True)
    try:
        promises = list(check(demo))
    except requests.RequestException as error:
        print(f"the demo does not answer: {error}", file=sys.stderr)
        return 1
    print(table(promises))
    return 0 if all(promise.ok for promise in promises) else 1


if __name__ == "__main__":
    sys.exit(main())
