"""One way to load one batch, in a process of its own: `python -m bench.load_ways <way> <folder> <batch> <database>`.

Prints seconds and peak memory as one JSON line. Imports are not counted, of any way.
"""

import gzip
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, make_url

from shared.contracts.envelope import CONTENT_TYPE
from shared.contracts.events import RawDataReady
from shared.messaging.codec import decode

# The columns of the finished row that the report has, by the names of its keys.
COLUMNS = {
    "id": "task_id", "name": "title", "type": "type", "subtype": "subtype", "status": "status",
    "company_department.name": "department", "owner.name": "owner", "concluded_by.name": "concluded_by",
    "customer.code": "client_code", "customer.name": "client", "customer.cnpj": "client_document",
    "customer.active": "client_active", "customer.federal_regime.name": "client_regime", "created_at": "created_at",
    "_due_date": "due_date", "legal_date": "legal_due_date", "conclusion_date": "completed_at",
    "overdue": "source_overdue", "on_time": "source_on_time", "done_overdue": "done_late",
    "done_fine": "done_with_fine", "fine": "generates_fine", "downloaded": "downloaded",
    "notify_customer": "notify_client", "value": "value",
}  # fmt: skip
MOMENTS = ("created_at", "completed_at")
DAYS = ("due_date", "legal_due_date")


def batch_of(folder: Path, batch: str) -> Any:
    event = decode((folder / f"{batch}.fact").read_bytes(), content_type=CONTENT_TYPE)
    assert isinstance(event.data, RawDataReady)
    return event


def raw_rows(folder: Path, batch: str) -> Iterator[dict[str, Any]]:
    """The rows as a script would read them."""
    path = folder / "landing" / f"{batch_of(folder, batch).data.batch_ref}.jsonl.gz"
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)["row"]


def ours(folder: Path, batch: str, url: str) -> Callable[[], None]:
    from services.transformer.service import LoadRawData
    from services.transformer.tidy import gestta, notion
    from services.transformer.warehouse import Warehouse
    from shared import clock
    from shared.database.connection import connect
    from shared.landing import Landing

    login = make_url(url).set(username="transformer", password="bench").render_as_string(hide_password=False)
    load = LoadRawData(
        landing=Landing(str(folder / "landing")),
        warehouse=Warehouse(connect(login, name="transformer"), reject_limit=0.2),
        tidy={"gestta": gestta.tidy, "notion": notion.tidy},
        removal_limit=0.15,
        rules_version="bench",
        now=clock.now,
    )
    event = batch_of(folder, batch)

    def run() -> None:
        list(load(event))

    return run


def parked(folder: Path, batch: str, url: str) -> Callable[[], None]:
    """Ours, of a batch of which too much cannot be read."""
    from shared.errors import Rejected

    load = ours(folder, batch, url)

    def run() -> None:
        try:
            load()
        except Rejected:
            return
        raise SystemExit("the batch should have been parked")

    return run


def plain(folder: Path, _batch: str, url: str) -> Callable[[], None]:
    import psycopg2

    address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)

    def run() -> None:
        finished = folder / "postgres" / "finished.copy"
        with psycopg2.connect(address) as connection, connection.cursor() as cursor, finished.open("rb") as file:
            cursor.copy_expert("COPY public.plain FROM STDIN", file)

    return run


def pandas(folder: Path, batch: str, url: str) -> Callable[[], None]:
    import pandas as pd
    from sqlalchemy.dialects.postgresql import JSONB

    engine = create_engine(url)

    def run() -> None:
        raw = list(raw_rows(folder, batch))
        frame = pd.DataFrame(raw)[list(COLUMNS)].rename(columns=COLUMNS)
        for name in (*MOMENTS, *DAYS):
            frame[name] = pd.to_datetime(frame[name], utc=True, format="ISO8601")
        for name in DAYS:
            frame[name] = frame[name].dt.tz_convert("America/Sao_Paulo").dt.date
        frame["report"] = pd.Series(raw)
        frame.to_sql("tasks", engine, if_exists="replace", index=False, dtype={"report": JSONB()})

    return run


def dlt(folder: Path, batch: str, url: str) -> Callable[[], None]:
    os.environ |= {
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        "DLT_DATA_DIR": str(folder / "dlt"),
        "DLT_PROJECT_DIR": str(folder / "dlt"),
    }
    import dlt as tool

    address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    pipeline = tool.pipeline(
        "tasks",
        pipelines_dir=str(folder / "dlt"),
        destination=tool.destinations.postgres(address),
        dataset_name="dlt_tasks",
    )

    def tasks() -> Iterator[dict[str, Any]]:
        for row in raw_rows(folder, batch):
            yield {name: row.get(key) for key, name in COLUMNS.items()} | {"report": row}

    resource: Any = tool.resource(
        tasks,
        name="tasks",
        primary_key="task_id",
        write_disposition="merge",
        columns=[{"name": "report", "data_type": "json"}],
    )

    def run() -> None:
        pipeline.run(resource)

    return run


WAYS = {"ours": ours, "parked": parked, "plain": plain, "pandas": pandas, "dlt": dlt}


def peak_mib() -> float:
    """The kernel's high-water mark of this process alone: getrusage also counts what the parent had when it forked."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def main() -> None:
    way, folder, batch, url = sys.argv[1:]
    run = WAYS[way](Path(folder), batch, url)
    began = time.monotonic()
    run()
    print(json.dumps({"seconds": time.monotonic() - began, "peak": peak_mib()}))


if __name__ == "__main__":
    main()
