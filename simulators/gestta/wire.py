"""What a request asks for, read as leniently as the real one reads it."""

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response


async def body_of(request: Request) -> dict[str, Any]:
    """The body's object; empty where it is none."""
    try:
        body = json.loads(await request.body() or b"{}")
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def rows_as(value: object) -> Response:
    """JSON with everything escaped: a spoilt name may hold half of a character, which has no bytes of its own."""
    return Response(json.dumps(value), media_type="application/json")


def positive(value: object, default: int) -> int:
    try:
        return max(1, int(str(value)))
    except ValueError:
        return default


def texts(value: object) -> list[str]:
    """One text or a list of them, as a list."""
    if isinstance(value, str):
        return [value]
    return [str(item) for item in value] if isinstance(value, list) else []
