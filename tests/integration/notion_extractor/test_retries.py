"""How patiently Notion is asked, over the wire."""

import json
import threading

import pytest

from services.notion_extractor.answers import Answers
from services.notion_extractor.notion_api import LONGEST_SILENT_WAIT, PageSize, Read
from services.notion_extractor.reply import NotFound
from services.notion_extractor.verdict import SLOW_TRIES, TRIES
from services.notion_extractor.walk import WalkAgain
from shared.errors import AuthRejected, Rejected, Transient
from tests.integration.notion_extractor.conftest import QUERY, SOURCE_ID, error, in_turn, listed, reply, row

HTML = b"<!doctype html><html><body>edge</body></html>"
GOOD = reply(body=listed(row(1)))


def asked(source):
    return [body for _, path, body in source.asked if path.startswith(QUERY)]


def query(api, size=None):
    return api.query(SOURCE_ID, {"sorts": []}, size=size or PageSize())


@pytest.mark.parametrize(
    "status",
    [429, 500, 502, 503, 504, 529, 520],
    ids=str,
)
def test_line_6_a_query_is_a_read_and_asked_again_although_it_is_a_post(source, api, status):
    source.replies[QUERY] = in_turn(reply(status, error(status, "x")), GOOD)
    assert query(api).body["results"] == [row(1)]
    assert len(asked(source)) == 2


@pytest.mark.parametrize(
    ("bad", "raises", "times"),
    [
        (reply(400, error(400, "validation_error", "body failed validation")), Rejected, 1),
        (reply(400, error(400, "validation_error", "The start_cursor provided is invalid: x")), WalkAgain, 1),
        (reply(401, error(401, "unauthorized")), AuthRejected, 1),
        (reply(403, error(403, "restricted_resource")), AuthRejected, 1),
        (reply(404, error(404, "object_not_found")), NotFound, 1),
        (reply(409, error(409, "conflict_error")), Transient, 3),
        (reply(429, error(429, "rate_limited", rate_limit_reason="public_api_request_blocked")), Rejected, 1),
        (reply(500, error(500, "internal_server_error")), Transient, TRIES),
        (reply(504, error(504, "gateway_timeout")), Transient, SLOW_TRIES),
        (reply(403, HTML), Rejected, 1),
        (reply(200, HTML), Transient, TRIES),
        (reply(200, b'{"object":"list","results":[{"id":'), Transient, TRIES),
        (reply(200, error(503, "service_unavailable")), Transient, SLOW_TRIES),
        (reply(200, error(401, "unauthorized")), AuthRejected, 1),
        (reply(200, {"object": "error"}), Transient, TRIES),
        (reply(200, [1, 2]), Transient, TRIES),
    ],
    ids=[
        "bad request",
        "expired cursor, at once",
        "bad token",
        "no capability",
        "absent or not shared",
        "conflict, few times",
        "line 5: blocked, never again",
        "server error",
        "timeout",
        "a page of the edge with 403: not our permissions",
        "a page instead of JSON",
        "truncated JSON",
        "200 with an error inside",
        "200 with a refusal inside",
        "200 with an empty error inside",
        "a list instead of an object",
    ],
)
def test_each_answer_is_asked_again_as_often_as_the_table_says(source, api, bad, raises, times):
    source.replies[QUERY] = bad
    with pytest.raises(raises) as caught:
        query(api)
    assert type(caught.value) is raises
    assert len(asked(source)) == times


def test_a_network_block_says_that_it_is_none_of_the_permissions(source, api):
    source.replies[QUERY] = reply(403, HTML)
    with pytest.raises(Rejected, match="network block, not permissions"):
        query(api)


def test_line_4_retry_after_is_obeyed_in_full_by_everybody(source, api, waits):
    source.replies[QUERY] = in_turn(reply(429, error(429, "rate_limited"), Retry_After="180"), GOOD)
    query(api)
    # Our own wait, then the gate: time stands still in this test, so that the whole pause is still before it.
    assert [round(wait) for wait in waits] == [180, 180]


