"""The daily end of the batches that need not be kept."""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from shared.landing import Landing
from shared.messaging.service import Every

log = structlog.get_logger()


def pruning(landing: Landing, system: str, *, keep: timedelta, now: Callable[[], datetime]) -> Every:
    """The beat that lets go of a system's batches (`shared.landing.retention` says which)."""

    def beat() -> None:
        if gone := landing.prune(system, now=now(), keep=keep):
            log.info("pruned", batches=gone)

    return Every("prune", timedelta(days=1), beat)
