"""Whatever Notion, or something on the way, answers: a named error or the row as it came, the last good data untouched,
one alert at most."""

import json
from itertools import cycle

import pytest

from services.notion_extractor.notion_api import NotionApi
from services.notion_extractor.source import describe
from services.transformer.tidy.notion import tidy
from shared.clock import ReadClock, now
from shared.contracts.events import SchemaDrifted, SourceFailed
from tests.integration.notion_extractor.conftest import (
    QUERY,
    SCHEMA,
    SOURCE_ID,
    error,
    facts,
    in_turn,
    listed,
    reply,
    row,
)

SCHEMA_PATH = f"/v1/data_sources/{SOURCE_ID}"
HTML = b"<!doctype html><html><head><title>Em manuten\xc3\xa7\xc3\xa3o</title></head></html>"
DEEP = b'{"object":"list","results":[' + b'{"d":' * 200_000 + b"1" + b"}" * 200_000 + b"]}"


def deep(levels):
    nested: dict[str, object] = {}
    for _ in range(levels):
        nested = {"d": nested}
    return nested


def text(content):
    return {"Código": {"id": "title", "type": "title", "title": [{"type": "text", "plain_text": content}]}}


def in_turn_for_ever(*replies):
    turns = cycle(replies)

    def send(handler, asked):
        next(turns)(handler, asked)

    return send


BAD_ANSWERS = {
    "HTML instead of JSON": (reply(200, HTML, Content_Type="text/html"), "without a Notion object"),
    "HTML of the edge with 403": (reply(403, HTML), "network block, not permissions"),
    "HTML of the edge with 502": (reply(502, HTML), "502"),
    "truncated JSON": (reply(200, json.dumps(listed(row(1), row(2))).encode()[:300]), "without a Notion object"),
    "nothing at all": (reply(200, b""), "without a Notion object"),
    "bytes that are no text": (reply(200, b"\xff\xfe\x00"), "without a Notion object"),
    "200 with an error body": (reply(200, error(500, "internal_server_error")), "500 internal_server_error"),
    "200 with a refusal in its body": (reply(200, error(404, "object_not_found")), "not shared with the connection"),
    "a list instead of an object": (reply(200, [row(1)]), "without a Notion object"),
    "a number instead of an object": (reply(200, 7), "without a Notion object"),
    "no results": (reply(200, {"object": "list", "has_more": False}), "holds no rows"),
    "results that are no list": (reply(200, {**listed(), "results": {"a": 1}}), "holds no rows"),
    "rows that are no objects": (reply(200, listed(row(1), 7, None)), "holds no rows"),
    "nested without end": (reply(200, DEEP), "without a Notion object"),
    "a redirect to another host": (reply(302, b"", Location="https://evil.example/v1"), "another host"),
    "a redirect to another page": (reply(301, b"", Location="/login"), "another page"),
    "a body that Notion refuses": (reply(400, error(400, "validation_error", "body failed")), "body failed"),
    "a request that is blocked": (
        reply(429, error(429, "rate_limited", rate_limit_reason="public_api_request_blocked")),
        "asking again would not help",
    ),
    "an error of another shape": (reply(500, {"object": "error", "message": {"a": 1}, "additional_data": []}), "500"),
    "a status that is a text": (reply(200, {"object": "error", "status": "x", "code": None}), "500"),
    "has_more that is no bool, without a cursor": (
        reply(200, {**listed(row(1)), "has_more": "yes", "next_cursor": {}}),
        "has_more without a cursor",
    ),
    "an endless cursor": (reply(200, listed(row(1), row(2), cursor="c")), "a cursor came twice"),
    "a cursor that has always expired": (
        in_turn_for_ever(
            reply(200, listed(row(1), cursor="c")),
            reply(400, error(400, "validation_error", "The start_cursor provided is invalid: c")),
        ),
        "could not be walked to its end",
    ),
    "a request status that nobody knows": (
        reply(200, listed(row(1), request_status={"type": "half", "x": 1})),
        "created in one minute",
    ),
}


