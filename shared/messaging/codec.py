"""Facts to bytes and back. What cannot be read here is rejected here, never later."""

import json
from dataclasses import asdict, fields
from datetime import UTC, datetime
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from shared.contracts.envelope import CONTENT_TYPE, TYPE_PREFIX, Envelope
from shared.contracts.events import BY_TYPE, Fact
from shared.errors import Rejected

_ORDERS = ("force", "refresh", "acceptrejects")


def encode(envelope: Envelope[Fact]) -> bytes:
    """Structured CloudEvents JSON; attributes without a value are left out."""
    event: dict[str, Any] = {
        "specversion": "1.0",
        "id": envelope.id,
        "type": envelope.type,
        "source": envelope.source,
        "time": _text(envelope.time),
        "datacontenttype": "application/json",
        "correlationid": envelope.correlationid,
    }
    if envelope.causationid:
        event["causationid"] = envelope.causationid
    if envelope.replay:
        event["replay"] = envelope.replay
    event |= {order: True for order in _ORDERS if getattr(envelope, order)}
    event["data"] = asdict(envelope.data)  # type: ignore[call-overload]
    return json.dumps(event, ensure_ascii=False, separators=(",", ":"), default=_text).encode()


def decode(body: bytes, *, content_type: str | None = CONTENT_TYPE) -> Envelope[Fact]:
    """The fact in `body`. Unknown attributes and data fields are ignored: newer senders may add some.

    Raises `Rejected` for what is not ours: not JSON, not a CloudEvent, a type nobody here knows, data of another shape.
    """
    if content_type not in (None, CONTENT_TYPE, "application/json"):
        raise Rejected(f"content type {content_type!r} is not {CONTENT_TYPE}")
    try:
        event = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Rejected(f"not JSON: {error}") from None
    if not isinstance(event, dict) or event.get("specversion") != "1.0":
        raise Rejected("not a CloudEvents 1.0 event in structured mode")
    kind = str(event.get("type", ""))
    known = BY_TYPE.get(kind.removeprefix(TYPE_PREFIX)) if kind.startswith(TYPE_PREFIX) else None
    if known is None:
        raise Rejected(f"nobody here knows events of type {kind!r}")
    try:
        data = _adapter(known).validate_python(event.get("data"))
        _refuse_unsayable(data)
        return _envelope_of(event, data)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:5])
        raise Rejected(f"{kind} of another shape: {wrong}") from None
    except (KeyError, TypeError, ValueError) as error:
        raise Rejected(f"{kind} lacks or garbles an attribute: {error!r}") from None


def _envelope_of(event: dict[str, Any], data: Fact) -> Envelope[Fact]:
    time = datetime.fromisoformat(str(event["time"]))
    if time.tzinfo is None:
        raise ValueError("time without an offset")
    return Envelope(
        id=_name(event["id"]),
        source=_name(event["source"]),
        time=time,
        data=data,
        correlationid=_name(event.get("correlationid") or event["id"]),
        causationid=_optional_name(event.get("causationid")),
        replay=_optional_name(event.get("replay")),
        **{order: event.get(order) is True for order in _ORDERS},
    )


def _name(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"{value!r} is not a name")
    value.encode()  # JSON may escape half a surrogate pair, which no later message could carry
    return value


def _optional_name(value: object) -> str | None:
    return None if value is None else _name(value)


def _refuse_unsayable(data: Fact) -> None:
    """What pydantic lets pass and no consequence could say again."""
    for field in fields(data):  # type: ignore[arg-type]
        match getattr(data, field.name):
            case datetime(tzinfo=None):
                raise ValueError(f"{field.name} without an offset")
            case str() as text:
                text.encode()
            case tuple() as texts:
                "".join(texts).encode()


def _text(moment: object) -> str:
    if not isinstance(moment, datetime):
        raise TypeError(f"{type(moment).__name__} does not belong in a fact")
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@cache
def _adapter(fact: type[Fact]) -> TypeAdapter[Any]:
    return TypeAdapter(fact)
