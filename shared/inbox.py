"""What a consumer has handled, with the outcome, in the transaction of the rows themselves (guarantee 2)."""

import json
from typing import Any

from sqlalchemy import Connection, text


def recall(connection: Connection, *, consumer: str, event_id: str) -> Any | None:
    """The stored outcome of an event that was handled before; None for a new one."""
    return connection.execute(
        text("SELECT outcome FROM ops.processed_events WHERE consumer = :consumer AND event_id = :event_id"),
        {"consumer": consumer, "event_id": event_id},
    ).scalar()


def remember(connection: Connection, *, consumer: str, event_id: str, outcome: Any) -> None:
    """Store the outcome; it becomes true with the caller's transaction."""
    connection.execute(
        text("INSERT INTO ops.processed_events (consumer, event_id, outcome) VALUES (:consumer, :event_id, :outcome)"),
        {"consumer": consumer, "event_id": event_id, "outcome": json.dumps(outcome)},
    )
