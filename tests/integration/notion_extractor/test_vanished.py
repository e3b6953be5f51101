"""How a row of Notion goes: missed, asked for by id, gone in two runs. And how it does not."""

from datetime import UTC, datetime, timedelta

import pytest

from services.notion_extractor import vanished
from services.notion_extractor.notion_api import Read
from shared.contracts.events import SourceFailed
from tests.integration.notion_extractor.conftest import QUERY, SOURCE_ID, error, facts, in_turn, listed, reply, row

REGISTER = {"Código": "title"}


@pytest.fixture
def register(workspace):
    database = workspace.create_database("Clientes", REGISTER, data_sources=["Ativos", "Antigos"])
    source = database.data_source_ids[0]
    pages = [workspace.create_page(source, {"Código": str(number)}) for number in range(4)]
    return database, pages


def asked(office):
    return office.batches("lookup")[-1].content["proof"]["asked"]


def removed(office):
    return [(gone["id"], gone["scope"]) for batch in office.batches("lookup") for gone in batch.content["removed"]]


@pytest.mark.parametrize(
    ("how", "kind"),
    [("trash", "trashed"), ("archive", "archived"), ("delete", "gone or unshared")],
)
def test_line_9_what_vanished_is_classified_in_two_runs_before_it_is_removed(room, workspace, register, how, kind):
    database, (page, *_) = register
    office = room(database.id)
    office.run()
    getattr(workspace, how)(page)
    office.run()
    assert (asked(office), removed(office)) == ({page: kind}, [])
    office.restart()
    office.run()
    assert (asked(office), removed(office)) == ({page: kind}, [(page, database.data_source_ids[0])])
    office.run()
    assert len(removed(office)) == 1


def test_a_page_that_came_back_between_the_two_runs_is_not_removed(room, workspace, register):
    database, (page, *_) = register
    office = room(database.id)
    office.run()
    workspace.trash(page)
    office.run()
    workspace.restore(page)
    office.run()
    office.run()
    assert removed(office) == []
    assert office.batches("lookup")[-1].content["watch"] == []


def test_a_page_that_moved_to_another_source_that_is_read_is_not_removed(room, workspace, register):
    database, (page, *_) = register
    office = room(database.id)
    office.run()
    workspace.move(page, database.data_source_ids[1])
    for _ in range(3):
        office.run()
    assert removed(office) == []
    assert page in {row["id"] for row in office.rows(office.batches(database.data_source_ids[1])[-1])}


def test_a_page_that_moved_to_a_source_that_is_read_but_does_not_show_it_yet_is_not_removed(room, register, source):
    other = "99999999-2222-4333-8444-555555555555"
    moved = row(2, parent={"type": "data_source_id", "data_source_id": other})
    source.replies[f"/v1/data_sources/{other}/query"] = reply(body=listed())
    source.replies = {
        f"/v1/data_sources/{other}": reply(body={"object": "data_source", "id": other, "properties": {}}),
        "/v1/pages/": reply(body=moved),
        **source.replies,
    }
    source.replies = {f"/v1/data_sources/{other}/query": reply(body=listed()), **source.replies}
    source.replies[QUERY] = in_turn(reply(body=listed(row(1), row(2))), reply(body=listed(row(1))))
    office = room(SOURCE_ID, other, url=source.url)
    for _ in range(3):
        office.run()
    assert removed(office) == []
    listed_now = office.batches("lookup")[-1].content["watch"]
    assert [(each["id"], each["answer"]) for each in listed_now] == [(row(2)["id"], "found")]


def test_a_page_that_moved_out_of_all_that_is_read_is_removed(room, workspace, register):
    database, (page, *_) = register
    elsewhere = workspace.create_database("Outros", REGISTER).data_source_ids[0]
    office = room(database.id)
    office.run()
    workspace.move(page, elsewhere)
    office.run()
    assert asked(office) == {page: "moved"}
    office.run()
    assert [each for each, _ in removed(office)] == [page]


def test_a_page_that_the_index_merely_lags_behind_is_not_removed(room, source):
    source.replies["/v1/pages/"] = reply(body=row(2))
    source.replies[QUERY] = in_turn(reply(body=listed(row(1), row(2))), reply(body=listed(row(1))))
    office = room(SOURCE_ID, url=source.url)
    for _ in range(4):
        office.run()
    assert removed(office) == []
    assert asked(office) in ({row(2)["id"]: "there"}, {})


def test_what_may_not_be_asked_for_waits_for_a_person_and_is_told_once(room, source):
    source.replies["/v1/pages/"] = reply(403, error(403, "restricted_resource"))
    source.replies[QUERY] = in_turn(reply(body=listed(row(1), row(2), row(3))), reply(body=listed(row(1))))
    office = room(SOURCE_ID, url=source.url)
    office.run()
    (failed,) = facts(office.run(), SourceFailed)
    assert failed.scope == "lookup"
    assert "cannot be asked for by id, so none is removed" in failed.reason
    ids = [row(2)["id"], row(3)["id"]]
    assert asked(office) == dict.fromkeys(ids, "forbidden")
    assert len([path for _, path, _ in source.asked if path.startswith("/v1/pages/")]) == 1
    assert facts(office.run(), SourceFailed) == []
    waiting = [(each["id"], each["answer"]) for batch in office.batches("lookup") for each in batch.content["removed"]]
    assert sorted(waiting) == [(each, "forbidden") for each in ids]