@pytest.mark.parametrize("case", BAD_ANSWERS, ids=str)
def test_a_bad_answer_is_a_named_error_and_the_last_good_data_stays(room, source, case):
    answer, said = BAD_ANSWERS[case]
    office = room(SOURCE_ID, url=source.url)
    office.run()
    before = [(batch.batch_ref, office.rows(batch)) for batch in office.batches(SOURCE_ID)]
    source.replies[QUERY] = answer
    alerts = [fact for _ in range(2) for fact in office.run() if isinstance(fact, SourceFailed)]
    assert [alert.scope for alert in alerts] == [SOURCE_ID]
    assert said in alerts[0].reason
    assert [(batch.batch_ref, office.rows(batch)) for batch in office.batches(SOURCE_ID)] == before
    assert all("ntn_" not in alert.reason for alert in alerts)
    source.replies[QUERY] = reply(body=listed(row(3)))
    office.run()
    assert office.rows(office.batches(SOURCE_ID)[-1]) == [row(3)]


BAD_SCHEMAS = {
    "HTML": (reply(200, HTML), "without a Notion object"),
    "no properties": (reply(200, {"object": "data_source", "id": SOURCE_ID}), "holds no properties"),
    "properties that are a list": (reply(200, {**SCHEMA, "properties": [1]}), "holds no properties"),
    "a redirect to another host": (reply(307, b"", Location="//evil.example/"), "another host"),
}


@pytest.mark.parametrize("case", BAD_SCHEMAS, ids=str)
def test_a_bad_schema_is_a_named_error_and_the_last_good_data_stays(room, source, case):
    answer, said = BAD_SCHEMAS[case]
    # Named by a database, so that the entry itself still resolves.
    source.replies["/v1/databases/"] = reply(body={"object": "database", "data_sources": [{"id": SOURCE_ID}]})
    office = room("99999999-2222-4333-8444-555555555555", url=source.url)
    office.run()
    source.replies[SCHEMA_PATH] = answer
    alerts = facts([*office.run(), *office.run()], SourceFailed)
    assert [alert.scope for alert in alerts] == [SOURCE_ID]
    assert said in alerts[0].reason
    assert len(office.batches(SOURCE_ID)) == 1


ODD_ROWS = {
    "an unknown property type": row(1, properties={"X": {"id": "x", "type": "hologram", "hologram": {"a": [1]}}}),
    "line 11: unknown fields": row(1, is_quantum=True, icon={"type": "icon", "icon": {"name": "x"}}, is_locked=False),
    "a missing id": {key: value for key, value in row(1).items() if key != "id"},
    "an id that is a number": row(1, id=7),
    "an object that is null": row(1, object=None),
    "an object that is a number": row(1, object=7),
    "an object that is a list": row(1, object=["page"]),
    "an object that nobody knows": row(1, object="hologram"),
    "no properties": {key: value for key, value in row(1).items() if key != "properties"},
    "properties of the wrong type": row(1, properties=["a"]),
    "a property without its type": row(1, properties={"Código": {"id": "title"}}),
    "a property that is null": row(1, properties={"Código": None}),
    "a relation of the wrong type": row(1, properties={"X": {"id": "x", "type": "relation", "relation": 7}}),
    "a text of a million characters": row(1, properties=text("á" * 1_000_000)),
    "a lone surrogate": row(1, properties=text("a\ud800b")),
    "a date out of range": row(1, properties={"D": {"id": "d", "type": "date", "date": {"start": "99999-13-45"}}}),
    "an edit out of range": row(1, last_edited_time="99999-13-45T99:99:99Z"),
    "an edit that is a number": row(1, last_edited_time=7),
    "a creation that is null": row(1, created_time=None),
    "nested deeply": row(1, properties={"X": {"id": "x", "type": "y", "y": deep(300)}}),
    "line 12: an address of the former domain": row(1, url="https://www.notion.so/x"),
    "a formula that is not supported": row(
        1, properties={"F": {"id": "f", "type": "formula", "formula": {"type": "unsupported", "unsupported": {}}}}
    ),
    "numbers that are none": row(1, properties={"N": {"id": "n", "type": "number", "number": 1e308}}),
}


@pytest.mark.parametrize("case", ODD_ROWS, ids=str)
def test_an_odd_row_lands_as_it_is_beside_the_good_ones(room, source, case):
    office = room(SOURCE_ID, url=source.url)
    source.replies[QUERY] = reply(body=listed(ODD_ROWS[case], row(2)))
    assert facts(office.run(), SourceFailed) == []
    assert office.rows(office.batches(SOURCE_ID)[-1]) == [ODD_ROWS[case], row(2)]
    assert facts(office.run(), SourceFailed) == []


# What the transformer sets aside, and for what; everything else is read.
SET_ASIDE = {
    "a text of a million characters": "client_code",
    "a missing id": "id",
    "no properties": "properties",
    "properties of the wrong type": "properties",
    "an edit out of range": "last_edited_time",
    "an edit that is a number": "last_edited_time",
}


