"""Every way in which Notion says not now: its budgets by reason, and its bodies by status."""

import json

import pytest

from simulators.notion import errors
from simulators.notion.settings import NotionSettings
from tests.contract.simulated_notion import recorded


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
