"""The panel as files: a sheet for people (UTF-8 with BOM, `;`, Portuguese headings), a JSON document for programs."""

import csv
import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import IO, Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, text

from shared.database.connection import transaction
from shared.errors import Outage
from shared.landing import cell, iso

OFFICE_TIME = ZoneInfo("America/Sao_Paulo")
EVERY = timedelta(minutes=1)
# The newest load that changed something, and how many did in the day before it: of two at once, the one that began
# first may commit last. What is forgotten is older. And a new day makes other tasks late.
STATE = """
SELECT count(*) || ' loads to ' || coalesce(max(load_id), 0) || ' of ' || coalesce(max(committed_at)::text, '')
       || ' seen on ' || (:now AT TIME ZONE 'America/Sao_Paulo')::date AS state, count(*) AS loads
FROM ops.loads
WHERE inserted + updated + removed > 0
  AND committed_at > (SELECT max(committed_at) FROM ops.loads WHERE inserted + updated + removed > 0) - interval '1 day'
"""
LAST = "SELECT state, written_at FROM ops.exports WHERE name = 'panel'"
WRITTEN = """
INSERT INTO ops.exports (name, state, written_at) VALUES ('panel', :state, :now)
ON CONFLICT (name) DO UPDATE SET state = excluded.state, written_at = excluded.written_at
"""
PANEL = "SELECT * FROM bi.operational_panel ORDER BY due_date, task_id"
STREAMED = {"stream_results": True, "yield_per": 2000}
HEADINGS = {
    "source": "Sistema",
    "task_id": "Código da tarefa",
    "title": "Tarefa",
    "status": "Situação",
    "department": "Departamento",
    "owner": "Responsável",
    "client_code": "Código do cliente",
    "client": "Cliente",
    "client_trade_name": "Nome fantasia",
    "client_document": "CNPJ/CPF",
    "client_regime": "Regime",
    "client_manager": "Gestão do cliente",
    "client_state": "Estado",
    "competence": "Competência",
    "due_date": "Meta",
    "legal_due_date": "Prazo legal",
    "completed_at": "Concluída em",
    "is_open": "Aberta",
    "is_overdue": "Atrasada",
    "days_late": "Dias de atraso",
    "generates_fine": "Gera multa",
    "done_with_fine": "Concluída com multa",
    "read_at": "Lida em",
}
WORDS = {
    "open": "Aberta",
    "in_progress": "Em andamento",
    "blocked": "Impedida",
    "done": "Concluída",
    "set_aside": "Desconsiderada",
    "cancelled": "Cancelada",
}


@dataclass(frozen=True, slots=True)
class Export:
    """Writes `panel.csv` (for people) and `panel.json` (for programs: every column of the view, under its name).

    When rows changed since the last time, at most once a minute, by one transformer at a time, however many there are.
    """

    engine: Engine
    folder: Path
    now: Callable[[], datetime]

    def beat(self) -> None:
        """Write the files if there is something new; raises `Outage` where the folder or the database is away."""
        now = self.now()
        with transaction(self.engine) as connection:
            if not connection.execute(text("SELECT pg_try_advisory_xact_lock(hashtext('export:panel'))")).scalar():
                return
            current = connection.execute(text(STATE), {"now": now}).one()
            last = connection.execute(text(LAST)).one_or_none()
            try:
                if not last and current.loads == 0:
                    return
                if last and not self._is_due(last.state != current.state, now - last.written_at):
                    return
                rows = connection.execute(text(PANEL), execution_options=STREAMED)
                self._write((dict(row) for row in rows.mappings()), now)
            except OSError as error:
                raise Outage("export", f"{self.folder} cannot be written: {error}") from error
            connection.execute(text(WRITTEN), {"state": current.state, "now": now})

    def _is_due(self, changed: bool, age: timedelta) -> bool:
        lost = not all((self.folder / name).exists() for name in ("panel.csv", "panel.json"))
        return lost or (changed and age >= EVERY)

    def _write(self, rows: Iterable[dict[str, Any]], now: datetime) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (
            _replaced(self.folder / "panel.csv", encoding="utf-8-sig") as sheet,
            _replaced(self.folder / "panel.json", encoding="utf-8") as document,
        ):
            writer = csv.writer(sheet, delimiter=";")
            writer.writerow(HEADINGS.values())
            document.write(f'{{"written_at": "{iso(now)}", "tasks": [')
            for number, row in enumerate(rows):
                writer.writerow([_text(name, row[name]) for name in HEADINGS])
                document.write(",\n" if number else "\n")
                json.dump(row, document, ensure_ascii=False, default=_plain)
            document.write("\n]}\n")


@contextmanager
def _replaced(target: Path, *, encoding: str) -> Iterator[IO[str]]:
    """A new file in the place of `target`, whole or not at all."""
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        with part.open("w", encoding=encoding, newline="") as file:
            yield file
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            return iso(value)
        case Decimal():
            return float(value)
        case _:
            return value.isoformat()


def _text(name: str, value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "sim" if value else "não"
        case datetime():
            return f"{value.astimezone(OFFICE_TIME):%d/%m/%Y %H:%M}"
        case Decimal():
            return str(value).replace(".", ",")
        case str():
            return WORDS.get(value, value) if name == "status" else cell(value)
        case _:
            return f"{value:%d/%m/%Y}" if hasattr(value, "strftime") else str(value)
