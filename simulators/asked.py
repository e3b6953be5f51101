"""What is asked of the control door, and the refusal of what makes no sense."""

import json
from datetime import date, timedelta
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from simulators.settings import duration

Model = TypeVar("Model", bound=BaseModel)


class Refused(Exception):
    """What was asked of the control door makes no sense; the sentence says why."""


async def refused(_request: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, 400)


def plain(value: object) -> Response:
    # Escaped, since a spoilt name may hold half of a character, which has no bytes of its own.
    return Response(json.dumps(value), media_type="application/json")


async def values_of(request: Request) -> dict[str, Any]:
    """The body's JSON object; empty where there is no body."""
    body = json.loads(await request.body() or b"{}")
    if not isinstance(body, dict):
        raise Refused("a JSON object is wanted")
    return body


async def order_of(request: Request, kind: type[Model]) -> Model:
    """The body as an order of that kind."""
    try:
        return kind.model_validate_json(await request.body() or b"{}")
    except ValidationError as error:
        raise Refused(str(error)) from error


def day_of(request: Request, name: str) -> date | None:
    text = request.query_params.get(name)
    return date.fromisoformat(text) if text else None


def life(text: object) -> timedelta | None:
    """`90s`, `7m`, `1h`, or seconds as a number."""
    if text is None:
        return None
    if isinstance(text, int | float):
        return timedelta(seconds=text)
    found = duration(text)
    if not isinstance(found, timedelta):
        raise Refused(f"not a duration (90s, 7m, 1h): {text}")
    return found


async def ids_of(request: Request) -> list[str]:
    """`?ids=a,b`, or a body `{"ids": [...]}` where a query would be too long."""
    text = request.query_params.get("ids", "")
    ids = text.split(",") if text else (await values_of(request)).get("ids", [])
    if not isinstance(ids, list):
        raise Refused("ids is a list")
    return [str(each) for each in ids]
