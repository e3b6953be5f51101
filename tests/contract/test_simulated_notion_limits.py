"""Every way in which Notion says not now: its budgets by reason, and its bodies by status."""

import json

import pytest

from simulators.notion import errors
from simulators.notion.settings import NotionSettings
from tests.contract.simulated_notion import fill, recorded


def test_the_budget_of_a_window_ends_with_429_and_the_seconds_left(stage, workspace):
    seconds = [130.0]
    stage.show(workspace, NotionSettings(requests_per_window=2), clock=lambda: seconds[0])
    assert [stage.get("/v1/users/me").status_code for _ in range(2)] == [200, 200]
    refused = stage.get("/v1/users/me")
    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "50"
    expected = recorded("constructed_from_docs/error_429_connection.json")
    assert refused.json()["additional_data"] == expected["additional_data"] | {"retry_after": "50"}
    assert not any(name.lower().startswith("x-ratelimit") for name in refused.headers)
    seconds[0] = 180.0
    assert stage.get("/v1/users/me").status_code == 200


@pytest.mark.parametrize(
    ("error", "file"),
    [
        (errors.rate_limited(37), "error_429_connection"),
        (errors.workspace_rate_limited(180), "error_429_workspace"),
        (errors.blocked(), "error_429_blocked_not_retryable"),
        (errors.query_timed_out(), "error_503_query_datastore_timeout"),
        (errors.overloaded(5), "error_529_overload"),
    ],
    ids=["connection", "workspace", "blocked", "datastore", "overload"],
)
def test_the_bodies_of_limits_are_those_of_the_documentation(error, file):
    expected = recorded(f"constructed_from_docs/{file}.json")
    body = error.body("r1")
    same = ("object", "status", "code", "additional_data")
    assert {key: body[key] for key in same} == {key: expected[key] for key in same}
    wait = expected["additional_data"].get("retry_after")
    assert error.headers.get("Retry-After") == wait
    json.dumps(body)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 429, 500, 502, 503, 504, 529])
def test_every_status_of_the_error_table_has_a_body(status):
    body = errors.by_status(status).body("r1")
    assert (body["object"], body["status"], body["request_id"]) == ("error", status, "r1")


def test_each_budget_refuses_in_its_own_name_and_the_workspaces_wait_exceeds_a_minute(stage, workspace, source_id):
    path = f"/v1/data_sources/{source_id}/query"
    budgets = {
        errors.CONNECTION: ({"requests_per_window": 1}, "10"),
        errors.WORKSPACE: ({"workspace_requests_per_window": 1}, "250"),
        errors.ENDPOINT: ({"queries_per_window": 1}, "10"),
    }
    for reason, (budget, wait) in budgets.items():
        stage.show(workspace, NotionSettings(**budget), clock=lambda: 350.0)
        assert stage.post(path).status_code == 200
        refused = stage.post(path)
        assert (refused.status_code, refused.json()["additional_data"]["rate_limit_reason"]) == (429, reason)
        assert refused.headers["Retry-After"] == refused.json()["additional_data"]["retry_after"] == wait
        # The endpoint's own limit leaves the other endpoints alone.
        assert stage.get("/v1/users/me").status_code == (200 if reason == errors.ENDPOINT else 429)


def test_a_refused_request_spends_no_budget(stage, workspace, source_id):
    settings = NotionSettings(requests_per_window=2, queries_per_window=1)
    stage.show(workspace, settings, clock=lambda: 0.0)
    path = f"/v1/data_sources/{source_id}/query"
    statuses = [stage.post(path).status_code for _ in range(3)] + [stage.get("/v1/users/me").status_code]
    assert statuses == [200, 429, 429, 200]


def test_a_blocked_connection_is_refused_without_a_word_of_when_to_come_back(stage, workspace):
    stage.show(workspace, NotionSettings(blocked=True))
    refused = stage.get("/v1/users/me")
    assert (refused.status_code, refused.json()["additional_data"]) == (429, {"rate_limit_reason": errors.BLOCKED})
    assert "Retry-After" not in refused.headers


@pytest.mark.parametrize(("status", "code"), [(503, "service_unavailable"), (504, "gateway_timeout")])
def test_a_query_that_takes_too_long_is_answered_once_it_asks_for_less(stage, workspace, source_id, status, code):
    fill(workspace, source_id, 30)
    stage.show(workspace, NotionSettings(heavy_page_size=25, heavy_status=status))
    path = f"/v1/data_sources/{source_id}/query"
    refused = stage.post(path, {"page_size": 50})
    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert len(stage.post(path, {"page_size": 25}).json()["results"]) == 25


def test_a_503_of_the_database_connection_has_its_own_code():
    body = errors.by_status(503, code="database_connection_unavailable").body("r1")
    assert (body["status"], body["code"]) == (503, "database_connection_unavailable")