@pytest.mark.parametrize("case", ODD_ROWS, ids=str)
def test_an_odd_row_that_landed_is_read_or_set_aside_by_name_and_the_good_one_is_read(room, source, case):
    office = room(SOURCE_ID, url=source.url)
    source.replies[QUERY] = reply(body=listed(ODD_ROWS[case], row(2)))
    office.run()
    batch = office.batches(SOURCE_ID)[-1]
    tidied = tidy(list(office.landing.rows(batch.batch_ref, sha256=batch.sha256)), 1, batch)
    good = [row(2)["id"]]
    assert tidied.frame.row_id.tolist()[-1:] == good
    assert [(each.row_number, each.field) for each in tidied.rejected] == (
        [(1, SET_ASIDE[case])] if case in SET_ASIDE else []
    )
    assert len(tidied.frame) + len(tidied.rejected) == 2


@pytest.mark.parametrize(
    "answer",
    [
        reply(200, listed(row(1), row(2), row(2), row(1), row(2))),
        in_turn(reply(200, listed(row(1), row(2), cursor="c")), reply(200, listed(row(2), row(1)))),
        in_turn(reply(200, listed(row(1), cursor="c")), reply(200, listed(cursor="d")), reply(200, listed(row(2)))),
        in_turn(
            reply(200, listed(row(1), cursor="c")),
            reply(400, error(400, "validation_error", "The start_cursor provided is invalid: c")),
            reply(200, listed(row(1), row(2))),
        ),
    ],
    ids=["duplicated rows", "a page that comes twice", "an empty page on the way", "a cursor that expires"],
)
def test_an_odd_walk_brings_every_row_once(room, source, answer):
    source.replies[QUERY] = answer
    office = room(SOURCE_ID, url=source.url)
    assert facts(office.run(), SourceFailed) == []
    assert office.rows(office.batches(SOURCE_ID)[-1]) == [row(1), row(2)]


def test_a_row_nested_without_end_is_a_named_error(room, source):
    deeper = json.dumps(row(1, properties={"X": 1})).replace('{"X": 1}', '{"d":' * 20_000 + "1" + "}" * 20_000)
    source.replies[QUERY] = reply(200, b'{"object":"list","has_more":false,"results":[' + deeper.encode() + b"]}")
    office = room(SOURCE_ID, url=source.url)
    alerts = facts([*office.run(), *office.run()], SourceFailed)
    assert len(alerts) <= 1
    assert alerts or office.batches(SOURCE_ID)


def test_line_11_a_schema_with_types_that_nobody_knows_is_read(room, source):
    odd = {
        "Código": {"id": "title", "type": "title"},
        "Visita": {"id": "v", "type": "last_visited_time", "last_visited_time": {}},
        "Sem id": {"type": "text"},
        "Nulo": None,
        "Sur\ud800": {"id": "s", "type": "rich_text"},
    }
    office = room(SOURCE_ID, url=source.url)
    office.run()
    source.replies[SCHEMA_PATH] = reply(body={**SCHEMA, "properties": odd, "new_key": 1})
    said = office.run()
    assert facts(said, SourceFailed) == []
    assert len(facts(said, SchemaDrifted)) == 1
    assert office.batches(SOURCE_ID)[-1].content["schema"] == odd
    assert facts(office.run(), SchemaDrifted) == []


def test_a_wikis_rows_that_are_data_sources_are_none_and_the_proof_counts_them(room, source):
    others = [{"object": kind, "id": kind[:5], "created_time": "y"} for kind in ("data_source", "database")]
    source.replies[QUERY] = reply(body=listed(row(1), *others, others[0] | {"id": "z"}))
    office = room(SOURCE_ID, url=source.url)
    office.run()
    (batch,) = office.batches(SOURCE_ID)
    assert office.rows(batch) == [row(1)]
    assert batch.content["proof"]["skipped"] == {"data_source": 2, "database": 1}


def test_a_servers_clock_behind_ours_begins_the_next_increment_earlier(source):
    def behind(handler, _asked):
        handler.send_response_only(200)
        handler.send_header("Date", "Mon, 23 Nov 2026 10:00:00 GMT")
        content = json.dumps(SCHEMA).encode()
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    source.replies[SCHEMA_PATH] = behind
    api = NotionApi(source.url, "ntn_x", requests_per_minute=60_000, reads=ReadClock())
    found = describe(api, SOURCE_ID, SOURCE_ID, last=None, now=now())
    assert found.started.isoformat() == "2026-11-23T10:00:00+00:00"
