"""What one answer of Notion says: its object, or what went wrong and the wait that it asks for."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from services.notion_extractor.verdict import Answered, Next
from services.notion_extractor.walk import WalkAgain
from shared import clock
from shared.errors import AuthRejected, Rejected, Transient
from shared.http import Answer, retry_after


class NotFound(Rejected):
    """404: absent or not shared with the connection; Notion does not say which."""


class AskAgain(Transient):
    """Ask once more."""


def object_of(answer: Answer) -> dict[str, Any] | None:
    """None for what is no JSON object."""
    try:
        found = answer.json()
    except Transient:
        return None
    return found if isinstance(found, dict) else None


def told(answer: Answer, found: dict[str, Any] | None) -> tuple[Answered, str]:
    """What the retry table needs to know, and the answer in words."""
    if found is None or found.get("object") != "error":
        start = answer.body[:60].decode("utf-8", "replace")
        return Answered(answer.status, is_json=False), f"{answer.status} without a Notion object; it starts {start!r}"
    status, code, message = answer.status, found.get("code"), str(found.get("message", ""))[:300]
    if status == 200:  # an error in the clothes of an answer: its own status counts
        inner = found.get("status")
        status = inner if isinstance(inner, int) and inner >= 400 else 500
    detail = found.get("additional_data")
    reason = detail.get("rate_limit_reason") if isinstance(detail, dict) else None
    return (
        Answered(
            status,
            code=str(code),
            reason=str(reason) if reason is not None else None,
            names_cursor="cursor" in message.lower(),
        ),
        f"{status} {code}: {message}",
    )


def error_for(follows: Next, said: str, wait: float | None) -> Exception:
    """What is raised, by what happens next; `wait` in seconds."""
    match follows:
        case Next.AGAIN | Next.AGAIN_SMALLER:
            return AskAgain(said, retry_after=wait)
        case Next.GIVE_UP:
            return Transient(said, retry_after=wait)
        case Next.WALK_AGAIN:
            return WalkAgain(f"the cursor is no longer valid: {said}")
        case Next.TOKEN_REFUSED:
            return AuthRejected("notion", 401, f"the token is invalid, expired or revoked ({said})")
        case Next.FORBIDDEN:
            return AuthRejected("notion", 403, f"the connection lacks a capability, it needs `Read content` ({said})")
        case Next.ABSENT:
            return NotFound(
                f"Notion does not know it, or it is not shared with the connection (••• → Connections): {said}"
            )
        case Next.NETWORK:
            return Rejected(f"something on the way to Notion refuses us (a network block, not permissions): {said}")
        case _:
            return Rejected(f"Notion refuses this for good, asking again would not help: {said}")


def asked_wait(answer: Answer, found: dict[str, Any] | None) -> float | None:
    """Seconds to wait by the header, else by the body, which repeats them as a text."""
    wait = retry_after(answer.headers, now=clock.now())
    detail = (found or {}).get("additional_data")
    text = str(detail.get("retry_after", "")) if isinstance(detail, dict) else ""
    return wait if wait is not None else float(text) if text.isdecimal() else None


def server_time(answer: Answer) -> datetime | None:
    """What the server's clock said."""
    try:
        moment = parsedate_to_datetime(answer.headers.get("Date", ""))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
