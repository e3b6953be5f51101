"""What an answer other than a good one means, and whether to ask again: Notion's retry table. A decision."""

from dataclasses import dataclass
from enum import StrEnum

TRIES = 6
CONFLICT_TRIES = 3
SLOW_TRIES = 8
"""Two at each page size: 100, 50, 25, 10."""
BLOCKED = "public_api_request_blocked"
SLOW = frozenset({503, 504})
_SIZES = (100, 50, 25, 10)


class Next(StrEnum):
    """What happens after an answer."""

    AGAIN = "asked again"
    AGAIN_SMALLER = "asked again, for a smaller page"
    GIVE_UP = "enough for this run"
    WALK_AGAIN = "the walk begins anew"
    TOKEN_REFUSED = "the token is refused"  # noqa: S105  a verdict, no password
    FORBIDDEN = "a capability is missing"
    ABSENT = "absent or not shared"
    NETWORK = "somebody between us and Notion refuses"
    STOP = "never asked again"


@dataclass(frozen=True, slots=True)
class Answered:
    """The facts of an answer. `is_json`: it carries Notion's own error object, not a page of whoever stands between."""

    status: int
    code: str | None = None
    reason: str | None = None
    is_json: bool = True
    names_cursor: bool = False


def verdict(answered: Answered, *, attempt: int) -> Next:
    """What follows the `attempt`-th answer (from 1) to one question. Every question here is a read, POST or not."""
    status = answered.status
    if not answered.is_json and not _passes(status):
        return Next.NETWORK
    match status:
        case 401:
            return Next.TOKEN_REFUSED
        case 403:
            return Next.FORBIDDEN
        case 404:
            return Next.ABSENT
        case 400 if answered.names_cursor and answered.code == "validation_error":
            return Next.WALK_AGAIN
        case 409:
            return _again(attempt, CONFLICT_TRIES)
        case 429 if answered.reason == BLOCKED:
            return Next.STOP
        case _ if status in SLOW:
            follows = _again(attempt, SLOW_TRIES)
            return Next.AGAIN_SMALLER if follows is Next.AGAIN and attempt % 2 == 0 else follows
        case _ if _passes(status):
            return _again(attempt, TRIES)
    return Next.STOP


def smaller(page_size: int) -> int:
    """The page size to try after two failures at this one."""
    return next((size for size in _SIZES if size < page_size), _SIZES[-1])


def _again(attempt: int, tries: int) -> Next:
    return Next.AGAIN if attempt < tries else Next.GIVE_UP


def _passes(status: int) -> bool:
    """Statuses that pass by themselves, whoever sent them; a 2xx that holds no answer is one of them."""
    return 200 <= status < 300 or status in (408, 429) or status >= 500
