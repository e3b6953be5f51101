"""Notion's retry table (reference, section 4), row by row."""

import pytest

from services.notion_extractor.verdict import (
    BLOCKED,
    CONFLICT_TRIES,
    SLOW_TRIES,
    TRIES,
    Answered,
    Next,
    smaller,
    verdict,
)

INVALID_CURSOR = Answered(400, "validation_error", names_cursor=True)
HTML = {"is_json": False}
ROWS = {
    "400 validation_error": (Answered(400, "validation_error"), [Next.STOP]),
    "400 validation_error of a cursor": (INVALID_CURSOR, [Next.WALK_AGAIN]),
    "400 invalid_json": (Answered(400, "invalid_json"), [Next.STOP]),
    "400 invalid_request_url": (Answered(400, "invalid_request_url"), [Next.STOP]),
    "400 invalid_request": (Answered(400, "invalid_request"), [Next.STOP]),
    "400 invalid_grant": (Answered(400, "invalid_grant"), [Next.STOP]),
    "400 missing_version": (Answered(400, "missing_version"), [Next.STOP]),
    "400 invalid_beta": (Answered(400, "invalid_beta"), [Next.STOP]),
    "401 unauthorized": (Answered(401, "unauthorized"), [Next.TOKEN_REFUSED]),
    "403 restricted_resource": (Answered(403, "restricted_resource"), [Next.FORBIDDEN]),
    "404 object_not_found": (Answered(404, "object_not_found"), [Next.ABSENT]),
    "409 conflict_error, few times": (Answered(409, "conflict_error"), [Next.AGAIN] * 2 + [Next.GIVE_UP]),
    "429 of the connection": (
        Answered(429, "rate_limited", "public_api_request_rate_limit"),
        [Next.AGAIN] * 5 + [Next.GIVE_UP],
    ),
    "429 of the workspace": (
        Answered(429, "rate_limited", "public_api_space_request_rate_limit"),
        [Next.AGAIN] * 5 + [Next.GIVE_UP],
    ),
    "429 of an endpoint": (
        Answered(429, "rate_limited", "public_api_endpoint_rate_limit"),
        [Next.AGAIN] * 5 + [Next.GIVE_UP],
    ),
    "429 of another reason": (Answered(429, "rate_limited", "something_new"), [Next.AGAIN] * 5 + [Next.GIVE_UP]),
    "429 without a reason": (Answered(429, "rate_limited"), [Next.AGAIN] * 5 + [Next.GIVE_UP]),
    "429 public_api_request_blocked, never": (Answered(429, "rate_limited", BLOCKED), [Next.STOP]),
    "500 internal_server_error": (Answered(500, "internal_server_error"), [Next.AGAIN] * 5 + [Next.GIVE_UP]),
    "502 bad gateway": (Answered(502, "bad_gateway"), [Next.AGAIN] * 5 + [Next.GIVE_UP]),
    "503 service_unavailable": (
        Answered(503, "service_unavailable"),
        [Next.AGAIN, Next.AGAIN_SMALLER] * 3 + [Next.AGAIN, Next.GIVE_UP],
    ),
    "503 database_connection_unavailable": (
        Answered(503, "database_connection_unavailable"),
        [Next.AGAIN, Next.AGAIN_SMALLER] * 3 + [Next.AGAIN, Next.GIVE_UP],
    ),
    "504 gateway_timeout": (
        Answered(504, "gateway_timeout"),
        [Next.AGAIN, Next.AGAIN_SMALLER] * 3 + [Next.AGAIN, Next.GIVE_UP],
    ),
    "529 service_overload, as 429": (Answered(529, "service_overload"), [Next.AGAIN] * 5 + [Next.GIVE_UP]),
    "truncated JSON": (Answered(200, **HTML), [Next.AGAIN] * 5 + [Next.GIVE_UP]),
    "HTML 403 of the edge: a network block, not permissions": (Answered(403, **HTML), [Next.NETWORK]),
    "HTML 401: not our token": (Answered(401, **HTML), [Next.NETWORK]),
    "HTML 404: not the source": (Answered(404, **HTML), [Next.NETWORK]),
    "HTML 400": (Answered(400, **HTML), [Next.NETWORK]),
    "HTML 429 of the edge": (Answered(429, **HTML), [Next.AGAIN] * 5 + [Next.GIVE_UP]),
    "HTML 502 of the edge": (Answered(502, **HTML), [Next.AGAIN] * 5 + [Next.GIVE_UP]),
    "HTML 503 of the edge": (
        Answered(503, **HTML),
        [Next.AGAIN, Next.AGAIN_SMALLER] * 3 + [Next.AGAIN, Next.GIVE_UP],
    ),
    "HTML 520 of the edge": (Answered(520, **HTML), [Next.AGAIN] * 5 + [Next.GIVE_UP]),
    "408 request timeout": (Answered(408), [Next.AGAIN] * 5 + [Next.GIVE_UP]),
    "a status that nobody knows": (Answered(418, "teapot"), [Next.STOP]),
}


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_the_retry_table(row):
    answered, follows = ROWS[row]
    assert [verdict(answered, attempt=n) for n in range(1, len(follows) + 1)] == follows


def test_few_times_is_fewer_than_many_and_each_page_size_gets_two():
    assert CONFLICT_TRIES < TRIES
    assert 2 * len([100, 50, 25, 10]) == SLOW_TRIES


def test_the_page_size_is_halved_down_to_ten():
    assert [smaller(size) for size in (100, 50, 25, 10)] == [50, 25, 10, 10]


def test_a_cursor_counts_only_in_a_validation_error():
    assert verdict(Answered(400, "invalid_json", names_cursor=True), attempt=1) is Next.STOP
