"""How well the two sources fit together: measured after each load that changed something, and once a day at least."""

from sqlalchemy import Connection, text

# The moment is the database's, as a load's `committed_at` is: loads that change something follow one another from the
# writing of the history on, so that of each load the newest measures at or before its end are its own
# (`ops.quality_by_load`).
MEASURES = """
WITH once AS MATERIALIZED (SELECT clock_timestamp() AS moment)
INSERT INTO ops.quality (measured_at, system, scope, measure, value)
SELECT moment, :system, :scope, problem, rows FROM ops.problems CROSS JOIN once ON CONFLICT DO NOTHING
"""
# Whether a flag contradicts a date is another thing on another day.
MEASURED_TODAY = """
SELECT max(measured_at) >= (now() AT TIME ZONE 'America/Sao_Paulo')::date::timestamp AT TIME ZONE 'America/Sao_Paulo'
FROM ops.quality WHERE measure = 'flags_against_dates'
"""


def measure(connection: Connection, *, system: str, scope: str, changed: bool) -> None:
    """The counts of `ops.problems` (whose names `ops.clients_at_odds` says), as this load leaves them.

    One that changed nothing leaves those that were measured before it, today.
    """
    if changed or not connection.execute(text(MEASURED_TODAY)).scalar():
        connection.execute(text(MEASURES), {"system": system, "scope": scope})
