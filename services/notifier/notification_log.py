"""The one door to the notifier's tables: incidents as they are known and said, and how fresh the scopes are."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping, text

from services.notifier.incidents import Incident, Member, Signal, fold
from services.notifier.policy import EXPLAINS_FOR, Reason
from services.notifier.watch import Scope
from shared import inbox
from shared.database.connection import take_turn, transaction

CONSUMER = "notifier"


class NotificationLog:
    """ops.notifications. Every call is a transaction; a database that is away is an `Outage`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def hear(self, signals: Iterable[Signal], *, now: datetime, event_id: str | None = None) -> None:
        """Let signals open, feed and close incidents; those of one event count once."""
        with transaction(self._engine) as connection:
            # Handlers and beats both write here: one at a time, so that an incident is not opened twice.
            take_turn(connection, "notifications")
            if event_id is not None:
                if inbox.recall(connection, consumer=CONSUMER, event_id=event_id) is not None:
                    return
                inbox.remember(connection, consumer=CONSUMER, event_id=event_id, outcome={})
            for signal in signals:
                before = _newest(connection, signal.incident)
                after = fold(before, signal, heard_at=now)
                if after is not None and after != before:
                    _save(connection, after)

    def unfinished(self, *, now: datetime) -> list[Incident]:
        """Open incidents, closed ones whose end somebody waits to hear, and what ended just now; oldest first."""
        with transaction(self._engine) as connection:
            rows = connection.execute(
                text(
                    "SELECT * FROM ops.notifications WHERE closed_at IS NULL"
                    " OR (recovery_said_at IS NULL AND (said_at IS NOT NULL OR said_as IS NOT NULL))"
                    " OR closed_at > :since"
                    " ORDER BY opened_at, incident"
                ),
                {"since": now - EXPLAINS_FOR},
            ).mappings()
            return [_incident(row) for row in rows]

    def about_to_say(self, incident: Incident, reason: Reason) -> None:
        """Leave a trace before the send, for a crash between it and its record."""
        self._update(incident, "said_as = :said_as", said_as=reason.value)

    def not_said(self, incident: Incident) -> None:
        """The send failed for certain: as before."""
        self._update(incident, "said_as = :said_as", said_as=incident.said_as)

    def said(self, incident: Incident, reason: Reason, *, now: datetime, ts: str) -> None:
        """Record a send that succeeded."""
        if reason is Reason.RECOVERED:
            self._update(incident, "recovery_said_at = :now", now=now)
        else:
            self._update(
                incident,
                "said_at = :now, times_said = times_said + 1, message_ts = coalesce(message_ts, :ts)",
                now=now,
                ts=ts,
            )

    def freshness(self) -> list[Scope]:
        """Every scope of the newest plans."""
        with transaction(self._engine) as connection:
            rows = connection.execute(text("SELECT system, scope, every, last_read_at, is_stale FROM bi.freshness"))
            return [Scope(row.system, row.scope, row.every, row.last_read_at, row.is_stale) for row in rows]

    def answers(self) -> None:
        """Return when the database answers; `Outage` otherwise."""
        with transaction(self._engine) as connection:
            connection.execute(text("SELECT 1"))

    def _update(self, incident: Incident, assignments: str, **values: Any) -> None:
        statement = f"UPDATE ops.notifications SET {assignments} WHERE incident = :key AND opened_at = :opened_at"  # noqa: S608
        with transaction(self._engine) as connection:
            connection.execute(text(statement), {"key": incident.key, "opened_at": incident.opened_at, **values})


def _newest(connection: Connection, key: str) -> Incident | None:
    row = (
        connection.execute(
            text("SELECT * FROM ops.notifications WHERE incident = :key ORDER BY opened_at DESC LIMIT 1 FOR UPDATE"),
            {"key": key},
        )
        .mappings()
        .first()
    )
    return _incident(row) if row else None


def _save(connection: Connection, incident: Incident) -> None:
    facts = {"heard_at": incident.heard_at, "ended_at": incident.ended_at, "members": _members(incident)}
    connection.execute(
        text(
            """
            INSERT INTO ops.notifications (incident, opened_at, last_event_at, closed_at, facts, recovery_said_at)
            VALUES (:key, :opened_at, :last_event_at, :closed_at, :facts, :recovery_said_at)
            ON CONFLICT (incident, opened_at) DO UPDATE
            SET last_event_at = EXCLUDED.last_event_at, closed_at = EXCLUDED.closed_at, facts = EXCLUDED.facts,
                recovery_said_at = EXCLUDED.recovery_said_at
            """
        ),
        {
            "key": incident.key,
            "opened_at": incident.opened_at,
            "last_event_at": incident.last_event_at,
            "closed_at": incident.closed_at,
            "facts": json.dumps(facts, default=datetime.isoformat, ensure_ascii=False),
            "recovery_said_at": incident.recovery_said_at,
        },
    )


def _members(incident: Incident) -> dict[str, Any]:
    return {name: asdict(member) for name, member in incident.members.items()}


def _incident(row: RowMapping) -> Incident:
    facts = row["facts"]
    return Incident(
        key=row["incident"],
        opened_at=row["opened_at"],
        heard_at=datetime.fromisoformat(facts["heard_at"]),
        last_event_at=row["last_event_at"],
        closed_at=row["closed_at"],
        ended_at=_moment(facts["ended_at"]),
        members={
            name: Member(_moment(member["failed_at"]), _moment(member["worked_at"]), member["details"], member["times"])
            for name, member in facts["members"].items()
        },
        said_at=row["said_at"],
        said_as=row["said_as"],
        recovery_said_at=row["recovery_said_at"],
        times_said=row["times_said"],
        message_ts=row["message_ts"],
    )


def _moment(value: str | None) -> datetime | None:
    return datetime.fromisoformat(value) if value else None
