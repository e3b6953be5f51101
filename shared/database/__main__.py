"""`python -m shared.database upgrade`: migrations and roles."""

import sys
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from shared import log
from shared.database.upgrade import LOGINS, upgrade
from shared.errors import Outage
from shared.settings import Database, load


class Settings(Database):
    """The owner's connection, and the folder with one file `db_<login>` per login."""

    database_logins_dir: Path | None = None


def passwords(folder: Path | None) -> dict[str, str]:
    """The passwords that lie in `folder`; a login without a file gets none."""
    found = {}
    for login in LOGINS if folder else ():
        file = Path(folder or "") / f"db_{login}"
        if file.is_file():
            found[login] = file.read_text(encoding="utf-8").strip()
    return found


def main() -> int:
    if sys.argv[1:] != ["upgrade"]:
        sys.stderr.write("usage: python -m shared.database upgrade\n")
        return 2
    settings = load(Settings)
    log.configure(service="upgrade", level=settings.log_level)
    try:
        version = upgrade(settings.warehouse_url, passwords(settings.database_logins_dir))
    except Outage as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except DBAPIError as error:
        sys.stderr.write(f"the database refused the upgrade: {error.orig}\n")
        return 1
    sys.stdout.write(f"the schema is {version}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
