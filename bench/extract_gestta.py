"""Gestta's extractor against a bare loop, over pre-rendered responses of the simulated Gestta.

`make bench-extract`, or `.venv/bin/python -m bench.extract_gestta`: CPU seconds of the reading process per 100,000 rows
and its peak memory, for 15,000 and for 500,000 tasks. The bare loop fetches the same responses and parses each with
`json`; ours reads, checks, compares with what the scope held, lands, compresses and hashes them. Each reads in a
process of its own; the responses come out of another one's memory.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import requests

from services.gestta_extractor.access import Access
from services.gestta_extractor.credentials import Credentials
from services.gestta_extractor.gestta_api import GesttaApi
from services.gestta_extractor.kept import Kept
from services.gestta_extractor.plan import Block, blocks, search_every
from services.gestta_extractor.service import Extract, Range
from shared import clock
from shared.clock import ReadClock
from shared.extraction.announce import Announcer
from shared.extraction.news import News
from shared.extraction.record import Recorder, recall
from shared.extraction.spreadsheets import Spreadsheets
from shared.extraction.supplied import SuppliedTokens
from shared.landing import Landing
from simulators import serve
from simulators.settings import Settings

SIZES = (15_000, 500_000)
QUARTERS = 12
EVERY = timedelta(minutes=7)
PER_HOUR = 600
TIMES_BARE = 4.0
GROWTH_MIB = 30.0
REPORT, SEARCH = "/core/customer/task/report", "/core/customer/task/search"


def plan() -> list[Block]:
    return blocks(clock.now().date(), first_year=-1, last_year=1, months=3, too_large=())


def body_of(block: Block) -> dict[str, object]:
    dates = {"startDate": f"{block.first}T00:00:00-03:00", "endDate": f"{block.last}T23:59:59-03:00"}
    return {"type": "CUSTOMER_TASK", "filter": "CURRENT_MONTH", "dates": dates}


def pages_of(ask: requests.Session, url: str) -> Iterator[tuple[str, bytes]]:
    """Every page of the searches that a run makes, by status and number."""
    for status in ("OPEN", "IMPEDIMENT"):
        number = 1
        while True:
            body = {"page": number, "limit": 500, "status": [status], "os_workflow": True}
            answer = ask.post(f"{url}{SEARCH}", json=body, timeout=600)
            yield f"{status} {number}", answer.content
            if number >= answer.json()["pages"]:
                break
            number += 1


def render(tasks: int) -> dict[str, bytes]:
    """The responses of a world with so many tasks."""
    ports = dict.fromkeys((f"{name}_port" for name in ("gestta", "notion", "slack", "portal", "control")), 0)
    settings = Settings(**ports, tasks_per_quarter=tasks // QUARTERS, events_per_minute=0)  # type: ignore[arg-type]
    with serve.start(settings) as running, requests.Session() as ask:
        issue = f"{running.urls['control']}/gestta/token/issue"
        token = ask.post(issue, timeout=60).json()["token"]
        ask.headers["Authorization"] = f"JWT {token}"
        url = running.urls["gestta"]
        found = {
            block.scope: ask.post(f"{url}{REPORT}", json=body_of(block), timeout=600).content or b"[]"
            for block in plan()
        }
        return found | dict(pages_of(ask, url))


def server(tasks: int) -> None:
    """Serve the pre-rendered responses; says its port when it is ready, ends with its standard input."""
    rendered = render(tasks)

    class Answer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self.answer(rendered[name_of(self.path, asked)])

        def do_GET(self) -> None:
            self.answer(b"{}")

        def answer(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  its name in the standard library
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=http.serve_forever, daemon=True).start()
    print(http.server_port, flush=True)
    sys.stdin.read()


def name_of(path: str, asked: dict[str, object]) -> str:
    if path == SEARCH:
        return f"{asked['status'][0]} {asked['page']}"  # type: ignore[index]
    dates: dict[str, str] = asked["dates"]  # type: ignore[assignment]
    return Block(date.fromisoformat(dates["startDate"][:10]), date.fromisoformat(dates["endDate"][:10])).scope


def bare(url: str) -> int:
    """Fetch and parse every response; returns the rows."""
    with requests.Session() as ask:
        rows = sum(len(json.loads(ask.post(f"{url}{REPORT}", json=body_of(b), timeout=600).content)) for b in plan())
        return rows + sum(len(json.loads(content)["docs"]) for _, content in pages_of(ask, url))


def ours(url: str, runs: int) -> tuple[int, int]:
    """So many whole runs of the extractor into a landing of its own; returns the rows and requests of one."""
    with tempfile.TemporaryDirectory() as folder:
        landing = Landing(f"{folder}/landing")
        reads = ReadClock(None)
        api = GesttaApi(url, requests_per_hour=1_000_000, reads=reads)
        announcer = Announcer(landing, "gestta")
        source = "/services/gestta_extractor"
        news = News(announcer, "gestta", source=source, now=clock.now)
        tokens = Path(folder) / "tokens"
        credentials = Credentials(
            login=None,
            opens=api.me,
            supplied=SuppliedTokens(tokens, "gestta"),
            from_settings=lambda: "any-word-that-is-long-enough",
            kept=Kept(tokens / "gestta.token.kept"),
        )
        stop = threading.Event()
        extract = Extract(
            api=api,
            access=Access(api, credentials, news, now=clock.now, warning=timedelta(hours=2)),
            recorder=Recorder(landing, "gestta", source, recall(landing, "gestta"), reads),
            announcer=announcer,
            spreadsheets=Spreadsheets(landing),
            news=news,
            range=Range(-1, 1, 3, EVERY, PER_HOUR, ""),
            now=clock.now,
            stop=stop,
            wait=stop.wait,
        )
        for _ in range(runs):
            extract._whole = True  # noqa: SLF001
            extract.run()
        if not news.nothing_failed:
            raise SystemExit("a scope failed")
        manifests = list(landing.manifests("gestta"))
        return sum(m.records for m in manifests) // runs, (1_000_000 - api.left) // runs


def measured(role: str, url: str, runs: int) -> None:
    """Be the process that is measured; prints its figures."""
    began = cpu()
    rows, calls = ours(url, runs) if role == "ours" else (bare(url), 0)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"rows": rows, "cpu": (cpu() - began) / runs, "mib": peak, "calls": calls}))


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def run(*arguments: str) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.extract_gestta", *arguments], check=True, stdout=subprocess.PIPE, text=True
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def compare() -> int:
    print(f"{datetime.now(UTC):%Y-%m-%d}, Python {sys.version.split()[0]}; ours: two runs, the second compares\n")
    print(
        "| tasks | rows | bare loop, CPU s / 100,000 | ours, CPU s / 100,000 | times | bare MiB | ours MiB | requests |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    times, peaks, calls = [], [], 0.0
    for tasks in SIZES:
        serving = subprocess.Popen(
            [sys.executable, "-m", "bench.extract_gestta", "serve", str(tasks)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert serving.stdout is not None
        url = f"http://127.0.0.1:{int(serving.stdout.readline())}"
        loop, mine = run("bare", url), run("ours", url)
        serving.communicate()
        per = 100_000 / mine["rows"]
        times.append(mine["cpu"] / loop["cpu"])
        peaks.append(mine["mib"])
        calls = mine["calls"]
        print(
            f"| {tasks:,} | {mine['rows']:,.0f} | {loop['cpu'] * per:.2f} | {mine['cpu'] * per:.2f} | {times[-1]:.1f} |"
            f" {loop['mib']:.0f} | {mine['mib']:.0f} | {calls:.0f} |",
            flush=True,
        )
    # Every block but the one that holds today once an hour, that one in every run, the searches as often as they may.
    search = int(calls) - len(plan())
    searches = timedelta(hours=1) / search_every(search, every=EVERY, requests_per_hour=PER_HOUR)
    hourly = len(plan()) - 1 + timedelta(hours=1) / EVERY + search * searches
    print(f"\nrequests an hour for {SIZES[-1]:,} tasks, without lookups: {hourly:.0f} of {PER_HOUR}")
    holds = times[-1] <= TIMES_BARE and peaks[-1] - peaks[0] <= GROWTH_MIB and hourly <= PER_HOUR
    print(
        f"bars: at most {TIMES_BARE:.0f} times the bare loop, memory within {GROWTH_MIB:.0f} MiB, requests within the"
        f" hour's: {'hold' if holds else 'do not hold'}"
    )
    return 0 if holds else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("role", nargs="?", choices=["serve", "bare", "ours"])
    parser.add_argument("what", nargs="?")
    asked = parser.parse_args()
    match asked.role:
        case None:
            return compare()
        case "serve":
            server(int(asked.what))
        case role:
            measured(role, asked.what, 2 if role == "ours" else 1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
