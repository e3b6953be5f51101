"""How well the two sources fit together, measured after each load that changed something."""

from datetime import datetime

from sqlalchemy import Connection, text

from shared.contracts.events import RawDataReady

MEASURES = """
INSERT INTO ops.quality (measured_at, system, scope, measure, value)
SELECT :now, :system, :scope, problem, rows FROM ops.problems ON CONFLICT DO NOTHING
"""


def measure(connection: Connection, batch: RawDataReady, *, now: datetime) -> None:
    """The counts of `ops.problems` (whose names `ops.clients_at_odds` says), as this load leaves them."""
    connection.execute(text(MEASURES), {"now": now, "system": batch.system, "scope": batch.scope})
