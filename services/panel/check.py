"""`--check`: the panel's settings and login tried for real, one JSON line each, for the doctor."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from services.panel.settings import Settings
from services.panel.warehouse import Warehouse
from shared import clock
from shared.database.connection import WrongPassword, connect
from shared.errors import Outage
from shared.settings import SettingsError, load


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check; `said` is a sentence for people."""

    check: str
    ok: bool
    said: str


def main() -> int:
    """Print the findings to stdout; 0 when all is well."""
    ok = True
    for finding in findings():
        print(json.dumps(asdict(finding), ensure_ascii=False), flush=True)  # noqa: T201  stdout is its interface
        ok = ok and finding.ok
    return 0 if ok else 1


def findings() -> Iterator[Finding]:
    """Settings, then the login and the views."""
    try:
        settings = load(Settings)
    except SettingsError as error:
        yield Finding("panel: configuração", False, f"Há configurações erradas; corrija-as no .env. {error}")
        return
    yield _database(settings)


def _database(settings: Settings) -> Finding:
    name = "panel: banco de dados"
    engine = connect(settings.warehouse_url, name="panel check")
    try:
        board = Warehouse(engine).board(now=clock.now())
    except WrongPassword as error:
        advice = "A senha do banco está errada: rode `python -m shared.database upgrade`, que a grava de novo."
        return Finding(name, False, f"{advice} ({error})")
    except Outage as error:
        advice = "O painel não consegue ler o banco: confira PANEL_DATABASE_URL e rode a migração."
        return Finding(name, False, f"{advice} ({error})")
    finally:
        engine.dispose()
    return Finding(name, True, f"O painel lê o banco: {board.total.open} tarefas abertas.")
