"""What a request asks for, read as leniently as the real one reads it."""

import json
from typing import Any

from starlette.requests import Request


async def body_of(request: Request) -> dict[str, Any]:
    """The body's object; empty where it is none."""
    try:
        body = json.loads(await request.body() or b"{}")
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


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
