"""The panel as a file for people: UTF-8 with BOM, `;`, Portuguese headings, replaced whole."""

import csv
import os
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, text

from shared.database.connection import transaction
from shared.errors import Outage
from shared.landing import cell

OFFICE_TIME = ZoneInfo("America/Sao_Paulo")
# Counted too: of two loads at once, the one that began first may commit last.
CHANGES = """
SELECT (SELECT count(*) FROM ops.loads WHERE inserted + updated + removed > 0) AS loads,
       (SELECT max(committed_at) FROM ops.loads WHERE inserted + updated + removed > 0) AS loaded_at
"""
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


class Export:
    """Writes `panel.csv` when rows changed since the last time, by one transformer at a time."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self._engine = engine
        self._target = folder / "panel.csv"
        self._written: Any = None

    def beat(self) -> None:
        """Write the file if there is something new; raises `Outage` where the folder or the database is away."""
        with transaction(self._engine) as connection:
            newest = connection.execute(text(CHANGES)).one()
            if newest.loads == 0 or newest == self._written:
                return
            mine = connection.execute(text("SELECT pg_try_advisory_xact_lock(hashtext('export:panel'))")).scalar()
            if not mine:
                return
            query = text(f"SELECT {', '.join(HEADINGS)} FROM bi.operational_panel ORDER BY due_date, task_id")  # noqa: S608
            rows = connection.execution_options(stream_results=True, yield_per=2000).execute(query)
            try:
                self._write(rows)
            except OSError as error:
                raise Outage("export", f"{self._target} cannot be written: {error}") from error
            self._written = newest

    def _write(self, rows: Any) -> None:
        self._target.parent.mkdir(parents=True, exist_ok=True)
        part = self._target.with_name(f"{self._target.name}.{os.getpid()}.part")
        with part.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file, delimiter=";")
            writer.writerow(HEADINGS.values())
            for row in rows:
                writer.writerow([_text(name, value) for name, value in zip(HEADINGS, row, strict=True)])
        part.replace(self._target)


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
