"""The reference's retry table, row by row, over the wire: what each answer becomes, and how often it was asked for."""

import pytest

from services.notion_extractor.notion_api import PageSize
from services.notion_extractor.reply import NotFound
from services.notion_extractor.walk import WalkAgain
from shared.errors import AuthRejected, Rejected, Transient
from tests.integration.notion_extractor.conftest import QUERY, SOURCE_ID, Reply, error, in_turn, listed, reply, row

SLOW = [100, 100, 50, 50, 25, 25, 10, 10]


def hang_up(handler, _asked):
    handler.close_connection = True


def cut_short(handler, _asked):
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"object":"list"')
    handler.close_connection = True


def chunked(handler, _asked):
    handler.send_response_only(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    handler.wfile.write(b'2\r\n{"\r\nff\r\n')
    handler.close_connection = True


def no_end(handler, _asked):
    reply(200, b'{"object":"list","results":[{')(handler, b"")


# row of the table: (answer, what it becomes if it stays, the page sizes that were asked for)
TABLE: dict[str, list[tuple[Reply, type[Exception], list[int]]]] = {
    "400 validation_error": [(reply(400, error(400, "validation_error", "body failed")), Rejected, [100])],
    "400 validation_error of a cursor: the walk begins anew": [
        (reply(400, error(400, "validation_error", "The start_cursor provided is invalid")), WalkAgain, [100])
    ],
    "400 invalid_json, invalid_request_url, invalid_request, invalid_grant, missing_version, invalid_beta": [
        (reply(400, error(400, code)), Rejected, [100])
        for code in (
            "invalid_json",
            "invalid_request_url",
            "invalid_request",
            "invalid_grant",
            "missing_version",
            "invalid_beta",
        )
    ],
    "401 unauthorized": [(reply(401, error(401, "unauthorized", "API token is invalid.")), AuthRejected, [100])],
    "403 restricted_resource": [(reply(403, error(403, "restricted_resource")), AuthRejected, [100])],
    "404 object_not_found": [(reply(404, error(404, "object_not_found")), NotFound, [100])],
    "409 conflict_error, few times": [(reply(409, error(409, "conflict_error")), Transient, [100] * 3)],
    "429 rate_limited": [
        (reply(429, error(429, "rate_limited", rate_limit_reason=reason)), Transient, [100] * 6)
        for reason in (
            "public_api_request_rate_limit",
            "public_api_space_request_rate_limit",
            "public_api_endpoint_rate_limit",
            "a reason of tomorrow",
        )
    ],
    "429 public_api_request_blocked, never": [
        (reply(429, error(429, "rate_limited", rate_limit_reason="public_api_request_blocked")), Rejected, [100])
    ],
    "500 internal_server_error": [(reply(500, error(500, "internal_server_error")), Transient, [100] * 6)],
    "502 bad gateway": [(reply(502, b"<html>502 Bad Gateway</html>"), Transient, [100] * 6)],
    "503 service_unavailable, database_connection_unavailable, smaller after two": [
        (reply(503, error(503, code)), Transient, SLOW)
        for code in ("service_unavailable", "database_connection_unavailable")
    ],
    "504 gateway_timeout, smaller after two": [(reply(504, error(504, "gateway_timeout")), Transient, SLOW)],
    "529 service_overload, as 429": [(reply(529, error(529, "service_overload")), Transient, [100] * 6)],
    "connection reset, truncated answers": [
        (how, Transient, [100] * 6) for how in (hang_up, cut_short, chunked, no_end)
    ],
}
PASSES = [name for name, cases in TABLE.items() if cases[0][1] is Transient]


def sizes(source):
    return [body["page_size"] for _, path, body in source.asked if path.startswith(QUERY)]


@pytest.mark.parametrize("row", TABLE)
def test_each_row_of_the_retry_table_is_asked_again_as_it_says(source, api, row):
    for answer, becomes, asked in TABLE[row]:
        source.asked.clear()
        source.replies[QUERY] = answer
        with pytest.raises(becomes) as caught:
            api.query(SOURCE_ID, {"sorts": []}, size=PageSize())
        assert type(caught.value) is becomes
        assert sizes(source) == asked


@pytest.mark.parametrize("name", PASSES)
def test_what_passes_is_asked_again_until_it_has_passed(source, api, name):
    for answer, _, _ in TABLE[name]:
        source.replies[QUERY] = in_turn(answer, reply(body=listed(row(1))))
        assert api.query(SOURCE_ID, {"sorts": []}, size=PageSize()).body["results"] == [row(1)]


@pytest.mark.parametrize("status", [429, 503, 529])
def test_an_answer_that_names_a_wait_is_asked_again_after_it_and_not_before(source, api, waits, status):
    source.replies[QUERY] = in_turn(reply(status, error(status, "x"), Retry_After="90"), reply(body=listed()))
    api.query(SOURCE_ID, {"sorts": []}, size=PageSize())
    assert min(wait for wait in waits if wait > 1) >= 89
