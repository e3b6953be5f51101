"""What refreshes left in `ops` and nobody needs any more goes."""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Engine

from shared.database.forget import Forget

RUNS = timedelta(days=90)
"""As long as the journal and the loads that they answered."""
REQUESTS = timedelta(days=100)
"""A load asks once: known for longer than any road by which its fact comes again by itself."""
# The gap counts from the newest start, and the newest refresh that succeeded says how old the panel is. What waits for
# a refresh waits however long, and what is not said yet is said with the loads that it covers.
OLD = {
    "refresh_requests": """requested_at < :request AND run_id IS NOT NULL
        AND run_id NOT IN (SELECT run_id FROM ops.refresh_runs WHERE to_say)""",
    "refresh_runs": """started_at < :run AND outcome IS NOT NULL AND NOT to_say AND run_id NOT IN (
        (SELECT run_id FROM ops.refresh_runs ORDER BY started_at DESC LIMIT 1)
        UNION ALL
        (SELECT run_id FROM ops.refresh_runs WHERE outcome = 'refreshed' ORDER BY started_at DESC LIMIT 1))""",
}


def forgetting(engine: Engine, now: Callable[[], datetime]) -> Forget:
    """The refresher's beat."""

    def moments() -> dict[str, datetime]:
        return {"request": now() - REQUESTS, "run": now() - RUNS}

    return Forget(engine, "bi_refresher", OLD, moments)
