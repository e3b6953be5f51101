"""Webhooks as Notion sends them: a handshake, signed events without values, in no order, more than once."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from simulators.notion.changes import BACK, CREATED, GONE, UPDATED, Change, aggregated
from simulators.notion.webhooks import Options, Subscription, Webhooks
from tests.contract.simulated_notion import fill
from tests.contract.webhook_endpoint import Endpoint

ENVELOPE = {
    "id", "timestamp", "workspace_id", "workspace_name", "subscription_id", "integration_id", "type", "authors",
    "attempt_number", "api_version", "entity", "data",
}  # fmt: skip
AT = datetime(2026, 11, 23, 10, 0, 45, 250_000, tzinfo=UTC)


@pytest.fixture
def webhooks(workspace) -> Iterator[Webhooks]:
    made = Webhooks(workspace)
    yield made
    made.stop()


def subscribed(webhooks: Webhooks, endpoint: Endpoint, **options: Any) -> Subscription:
    subscription = webhooks.subscribe(endpoint.url, Options(**options))
    assert webhooks.verify(subscription.id, endpoint.token)
    return subscription


def test_the_address_is_sent_a_token_and_nothing_else_until_a_person_has_brought_it_back(
    *, workspace, source_id, webhooks, endpoint, eventually
):
    subscription = webhooks.subscribe(endpoint.url)
    assert set(json.loads(endpoint.posted[0][1])) == {"verification_token"}
    assert endpoint.token not in json.dumps(webhooks.told())
    fill(workspace, source_id, 1)
    assert webhooks.verify(subscription.id, "secret_guessed") is False
    assert webhooks.verify(subscription.id, endpoint.token) is True
    (seen,) = fill(workspace, source_id, 1)
    eventually(lambda: endpoint.events)
    assert [event["entity"]["id"] for event in endpoint.events] == [seen]
    assert webhooks.told()[0]["state"] == "active"


def test_every_event_is_signed_over_its_raw_bytes(*, workspace, webhooks, endpoint, eventually):
    subscribed(webhooks, endpoint)
    source_id = workspace.create_database("Pessoas", {"Nome": "title"}).data_source_ids[0]
    workspace.add_property(source_id, "Honorários de São João", "number")
    fill(workspace, source_id, 2)
    eventually(lambda: len(endpoint.events) == 3)
    for headers, body in endpoint.posted[1:]:
        expected = hmac.new(endpoint.token.encode(), body, hashlib.sha256).hexdigest()
        assert headers["X-Notion-Signature"] == f"sha256={expected}"
        assert headers["Content-Type"] == "application/json"
    # Re-serialised the way Python does by default, the signature of a name with accents does not hold.
    assert json.dumps(endpoint.events[0]).encode() != endpoint.posted[1][1]


@pytest.mark.parametrize(
    ("what", "kind", "beside_the_parent"),
    [
        ("create", "page.created", set()),
        ("update", "page.properties_updated", {"updated_properties"}),
        ("move", "page.moved", set()),
        ("trash", "page.deleted", set()),
        ("restore", "page.undeleted", set()),
    ],
)
def test_an_event_has_the_shape_that_is_documented_and_no_values(
    *, workspace, source_id, webhooks, endpoint, eventually, what, kind, beside_the_parent
):
    (page_id,) = fill(workspace, source_id, 1)
    other = workspace.create_database("Antigos", {"Nome": "title"}).data_source_ids[0]
    if what == "restore":
        workspace.trash(page_id)
    subscribed(webhooks, endpoint)
    match what:
        case "create":
            (page_id,) = fill(workspace, source_id, 1)
        case "update":
            workspace.update_page(page_id, {"Valor": 5})
        case "move":
            workspace.move(page_id, other)
        case "trash":
            workspace.trash(page_id)
        case "restore":
            workspace.restore(page_id)
    (event,) = eventually(lambda: endpoint.events)
    assert set(event) == ENVELOPE
    assert set(event["data"]) == {"parent"} | beside_the_parent
    assert (event["type"], event["api_version"]) == (kind, "2026-03-11")
    assert (event["entity"], event["attempt_number"]) == ({"id": page_id, "type": "page"}, 1)
    source = workspace.data_sources[other if what == "move" else source_id]
    parent = {"id": source.database_id, "type": "database", "data_source_id": source.id}
    assert event["data"]["parent"] == parent
    if what == "update":
        column = workspace.data_sources[source_id].properties["Valor"]
        assert event["data"]["updated_properties"] == [column.id]
    assert event["timestamp"] == "2026-11-23T10:00:45.000Z"


def test_a_changed_column_is_an_event_of_its_data_source(*, workspace, source_id, webhooks, endpoint, eventually):
    subscribed(webhooks, endpoint)
    column_id = workspace.add_property(source_id, "Honorários", "number")
    workspace.rename_property(source_id, "Honorários", "Valor mensal")
    workspace.remove_property(source_id, "Valor mensal")
    eventually(lambda: len(endpoint.events) == 3)
    assert {(event["type"], event["entity"]["id"]) for event in endpoint.events} == {
        ("data_source.schema_updated", source_id)
    }
    assert [event["data"]["updated_properties"] for event in endpoint.events] == [
        [{"id": column_id, "name": "Honorários", "action": "created"}],
        [{"id": column_id, "name": "Valor mensal", "action": "updated"}],
        [{"id": column_id, "name": "Valor mensal", "action": "deleted"}],
    ]


def test_only_what_is_subscribed_to_and_shared_is_told(*, workspace, source_id, webhooks, endpoint, eventually):
    subscribed(webhooks, endpoint, event_types=("page.deleted",))
    hidden, shown = fill(workspace, source_id, 2)
    workspace.recompute(shown, {"Conta": 1})
    workspace.unshare(source_id)
    workspace.trash(hidden)
    workspace.share(source_id)
    workspace.trash(shown)
    eventually(lambda: endpoint.events)
    assert [(event["type"], event["entity"]["id"]) for event in endpoint.events] == [("page.deleted", shown)]


@pytest.mark.parametrize("order", ["as_happened", "newest_first", "shuffled"])
def test_events_of_one_window_come_in_the_order_that_is_set_and_in_copies(
    *, workspace, source_id, webhooks, endpoint, eventually, order, clock
):
    subscribed(webhooks, endpoint, window_seconds=1.0, order=order, copies=2)
    with workspace.lock:
        made = []
        for _ in range(10):
            made += fill(workspace, source_id, 1)
            clock.moment += timedelta(seconds=1)
    eventually(lambda: len(endpoint.events) == 20)
    told = [event["entity"]["id"] for event in endpoint.events]
    assert len({event["id"] for event in endpoint.events}) == 10
    if order == "shuffled":
        assert told != [page_id for page_id in made for _ in range(2)]
    else:
        expected = made if order == "as_happened" else made[::-1]
        assert told == [page_id for page_id in expected for _ in range(2)]
    by_time = sorted(endpoint.events, key=lambda event: event["timestamp"])
    assert [event["entity"]["id"] for event in by_time] == [page_id for page_id in made for _ in range(2)]


def test_a_refused_event_comes_again_with_its_attempt_counted_and_its_id_kept(
    *, workspace, source_id, webhooks, endpoint, eventually
):
    subscription = subscribed(webhooks, endpoint, retry_seconds=0.01)
    endpoint.answers.extend([500, 404, 302])
    fill(workspace, source_id, 1)
    eventually(lambda: len(endpoint.events) == 4)
    assert [event["attempt_number"] for event in endpoint.events] == [1, 2, 3, 4]
    assert len({event["id"] for event in endpoint.events}) == 1
    eventually(lambda: [told["status"] for told in subscription.deliveries] == [500, 404, 302, 200])


def test_after_eight_attempts_an_event_is_lost(*, workspace, source_id, webhooks, endpoint, eventually):
    subscription = subscribed(webhooks, endpoint, retry_seconds=0.001)
    endpoint.answers.extend([503] * 8)
    (lost,) = fill(workspace, source_id, 1)
    eventually(lambda: len(subscription.deliveries) == 8)
    (kept,) = fill(workspace, source_id, 1)
    eventually(lambda: len(subscription.deliveries) == 9)
    assert [told["attempt"] for told in subscription.deliveries] == [1, 2, 3, 4, 5, 6, 7, 8, 1]
    assert [told["entity"] for told in subscription.deliveries] == [lost] * 8 + [kept]


@pytest.mark.parametrize("url", ["https://127.0.0.1/x", "http://10.0.0.1/x", "http://notion.example/x", "nowhere"])
def test_events_do_not_leave_the_machine(webhooks, url):
    with pytest.raises(ValueError, match="stay on this machine"):
        webhooks.subscribe(url)


def test_an_address_that_does_not_take_its_token_is_not_subscribed(webhooks, endpoint):
    endpoint.answers.append(404)
    with pytest.raises(OSError, match="404"):
        webhooks.subscribe(endpoint.url)
    assert webhooks.told() == []


def change(kind: str, entity_id: str = "a", **data: list[Any]) -> Change:
    return Change(kind, entity_id, {}, AT, data)


EDITED_X, EDITED_Y = (change(UPDATED, updated_properties=[name]) for name in ("x", "y"))


@pytest.mark.parametrize(
    ("happened", "told"),
    [
        ([change(CREATED)], [change(CREATED)]),
        ([change(CREATED), EDITED_X], [change(CREATED)]),
        ([change(CREATED), EDITED_X, change(GONE)], []),
        ([EDITED_X, change(GONE)], [EDITED_X, change(GONE)]),
        ([EDITED_X, EDITED_Y], [change(UPDATED, updated_properties=["x", "y"])]),
        ([EDITED_X, EDITED_X], [EDITED_X]),
        ([change(GONE), change(BACK)], [change(BACK)]),
        ([change(GONE), change(BACK), change(GONE)], [change(GONE)]),
        ([change(CREATED, "a"), change(GONE, "b")], [change(CREATED, "a"), change(GONE, "b")]),
    ],
    ids=lambda changes: "+".join(f"{each.entity_id}.{each.type.partition('.')[2]}" for each in changes) or "nothing",
)
def test_the_changes_of_one_window_are_told_together(happened, told):
    assert aggregated(happened) == told
