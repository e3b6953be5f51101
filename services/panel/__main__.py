"""`python -m services.panel`."""

import sys
from datetime import timedelta

import uvicorn

from services.panel.newest import Newest
from services.panel.service import app
from services.panel.settings import Settings
from services.panel.warehouse import Warehouse
from shared import clock, health, log
from shared.database.connection import connect
from shared.settings import load

BOARD_KEPT = timedelta(seconds=2)
QUALITY_KEPT = timedelta(seconds=20)
"""At 500,000 tasks reading it costs the server some 0.4 s."""


def main() -> int:
    """Serve until told to stop."""
    settings = load(Settings)
    log.configure(service="panel", level=settings.log_level)
    state = health.Health()
    state.well("start")
    health.serve(state, settings.health_port)
    engine = connect(settings.warehouse_url, name="panel")
    warehouse = Warehouse(engine)
    server = uvicorn.Server(
        uvicorn.Config(
            app(
                Newest(warehouse.board, BOARD_KEPT, state, clock.now),
                Newest(warehouse.quality, QUALITY_KEPT, state, clock.now),
            ),
            host=settings.panel_host,
            port=settings.panel_port,
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="off",
            timeout_graceful_shutdown=3,
        )
    )
    server.run()
    engine.dispose()
    return 0 if server.started else 1


if __name__ == "__main__":
    sys.exit(main())
