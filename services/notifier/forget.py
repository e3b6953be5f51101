"""What the notifier left in `ops` and nobody needs any more goes."""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Engine

from shared.database.forget import Forget

HANDLED = timedelta(days=100)
"""Longer than any road by which a fact comes again by itself."""
# What is open, or over and not yet said to be, stays; so does the newest of each incident: it knows since when what
# failed works again, so that a failure from before opens nothing.
OLD = {
    "processed_events": "consumer = 'notifier' AND handled_at < :handled",
    "notifications": """closed_at < :handled
        AND (recovery_said_at IS NOT NULL OR (said_at IS NULL AND said_as IS NULL))
        AND (incident, opened_at) NOT IN (SELECT incident, max(opened_at) FROM ops.notifications GROUP BY incident)""",
}


def forgetting(engine: Engine, now: Callable[[], datetime]) -> Forget:
    """The notifier's beat."""
    return Forget(engine, "notifier", OLD, lambda: {"handled": now() - HANDLED})
