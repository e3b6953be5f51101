"""What Notion posts to a webhook, and which pages it makes dirty."""

import hashlib
import hmac
import json

import pytest

from services.notion_extractor.dirty_pages import MANY, looked_through
from services.notion_extractor.webhook import Dirty, Event, Handshake, Taken, is_signed, read

TOKEN = "secret_x"
BODY = '{"name":"São  João"}'.encode()
SIGNED = "sha256=" + hmac.new(TOKEN.encode(), BODY, hashlib.sha256).hexdigest()


@pytest.mark.parametrize(
    ("body", "given", "token", "holds"),
    [
        (BODY, SIGNED, TOKEN, True),
        (BODY, SIGNED.upper(), TOKEN, False),
        (BODY, SIGNED.removeprefix("sha256="), TOKEN, False),
        (BODY, None, TOKEN, False),
        (BODY, "", TOKEN, False),
        (BODY, "sha256=ção\udcff", TOKEN, False),
        (BODY, SIGNED, "secret_y", False),
        (BODY + b" ", SIGNED, TOKEN, False),
        (json.dumps(json.loads(BODY)).encode(), SIGNED, TOKEN, False),
    ],
    ids=[
        "signed",
        "in capitals",
        "without its prefix",
        "no signature",
        "an empty one",
        "no ASCII",
        "another token",
        "another body",
        "the same written anew",
    ],
)
def test_a_signature_is_that_of_the_very_bytes(body, given, token, holds):
    assert is_signed(body, given, token) is holds


def posted(**more):
    event = {"id": "e1", "type": "page.created", "entity": {"id": "p1", "type": "page"}, "data": {}}
    return json.dumps({**event, **more}).encode()


OURS, THEIRS = "11111111-2222-4333-8444-555555555555", "99999999-2222-4333-8444-555555555555"


def placed(parent):
    return posted(data={"parent": parent})


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (posted(), Event("e1", "page.created", "p1")),
        (posted(attempt_number=8, new_key=[1]), Event("e1", "page.created", "p1")),
        (
            placed({"type": "database", "data_source_id": OURS.replace("-", "")}),
            Event("e1", "page.created", "p1", OURS),
        ),
        (placed({"type": "database", "id": OURS}), Event("e1", "page.created", "p1")),
        (placed({"data_source_id": 7}), Event("e1", "page.created", "p1")),
        (placed({"data_source_id": "x"}), Event("e1", "page.created", "p1")),
        (placed([OURS]), Event("e1", "page.created", "p1")),
        (posted(data=None), Event("e1", "page.created", "p1")),
        (b'{"verification_token":"secret_x"}', Handshake("secret_x")),
        (b'{"verification_token":"a\\nb"}', None),
        (b'{"verification_token":7}', None),
        (b'{"verification_token":""}', None),
        (b'{"verification_token":"%s"}' % (b"x" * 501), None),
        (posted(id=None), None),
        (posted(type=7), None),
        (posted(entity=[]), None),
        (posted(entity={"id": ""}), None),
        (b"[]", None),
        (b"", None),
        (b"\xff", None),
        (b"[" * 100_000, None),
    ],
    ids=[
        "an event",
        "an event with what nobody knows",
        "a row of a source",
        "a row of a database, as older versions say",
        "a source that is a number",
        "a source that is none",
        "a parent that is a list",
        "no data",
        "the handshake",
        "a token of two lines",
        "a token that is a number",
        "an empty token",
        "a token without end",
        "no id",
        "a type that is a number",
        "no entity",
        "an entity without an id",
        "a list",
        "nothing",
        "no text",
        "nested without end",
    ],
)
def test_what_was_posted_is_read_leniently_or_not_at_all(body, found):
    assert read(body) == found


def heard(*events):
    dirty = Dirty()
    for event in events:
        dirty.heard(Event(*event))
    return dirty


def test_an_event_that_comes_twice_counts_once():
    dirty = heard(("e1", "page.created", "p1"))
    assert dirty.take() == ({"p1": {None}}, set())
    dirty.heard(Event("e1", "page.created", "p1"))
    assert dirty.take() == ({}, set())


def test_events_of_any_order_make_a_page_dirty_once():
    dirty = heard(("e2", "page.properties_updated", "p1"), ("e1", "page.created", "p1"), ("e3", "page.moved", "p2"))
    assert dirty.take() == ({"p1": {None}, "p2": {None}}, set())


@pytest.mark.parametrize(
    ("kind", "changed"),
    [
        ("data_source.schema_updated", True),
        ("data_source.deleted", True),
        ("data_source.moved", True),
        ("data_source.content_updated", False),
        ("comment.created", False),
    ],
)
@pytest.mark.parametrize("scopes", [None, {OURS}, {THEIRS}], ids=["no plan yet", "ours", "another's"])
def test_a_source_that_changed_itself_is_told_by_its_name_where_it_is_read(kind, changed, scopes):
    counts = changed and scopes != {THEIRS}
    assert heard(("e1", kind, OURS)).take(scopes) == ({}, {OURS} if counts else set())


@pytest.mark.parametrize(("given", "told"), [(OURS.replace("-", ""), OURS), (OURS, OURS), ("x", "x")])
def test_a_changed_source_is_known_however_its_id_is_written(given, told):
    body = posted(type="data_source.schema_updated", entity={"id": given, "type": "data_source"})
    assert read(body) == Event("e1", "data_source.schema_updated", told)


@pytest.mark.parametrize(
    ("count", "place", "changed", "found"),
    [
        (MANY, OURS, set(), set()),
        (MANY, OURS, {THEIRS}, {THEIRS}),
        (MANY + 1, OURS, set(), {OURS}),
        (MANY + 1, OURS, {THEIRS}, {OURS, THEIRS}),
        (MANY + 1, None, set(), {OURS, THEIRS}),
        (MANY + 1, "elsewhere", set(), set()),
    ],
    ids=["few", "few, and a change", "many of ours", "many, and a change", "many of who knows where", "moved away"],
)
def test_only_sources_with_many_pages_or_a_change_are_looked_through(count, place, changed, found):
    taken = Taken({f"p{n}": {place} for n in range(count)}, changed)
    assert looked_through(taken, {OURS, THEIRS}) == found


def test_what_could_not_be_read_waits_before_the_newer():
    dirty = heard(("e1", "page.created", "p1"))
    dirty.put_back(Taken({"p0": {OURS}, "p1": {None}}, {OURS}))
    assert list(dirty.take().pages) == ["p0", "p1"]


@pytest.mark.parametrize(
    ("places", "is_ours"),
    [((OURS,), True), ((THEIRS,), False), ((None,), True), ((THEIRS, OURS), True), ((OURS, THEIRS), True)],
    ids=["ours", "another source's", "not said", "moved to us", "moved away, or told out of order"],
)
def test_a_page_that_every_event_places_in_another_source_is_not_asked_for(places, is_ours):
    dirty = heard(*((f"e{n}", "page.moved", "p1", place) for n, place in enumerate(places)))
    assert list(dirty.take({OURS}).pages) == (["p1"] if is_ours else [])


def test_a_page_that_was_put_back_is_asked_for_whatever_a_later_event_says():
    dirty = heard(("e1", "page.moved", "p1", THEIRS))
    dirty.put_back(Taken({"p0": {OURS}, "p1": {None}}, set()))
    assert list(dirty.take({OURS}).pages) == ["p0", "p1"]