def test_line_9_a_source_that_is_not_shared_any_more_does_not_speak_for_its_rows(room, workspace, register):
    database, (page, *_) = register
    source = database.data_source_ids[0]
    office = room(source)
    office.run()
    workspace.trash(page)
    office.run()
    workspace.unshare(source)
    for _ in range(3):
        office.run()
    assert removed(office) == []
    workspace.share(source)
    office.run()
    assert [each for each, _ in removed(office)] == [page]


def test_asking_keeps_within_its_budget(room, workspace, register):
    database, pages = register
    more = [workspace.create_page(database.data_source_ids[0], {"Código": f"x{n}"}) for n in range(30)]
    office = room(database.id, requests_per_minute=1, every=timedelta(minutes=40))
    office.run()
    for page in (*pages, *more):
        workspace.trash(page)
    office.run()
    assert len(asked(office)) == 10
    last = office.batches("lookup")[-1]
    assert len(last.content["watch"]) == 34
    assert {each["lacked"] for each in last.content["watch"]} == {34}


def test_asking_that_breaks_off_keeps_what_was_answered_and_is_told_once(room, source):
    source.replies["/v1/pages/"] = in_turn(reply(404, error(404, "object_not_found")), reply(500, error(500, "x")))
    source.replies[QUERY] = in_turn(reply(body=listed(row(1), row(2), row(3))), reply(body=listed(row(1))))
    office = room(SOURCE_ID, url=source.url)
    office.run()
    (failed,) = facts(office.run(), SourceFailed)
    assert failed.scope == "lookup"
    assert asked(office) == {row(2)["id"]: "gone or unshared"}
    assert facts(office.run(), SourceFailed) == []


def test_a_page_that_notion_refuses_to_show_keeps_no_other_from_being_asked_for(room, source):
    refused, gone = (f"/v1/pages/{row(n)['id']}" for n in (2, 3))
    source.replies[refused] = reply(400, error(400, "validation_error", "path failed validation"))
    source.replies[gone] = reply(404, error(404, "object_not_found"))
    source.replies[QUERY] = in_turn(reply(body=listed(row(1), row(2), row(3))), reply(body=listed(row(1))))
    office = room(SOURCE_ID, url=source.url)
    office.run()
    said = [fact for _ in range(3) for fact in facts(office.run(), SourceFailed)]
    assert [(fact.scope, "path failed validation" in fact.reason) for fact in said] == [("lookup", True)]
    assert [each for each, _ in removed(office)] == [row(3)["id"]]
    assert [each["id"] for each in office.batches("lookup")[-1].content["watch"]] == [row(2)["id"]]


def test_three_refusals_in_a_row_are_not_the_pages_and_nobody_else_is_asked_for(room, source):
    source.replies["/v1/pages/"] = reply(429, error(429, "x", rate_limit_reason="public_api_request_blocked"))
    source.replies[QUERY] = in_turn(reply(body=listed(*map(row, range(9)))), reply(body=listed(row(0))))
    office = room(SOURCE_ID, url=source.url)
    office.run()
    assert len(facts(office.run(), SourceFailed)) == 1
    assert len([path for _, path, _ in source.asked if path.startswith("/v1/pages/")]) == 3
    assert removed(office) == []
    assert len(office.batches("lookup")[-1].content["watch"]) == 8


OURS = {"type": "data_source_id", "data_source_id": SOURCE_ID}
PLACES = {
    "in its place": ({"parent": OURS}, "there"),
    "in its place, without dashes": ({"parent": OURS | {"data_source_id": SOURCE_ID.replace("-", "")}}, "there"),
    "in the trash": ({"parent": OURS, "in_trash": True}, "trashed"),
    "in the trash, as older versions say it": ({"parent": OURS, "archived": True}, "trashed"),
    "archived": ({"parent": OURS, "is_archived": True}, "archived"),
    "in a database, as older versions say it": ({"parent": {"type": "database_id", "database_id": "x"}}, "there"),
    "under a page": ({"parent": {"type": "page_id", "page_id": "x"}}, "moved"),
    "in the workspace": ({"parent": {"type": "workspace", "workspace": True}}, "moved"),
    "nowhere": ({"parent": None}, "there"),
    "in a source that is a number": ({"parent": {"type": "data_source_id", "data_source_id": 7}}, "there"),
}


@pytest.mark.parametrize("place", PLACES)
def test_only_what_is_surely_elsewhere_counts_as_gone(place):
    page, kind = PLACES[place]
    assert vanished.classify(Read(page, datetime.now(UTC)), SOURCE_ID, {SOURCE_ID}) == kind


def test_what_a_read_missed_lies_in_its_own_manifest(room, workspace, register):
    database, (page, *_) = register
    office = room(database.id)
    office.run()
    workspace.trash(page)
    office.run()
    full = office.batches(database.data_source_ids[0])[-1]
    assert [(each["id"], each["lacked"], each["held"]) for each in full.content["missed"]] == [(page, 1, 4)]
