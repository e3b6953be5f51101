"""The control door turns the simulated Notion while it serves: its settings, its pages, its webhooks, its faults."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from simulators.notion import errors
from simulators.serve import Running, start
from simulators.settings import on_free_ports
from tests.contract.simulated_notion import NEWEST


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    settings = on_free_ports(clients=40)
    with start(settings) as found:
        yield found


@pytest.fixture(autouse=True)
def _as_it_was(running: Running) -> Iterator[None]:
    yield
    running.faults.clear()
    running.notion.api.settings = type(running.notion.api.settings)()


@pytest.fixture
def clients_source(running: Running) -> str:
    return str(running.workspace.databases[running.register.clients_database_id].data_source_ids[0])


def door(running: Running, method: str, path: str, body: object = None) -> requests.Response:
    return requests.request(method, f"{running.urls['control']}{path}", json=body, timeout=10)


def notion(running: Running, method: str, path: str, body: object = None, **options: Any) -> requests.Response:
    headers = {"Authorization": "Bearer ntn_simulated", "Notion-Version": NEWEST}
    return requests.request(
        method, f"{running.urls['notion']}/v1{path}", json=body, headers=headers, timeout=10, **options
    )


def test_settings_change_while_it_serves_and_unknown_or_wrong_ones_are_refused(running, clients_source):
    told = door(running, "POST", "/notion/settings", {"row_cap": 30, "heavy_page_size": 50})
    assert (told.status_code, told.json()["row_cap"], told.json()["people_limit"]) == (200, 30, 25)
    assert notion(running, "POST", f"/data_sources/{clients_source}/query", {}).status_code == 503
    page = notion(running, "POST", f"/data_sources/{clients_source}/query", {"page_size": 40}).json()
    assert (len(page["results"]), page["request_status"]["type"]) == (30, "incomplete")
    for wrong in ({"row_cap": "many"}, {"rowcap": 3}, [1]):
        assert door(running, "POST", "/notion/settings", wrong).status_code == 400


def test_every_cursor_given_out_expires_at_once(running, clients_source):
    path = f"/data_sources/{clients_source}/query"
    cursor = notion(running, "POST", path, {"page_size": 5}).json()["next_cursor"]
    assert door(running, "POST", "/notion/cursors/expire").status_code == 204
    refused = notion(running, "POST", path, {"page_size": 5, "start_cursor": cursor})
    assert (refused.status_code, refused.json()["code"]) == (400, "validation_error")


def test_a_page_is_trashed_restored_archived_moved_and_deleted(running, clients_source):
    page_id = running.workspace.create_page(clients_source, {"Código Domínio": "9999"})
    people = running.workspace.databases[running.register.people_database_id].data_source_ids[0]

    def after(what: str, **how: str) -> dict[str, Any]:
        assert door(running, "POST", f"/notion/pages/{what}", {"ids": [page_id], **how}).status_code == 204
        return dict(notion(running, "GET", f"/pages/{page_id}").json())

    assert after("trash")["in_trash"] is True
    assert after("restore")["in_trash"] is False
    assert after("archive")["is_archived"] is True
    assert after("move", data_source_id=people)["parent"]["data_source_id"] == people
    assert after("delete")["code"] == "object_not_found"
    other = running.workspace.create_page(clients_source, {"Código Domínio": "9997"})
    for what, asked in (
        ("trash", {"ids": [other, page_id]}),
        ("trash", {"ids": ["AAA"]}),
        ("trash", {"page": other}),
        ("move", {"ids": [other]}),
    ):
        refused = door(running, "POST", f"/notion/pages/{what}", asked)
        assert (refused.status_code, bool(refused.json()["error"])) == (400, True)
    assert notion(running, "GET", f"/pages/{other}").json()["in_trash"] is False
    assert door(running, "POST", "/notion/pages/out", {"ids": [other.replace("-", "")]}).status_code == 204
    assert notion(running, "GET", f"/pages/{other}").json()["parent"]["type"] == "page_id"
    assert door(running, "POST", "/notion/pages/trash", {"ids": [other]}).status_code == 400


def test_a_data_source_loses_its_share_and_has_it_back(running, clients_source):
    statuses = []
    for what in ("unshare", "share"):
        assert door(running, "POST", f"/notion/sources/{what}", {"ids": [clients_source]}).status_code == 204
        statuses.append(notion(running, "GET", f"/data_sources/{clients_source}").status_code)
    assert statuses == [404, 200]
    assert door(running, "POST", "/notion/sources/share", {"ids": ["AAA"]}).status_code == 400


def test_a_webhook_is_made_verified_served_and_taken_back(*, running, clients_source, endpoint, eventually):
    made = door(running, "POST", "/notion/webhooks", {"url": endpoint.url, "event_types": ["page.created"]})
    assert (made.status_code, made.json()["state"]) == (201, "pending_verification")
    assert endpoint.token not in made.text
    own = {"id": made.json()["id"]}
    assert door(running, "POST", "/notion/webhooks/token", own).status_code == 204
    assert endpoint.posted[1][1] == endpoint.posted[0][1]
    assert (
        door(running, "POST", "/notion/webhooks/verify", {**own, "verification_token": "secret_guessed"}).status_code
        == 400
    )
    assert (
        door(running, "POST", "/notion/webhooks/verify", {**own, "verification_token": endpoint.token}).status_code
        == 204
    )
    page_id = running.workspace.create_page(clients_source, {"Código Domínio": "9998"})
    eventually(lambda: len(endpoint.posted) == 3)
    (subscription,) = eventually(
        lambda: [s for s in door(running, "GET", "/notion/webhooks").json() if s["deliveries"]]
    )
    assert [(told["entity"], told["status"]) for told in subscription["deliveries"]] == [(page_id, 200)]
    assert door(running, "POST", "/notion/webhooks/end", own).status_code == 204
    assert door(running, "GET", "/notion/webhooks").json() == []


@pytest.mark.parametrize(
    "body",
    [
        {"url": "http://10.0.0.1/x"},
        {"url": "http://127.0.0.1:9/"},
        {"url": "http://127.0.0.1:9/", "order": "best_first"},
        {"url": "http://127.0.0.1:9/", "secret": "x"},
    ],
    ids=["another machine", "nobody there", "no such order", "no such option"],
)
def test_a_webhook_that_makes_no_sense_is_refused_in_words(running, body):
    refused = door(running, "POST", "/notion/webhooks", body)
    assert (refused.status_code, bool(refused.json()["error"])) == (400, True)
    assert door(running, "POST", "/notion/webhooks/end", {"id": "nobody"}).status_code == 400


@pytest.mark.parametrize(
    ("kind", "args", "code", "reason", "wait"),
    [
        ("429", {}, "rate_limited", errors.CONNECTION, "1"),
        ("429", {"reason": errors.WORKSPACE, "retry_after": 180}, "rate_limited", errors.WORKSPACE, "180"),
        ("429", {"reason": errors.ENDPOINT, "retry_after": 7}, "rate_limited", errors.ENDPOINT, "7"),
        ("429", {"reason": errors.BLOCKED}, "rate_limited", errors.BLOCKED, None),
        ("529", {"retry_after": 90}, "service_overload", None, "90"),
        ("503", {}, "service_unavailable", None, None),
        ("503", {"code": "database_connection_unavailable"}, "database_connection_unavailable", None, None),
        ("504", {}, "gateway_timeout", None, None),
        ("502", {}, "bad_gateway", None, None),
        ("500", {}, "internal_server_error", None, None),
        ("409", {}, "conflict_error", None, None),
        ("404", {}, "object_not_found", None, None),
        ("422", {}, "validation_error", None, None),
        ("403", {}, "restricted_resource", None, None),
        ("401", {}, "unauthorized", None, None),
    ],
)
def test_an_ordered_fault_has_notions_own_body(*, running, kind, args, code, reason, wait):
    door(running, "POST", "/faults", {"system": "notion", "kind": kind, "args": args})
    refused = notion(running, "GET", "/users/me")
    body = refused.json()
    assert (refused.status_code, body["status"], body["code"]) == (int(kind), int(kind), code)
    assert (body.get("additional_data") or {}).get("rate_limit_reason") == reason
    assert refused.headers.get("Retry-After") == wait
    assert refused.headers["x-notion-request-id"] == body["request_id"]
    assert notion(running, "GET", "/users/me").status_code == 200


def test_a_cursor_of_property_items_expires_on_order(running, clients_source):
    workspace = running.workspace
    related = [workspace.create_page(clients_source, {"Código Domínio": str(n)}) for n in range(30)]
    page_id = workspace.create_page(clients_source, {"Código Domínio": "1", "Gestão de Clientes": related})
    column = workspace.data_sources[clients_source].properties["Gestão de Clientes"]
    path = f"/pages/{page_id}/properties/{column.id}"
    door(running, "POST", "/faults", {"system": "notion", "kind": "expired_cursor"})
    first = notion(running, "GET", path, params={"page_size": 20}).json()
    again = {"page_size": 20, "start_cursor": first["next_cursor"]}
    assert (
        notion(running, "GET", path, params=again).json()["message"].startswith("The start_cursor provided is invalid")
    )
    assert len(notion(running, "GET", path, params=again).json()["results"]) == 10
