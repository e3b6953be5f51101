"""One Notion source of 30,000 rows behind a cap of 10,000, read by ours and by three others, each a process of its own.

The simulated Notion's rate limits are lifted, so that the seconds are the readers' and its own. Ours is the whole
service (`--once`): it talks to a private RabbitMQ, lands the rows with their proof and says so; the others only read.

`.venv/bin/python -m bench.compare_notion` (ROWS=30000)
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from time import perf_counter, sleep

from local import broker as rabbitmq
from local.folder import var
from local.preflight import check_folder
from shared.landing import Landing
from simulators.notion.schema import PropertySpec
from simulators.office import CODE, MANAGER, SINCE, STATE, TRADE_NAME
from simulators.serve import Running, start
from simulators.settings import on_free_ports
from simulators.world.generate import STATES

HERE = Path(__file__).parent.parent
ROWS = int(os.environ.get("ROWS", "30000"))
PEOPLE = 60
FIRST = datetime(2025, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Source:
    """The source that all read, and which rows are in it."""

    database_id: str
    id: str
    rows: frozenset[str]


@dataclass(frozen=True, slots=True)
class Reading:
    """What one reader got, and what it took. Both kinds of seconds and the memory are of its whole process."""

    reader: str
    rows: list[str]
    requests: int
    seconds: float
    cpu_seconds: float
    peak_mib: float
    exit_code: int

    def is_complete(self, source: Source) -> bool:
        return self.exit_code == 0 and len(self.rows) == len(source.rows) and set(self.rows) == source.rows

    def told(self, source: Source) -> str:
        if self.is_complete(source):
            return "all"
        return "failed" if self.exit_code else "cut, and took it for the end"


def make_source(running: Running, count: int = ROWS) -> Source:
    """A register of clients as the office's, some rows a minute, each with its manager."""
    workspace = running.workspace
    people = workspace.create_database("Equipe", {"Nome": "title"}).data_source_ids[0]
    managers = [workspace.create_page(people, {"Nome": f"Gestora {n}"}, created_time=FIRST) for n in range(PEOPLE)]
    columns: dict[str, PropertySpec] = {
        CODE: "title",
        TRADE_NAME: "rich_text",
        SINCE: "date",
        STATE: {"select": list(STATES)},
        MANAGER: {"relation": {"data_source_id": people}},
    }
    database = workspace.create_database("Clientes de muitos anos", columns)
    (source_id,) = database.data_source_ids
    rows = [
        workspace.create_page(
            source_id,
            {
                CODE: f"{n:05d}",
                TRADE_NAME: f"Comércio de Alimentos São João {n} Ltda.",
                SINCE: (FIRST + timedelta(days=n % 900)).date(),
                STATE: STATES[n % len(STATES)],
                MANAGER: [managers[n % PEOPLE]],
            },
            created_time=FIRST + timedelta(minutes=n // 3),
        )
        for n in range(count)
    ]
    return Source(database.id, source_id, frozenset(rows))


def measured(
    reader: str,
    running: Running,
    command: list[str],
    environment: Mapping[str, str],
    rows: Callable[[], list[str]],
) -> Reading:
    """Run a reader to its end; its noise goes nowhere unless it fails."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    asked_before = running.ledger.summary()["calls"]
    started = perf_counter()
    with tempfile.TemporaryFile() as noise:
        process = subprocess.Popen(command, env=kept | dict(environment), cwd=HERE, stdout=noise, stderr=noise)
        peak = 0.0
        while not (ended := os.wait4(process.pid, os.WNOHANG))[0]:
            peak = max(peak, high_water_mib(process.pid))
            sleep(0.02)
        _, status, usage = ended
        seconds = perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            noise.seek(0)
            sys.stderr.write(
                f"{reader} ended with {process.returncode}:\n{noise.read()[-3000:].decode(errors='replace')}\n"
            )
    requests = running.ledger.summary()["calls"] - asked_before
    cpu = usage.ru_utime + usage.ru_stime
    return Reading(reader, rows(), requests, seconds, cpu, peak, process.returncode)


def high_water_mib(pid: int) -> float:
    """The most memory a process has held since it became its program; `ru_maxrss` would count what it was forked from,
    which is this process with all of the simulated rows."""
    try:
        told = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in told.splitlines() if line.startswith("VmHWM")), 0.0)


def by_ours(running: Running, source: Source, folder: Path, *, requests_per_minute: int = 1_000_000) -> Reading:
    """The service itself, with a landing of its own."""
    landing = folder / "landing"

    def landed() -> list[str]:
        found = Landing(str(landing))
        batches = [m for m in found.manifests("notion") if m.scope == source.id]
        return [json.loads(row.text)["id"] for m in batches for row in found.rows(m.batch_ref, sha256=m.sha256)]

    with rabbitmq.private(folder / "rabbitmq") as broker:
        environment = {
            "AMQP_URL": broker.url(),
            "LANDING_URL": str(landing),
            "TOKENS_DIR": str(folder / "tokens"),
            "LOG_LEVEL": "WARNING",
            "NOTION_API_URL": running.urls["notion"],
            "NOTION_TOKEN": running.settings.notion_token.get_secret_value(),
            "NOTION_SOURCES": source.id,
            "NOTION_REQUESTS_PER_MINUTE": str(requests_per_minute),
        }
        declare = [sys.executable, "-m", "shared.messaging", "declare"]
        subprocess.run(declare, env=dict(os.environ) | environment, cwd=HERE, check=True, capture_output=True)
        command = [sys.executable, "-m", "services.notion_extractor", "--once"]
        return measured("**notion_extractor**", running, command, environment, landed)


def by_other(name: str, shown: str, running: Running, source: Source, folder: Path) -> Reading:
    """A reader of `bench.notion_readers`, with a home of its own and nothing said to anybody."""
    home = folder / name
    home.mkdir()
    (home / "config.toml").touch()
    found = home / "rows"

    def read() -> list[str]:
        return found.read_text("ascii").split() if found.exists() else []

    environment = {
        "HOME": str(home),
        "NOTION_URL": running.urls["notion"],
        "NOTION_TOKEN": running.settings.notion_token.get_secret_value(),
        "DATABASE": source.database_id,
        "DATA_SOURCE": source.id,
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        "ULTIMATE_NOTION_CONFIG": str(home / "config.toml"),
    }
    command = [sys.executable, "-m", "bench.notion_readers", name, str(found)]
    return measured(shown, running, command, environment, read)


def table(readings: list[Reading], source: Source) -> str:
    """Markdown."""
    lines = [
        "| reader | rows received | what it made of the cap | requests | seconds | CPU seconds | peak memory |",
        "| --- | ---: | --- | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {reading.reader} | {len(set(reading.rows)):,} of {len(source.rows):,} | {reading.told(source)} |"
        f" {reading.requests:,} | {reading.seconds:.1f} | {reading.cpu_seconds:.1f} |"
        f" {reading.peak_mib:.0f} MiB |"
        for reading in readings
    ]
    return "\n".join(lines)


def main() -> int:
    settings = on_free_ports(clients=1)
    others = {
        "dlt": f"dlt {version('dlt')}, rest_client as its Notion source asks",
        "ultimate-notion": f"ultimate-notion {version('ultimate-notion')}",
        "notion-client": f"notion-client {version('notion-client')}",
    }
    place = var() / "bench"
    check_folder(place, [rabbitmq.ACCOUNT])
    with start(settings) as running, tempfile.TemporaryDirectory(dir=place) as temporary:
        source, folder = make_source(running), Path(temporary)
        folder.chmod(0o755)  # the broker runs as its own user
        ours = by_ours(running, source, folder)
        readings = [ours, *(by_other(name, shown, running, source, folder) for name, shown in others.items())]
    print(table(readings, source))
    holds = ours.is_complete(source)
    print(f"\nbar: all {len(source.rows):,} rows past the cap, each once: {'holds' if holds else 'does not hold'}")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
