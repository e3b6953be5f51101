"""What the manifests in the landing tell of a source's last reads."""

from datetime import datetime
from typing import Any

import structlog

from services.notion_extractor.turn import LastFull
from shared.errors import Rejected
from shared.extraction.record import Memory
from shared.landing import Landing, Manifest

log = structlog.get_logger()


def last_read(landing: Landing, memory: Memory, scope: str) -> Manifest | None:
    """The manifest of a source's newest batch; None where it was never read, or its manifest is gone."""
    last = memory.reads.get(scope)
    if last is None:
        return None
    try:
        return landing.manifest(last.batch_ref)
    except Rejected as error:
        log.warning("the last manifest cannot be read: the source is read as if for the first time", reason=str(error))
        return None


def last_full(last: Manifest | None) -> LastFull | None:
    """The last whole read, as the newest batch knows it."""
    if last is None:
        return None
    if last.kind == "full":
        proof = last.content["proof"]
        requests = proof["cut"]["requests"] + proof["cut"]["left_cut"]
        return LastFull(last.batch_ref, started(last), proof["pages"], requests)
    full: dict[str, Any] | None = last.content.get("full")
    if full is None:
        return None
    return LastFull(full["batch_ref"], datetime.fromisoformat(full["started"]), full["pages"], full["cut_requests"])


def started(last: Manifest) -> datetime:
    """When the read that a manifest tells of began."""
    return datetime.fromisoformat(last.content.get("started") or last.content["read_from"])