def test_line_5_an_overload_is_waited_for_as_a_rate_limit_is(source, api, waits):
    source.replies[QUERY] = in_turn(reply(529, error(529, "service_overload"), Retry_After="5"), GOOD)
    query(api)
    assert round(waits[0]) == 5


def test_the_wait_is_read_in_the_body_where_the_header_lacks(source, api, waits):
    source.replies[QUERY] = in_turn(reply(429, error(429, "rate_limited", retry_after="7")), GOOD)
    query(api)
    assert round(waits[0]) == 7


def test_a_second_refusal_waits_longer_than_asked(source, api, waits):
    limited = reply(429, error(429, "rate_limited"), Retry_After="5")
    source.replies[QUERY] = in_turn(limited, limited, GOOD)
    query(api)
    own = [wait for wait in waits if wait >= 5.01]
    assert own
    assert max(own) <= 5 + 60


def test_a_wait_of_more_than_ten_minutes_is_told_at_once_to_each_who_comes_and_nobody_asks(source, api, waits):
    long = int(LONGEST_SILENT_WAIT) + 1
    source.replies[QUERY] = in_turn(reply(429, error(429, "rate_limited"), Retry_After=str(long)), GOOD)
    with pytest.raises(Transient):
        query(api)
    with pytest.raises(Transient, match="asked to wait: no call for another 11 min"):
        query(api)
    assert (waits, len(asked(source))) == ([], 1)


def test_a_page_that_is_too_slow_is_asked_for_in_halves_which_the_walk_keeps(source, api):
    slow = reply(503, error(503, "service_unavailable"))
    source.replies[QUERY] = in_turn(*[slow] * 6, GOOD)
    size = PageSize()
    query(api, size)
    query(api, size)
    assert [body["page_size"] for body in asked(source)] == [100, 100, 50, 50, 25, 25, 10, 10]


def test_pages_that_are_too_slow_for_several_at_once_are_halved_once(source, api):
    both = threading.Barrier(2, timeout=20)
    slow = reply(503, error(503, "service_unavailable"))

    def answer(handler, asked):
        if json.loads(asked)["page_size"] == 100:
            both.wait()
            slow(handler, asked)
        else:
            GOOD(handler, asked)

    source.replies[QUERY] = answer
    size = PageSize()
    answers = Answers[PageSize, Read](lambda asked: query(api, asked))
    answers.ask(size)
    answers.ask(size)
    for _ in range(2):
        assert answers.next()[1].body["results"] == [row(1)]
    assert size.rows == 50


def test_other_errors_do_not_shrink_the_page(source, api):
    source.replies[QUERY] = in_turn(*[reply(500, error(500, "internal_server_error"))] * 4, GOOD)
    query(api)
    assert {body["page_size"] for body in asked(source)} == {100}


def test_a_connection_that_breaks_is_asked_again_and_then_given_up(source, api):
    def cut(handler, _asked):
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b'{"object":')
        handler.close_connection = True

    source.replies[QUERY] = in_turn(cut, GOOD)
    assert query(api).body["results"] == [row(1)]
    source.replies[QUERY] = cut
    with pytest.raises(Transient):
        query(api)
    assert len(asked(source)) == 2 + TRIES


def test_a_database_without_data_sources_is_no_empty_source(source, api):
    source.replies["/v1/databases/"] = reply(body={"object": "database", "data_sources": []})
    with pytest.raises(Rejected, match="shows no data source"):
        api.data_sources(SOURCE_ID)


def test_property_ids_stay_in_the_path_as_they_came(source, api):
    source.replies["/v1/pages/"] = reply(body={"object": "list", "results": []})
    api.property_items("p", "%3FB%3AW", "c/1")
    assert source.asked[-1][1] == "/v1/pages/p/properties/%3FB%3AW?page_size=100&start_cursor=c%2F1"
