"""`docs/asyncapi.yaml` says what the code says: every fact, its fields, who sends it and which queue takes it."""

from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter

from shared.contracts.envelope import CONTENT_TYPE, TYPE_PREFIX
from shared.contracts.events import FACTS
from shared.messaging import topology

DOCUMENT = Path(__file__).parent.parent.parent / "docs" / "asyncapi.yaml"
EXTRACTORS = ("notion_extractor", "gestta_extractor")
CONSUMERS = tuple(subscription.queue.split(".")[0] for subscription in topology.SUBSCRIPTIONS)
SENDERS: dict[str, tuple[str, ...]] = {
    "raw_data.ready.v1": EXTRACTORS,
    "warehouse.loaded.v1": ("transformer",),
    "report.refreshed.v1": ("bi_refresher",),
    "report.refresh_failed.v1": ("bi_refresher",),
    "auth.failed.v1": (*EXTRACTORS, "bi_refresher"),
    "auth.expiring.v1": ("gestta_extractor",),
    "auth.recovered.v1": (*EXTRACTORS, "bi_refresher"),
    "source.failed.v1": (*EXTRACTORS, "transformer", "bi_refresher", "notifier"),
    "source.recovered.v1": (*EXTRACTORS, "transformer", "bi_refresher", "notifier"),
    "source.schema_drifted.v1": ("notion_extractor", "transformer"),
    "message.parked.v1": CONSUMERS,
    "token.supplied.v1": ("console",),
    "command.run_now.v1": ("console",),
}


def described() -> dict[str, Any]:
    """The document as the code would write it."""
    messages = {fact.TYPE: _message(fact) for fact in FACTS}
    channels: dict[str, Any] = {
        "events": {
            "address": topology.EVENTS,
            "description": "Topic exchange; the routing key is the type without its prefix, a dot, and the system.",
            "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
        }
    }
    operations: dict[str, Any] = {}
    for subscription in topology.SUBSCRIPTIONS:
        name, heard = subscription.queue, _heard(subscription.queue)
        channels[name] = {
            "address": name,
            "description": f"Quorum queue bound to {', '.join(subscription.patterns)}.",
            "messages": {fact: {"$ref": f"#/components/messages/{fact}"} for fact in heard},
        }
        operations[f"receive.{name}"] = {
            "action": "receive",
            "channel": {"$ref": f"#/channels/{name}"},
            "messages": [{"$ref": f"#/channels/{name}/messages/{fact}"} for fact in heard],
        }
    for service in sorted({sender for senders in SENDERS.values() for sender in senders}):
        operations[f"send.{service}"] = {
            "action": "send",
            "channel": {"$ref": "#/channels/events"},
            "messages": [{"$ref": f"#/channels/events/messages/{f}"} for f, by in SENDERS.items() if service in by],
        }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Projeto Operacional",
            "version": "0.1.0",
            "description": "CloudEvents 1.0 in structured mode over AMQP 0-9-1.",
        },
        "defaultContentType": CONTENT_TYPE,
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages},
    }


def _heard(queue: str) -> list[str]:
    systems = ("gestta", "notion", "powerbi", "slack", "warehouse")
    return [f.TYPE for f in FACTS if any(queue in topology.subscribers(f"{f.TYPE}.{s}") for s in systems)]


def _message(fact: Any) -> dict[str, Any]:
    schema = TypeAdapter(fact).json_schema()
    fields = {name: _plain(field) for name, field in schema["properties"].items()}
    return {
        "name": TYPE_PREFIX + fact.TYPE,
        "summary": " ".join(str(fact.__doc__).split()),
        "contentType": CONTENT_TYPE,
        "payload": {
            "type": "object",
            "description": "The event's `data`.",
            "properties": fields,
            "required": schema.get("required", []),
        },
    }


def _plain(field: dict[str, Any]) -> dict[str, Any]:
    return {key: _plain(value) if isinstance(value, dict) else value for key, value in field.items() if key != "title"}


def test_the_document_says_what_the_code_says():
    assert yaml.safe_load(DOCUMENT.read_text(encoding="utf-8")) == described()


def test_every_fact_has_a_sender_and_a_receiver():
    assert set(SENDERS) == {fact.TYPE for fact in FACTS}
    heard = {fact for subscription in topology.SUBSCRIPTIONS for fact in _heard(subscription.queue)}
    assert heard == set(SENDERS)
