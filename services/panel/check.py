"""`--check`: the panel's settings and login tried for real, one JSON line each, for the doctor."""

from collections.abc import Iterator

from services.panel.settings import Settings
from services.panel.warehouse import Warehouse
from shared import clock
from shared.checks import Check, tell
from shared.database.connection import WrongPassword, connect
from shared.errors import Outage
from shared.settings import SettingsError, load


def main() -> int:
    """Print what was found to stdout; 0 when all is well."""
    return tell(findings())


def findings() -> Iterator[Check]:
    """Settings, then the login and the views."""
    try:
        settings = load(Settings)
    except SettingsError as error:
        yield Check("panel: configuração", False, f"Há configurações erradas; corrija-as no .env. {error}")
        return
    yield _database(settings)


def _database(settings: Settings) -> Check:
    name = "panel: banco de dados"
    engine = connect(settings.warehouse_url, name="panel check")
    try:
        board = Warehouse(engine).board(now=clock.now())
    except WrongPassword as error:
        advice = "A senha do banco está errada: rode `python -m shared.database upgrade`, que a grava de novo."
        return Check(name, False, f"{advice} ({error})")
    except Outage as error:
        advice = "O painel não consegue ler o banco: confira PANEL_DATABASE_URL e rode a migração."
        return Check(name, False, f"{advice} ({error})")
    finally:
        engine.dispose()
    return Check(name, True, f"O painel lê o banco: {board.total.open} tarefas abertas.")
