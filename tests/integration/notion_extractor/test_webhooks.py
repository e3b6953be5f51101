"""Near-streaming: pages that signed webhooks name are read within seconds, and reconciled by the runs."""

import json
from datetime import timedelta

import pytest

from services.notion_extractor.webhook import Dirty, read
from shared.contracts.events import AuthFailed
from shared.extraction.supplied import supply
from tests.contract.simulated_notion import TOKEN as NOTION_TOKEN
from tests.integration.notion_extractor.conftest import QUERY, SOURCE_ID, error, facts, listed, reply, row
from tests.integration.notion_extractor.test_webhook_endpoint import event

SECRET = "secret_webhook"
REGISTER = {"Código": "title"}


@pytest.fixture
def register(workspace, clock):
    database = workspace.create_database("Clientes", REGISTER)
    source = database.data_source_ids[0]
    made = clock() - timedelta(hours=1)
    pages = [workspace.create_page(source, {"Código": str(n)}, created_time=made) for n in range(3)]
    return source, pages


def told(office, *pages, kind="page.properties_updated"):
    for number, page in enumerate(pages):
        office.extract.dirty.heard(read(json.dumps(event(f"{page}{number}{kind}", page, kind)).encode()))
    office.extract.read_dirty_pages()


def codes(office, batch):
    return sorted(each["properties"]["Código"]["title"][0]["plain_text"] for each in office.rows(batch))


def test_a_page_that_was_told_of_lands_as_an_increment_under_the_last_mapping(room, workspace, register):
    source, (page, other, _) = register
    office = room(source)
    office.run()
    workspace.update_page(page, {"Código": "edited"})
    new = workspace.create_page(source, {"Código": "new"})
    told(office, page, new, other)
    full, batch = office.batches(source)
    assert (batch.kind, codes(office, batch)) == ("increment", ["1", "edited", "new"])
    assert batch.content["mapping"] == full.content["mapping"]
    assert batch.content["full"]["batch_ref"] == full.batch_ref


def test_what_is_gone_or_no_row_of_ours_is_left_to_the_whole_read(room, workspace, register):
    source, (page, gone, _) = register
    elsewhere = workspace.create_database("Outros", REGISTER).data_source_ids[0]
    stranger = workspace.create_page(elsewhere, {"Código": "x"})
    office = room(source)
    office.run()
    workspace.trash(page)
    workspace.delete(gone)
    told(office, page, gone, stranger, "99999999-2222-4333-8444-555555555555")
    assert len(office.batches(source)) == 1


def test_the_next_increment_begins_where_the_last_run_did_since_webhooks_may_be_lost(room, workspace, register, clock):
    source, (page, other, _) = register
    office = room(source, requests_per_minute=0.01)
    office.run()
    clock.forward(minutes=10)
    workspace.update_page(other, {"Código": "told by nobody"})
    clock.forward(minutes=30)
    workspace.update_page(page, {"Código": "told"})
    told(office, page)
    clock.forward(minutes=20)
    office.run()
    kinds = [(batch.kind, codes(office, batch)) for batch in office.batches(source)[1:]]
    assert kinds == [("increment", ["told"]), ("increment", ["told", "told by nobody"])]


def test_a_row_that_came_by_a_webhook_and_vanished_is_missed_by_the_next_whole_read(room, workspace, register):
    source, _ = register
    office = room(source)
    office.run()
    new = workspace.create_page(source, {"Código": "new"})
    told(office, new)
    workspace.trash(new)
    office.run()
    assert [each["id"] for each in office.batches(source)[-1].content["missed"]] == [new]


def tell(office, count, *, of=None, kind="page.properties_updated"):
    for number in range(count):
        body = event(f"{kind}{number}", f"p{number}") | {"data": {"parent": {"data_source_id": of}}}
        office.extract.dirty.heard(read(json.dumps(body).encode()))
    office.extract.read_dirty_pages()


@pytest.mark.parametrize("what", ["many pages", "many pages, nobody says whose", "a changed schema"])
def test_what_a_query_does_better_costs_an_increment_of_its_source_alone_however_often_it_comes(
    room, workspace, register, clock, what
):
    source, (page, *_) = register
    other = workspace.create_database("Outros", REGISTER).data_source_ids[0]
    office = room(source, *([other] if "nobody" not in what else []))
    office.run()
    lookups = len(office.batches("lookup"))
    for number in range(2):
        clock.forward(minutes=5)
        workspace.update_page(page, {"Código": f"edited {number}"})
        if what == "a changed schema":
            told(office, source, kind="data_source.schema_updated")
            office.extract.dirty = Dirty()
        else:
            tell(office, 101, of=None if "nobody" in what else source, kind=f"page.{number}")
    read = [(batch.kind, codes(office, batch)) for batch in office.batches(source)[1:]]
    assert read == [("increment", ["edited 0"]), ("increment", ["edited 1"])]
    assert len(office.batches(other)) == (1 if "nobody" not in what else 0)
    assert len(office.batches("lookup")) == lookups
    assert not office.extract.tokens.wake.is_set()


def test_a_changed_source_whose_mapping_changed_with_it_is_read_whole(room, workspace, register):
    source, _ = register
    office = room(source)
    office.run()
    office.mappings[source] = {"role": "tasks"}
    told(office, source, kind="data_source.schema_updated")
    assert [batch.kind for batch in office.batches(source)] == ["full", "full"]


def test_a_changed_source_whose_whole_read_is_due_is_read_whole(room, register, clock):
    source, _ = register
    office = room(source, full_every=timedelta(hours=3))
    office.run()
    clock.forward(hours=3, minutes=1)
    told(office, source, kind="data_source.schema_updated")
    assert [batch.kind for batch in office.batches(source)] == ["full", "full"]


def test_changes_of_other_sources_cost_no_request(room, source):
    office = room(SOURCE_ID, url=source.url)
    office.run()
    asked = len(source.asked)
    told(office, "99999999-2222-4333-8444-555555555555", kind="data_source.schema_updated")
    assert len(source.asked) == asked


def test_pages_of_other_sources_cost_no_request_and_start_no_run(room, source):
    office = room(SOURCE_ID, url=source.url)
    office.run()
    asked = len(source.asked)
    parent = {"type": "database", "data_source_id": "99999999-2222-4333-8444-555555555555"}
    for number in range(200):
        body = event(number, f"p{number}") | {"data": {"parent": parent}}
        office.extract.dirty.heard(read(json.dumps(body).encode()))
    office.extract.read_dirty_pages()
    assert (len(source.asked), office.extract.tokens.wake.is_set()) == (asked, False)


def test_before_the_first_run_and_with_a_refused_token_pages_wait(room, workspace, register):
    source, (page, *_) = register
    office = room(source)
    told(office, page)
    assert office.batches() == []
    office.token = "bad"
    assert facts(office.run(), AuthFailed)
    office.extract.read_dirty_pages()
    office.token = NOTION_TOKEN
    office.run()
    office.extract.read_dirty_pages()
    assert [batch.kind for batch in office.batches(source)] == ["full", "increment"]


def test_after_another_process_had_its_turn_a_page_is_landed_on_what_that_one_read(room, workspace, register):
    source, (page, *_) = register
    office, other = room(source), room(source)
    office.run()
    other.restart()
    other.run()
    full = office.batches(source)[-1]
    office.extract.lander.recorder.outdated.set()  # as when the broker gives the turn back
    told(office, page)
    batch = office.batches()[-1]
    (entry,) = (each for each in batch.content["plan"] if each["scope"] == source)
    assert (batch.kind, batch.content["full"]["batch_ref"]) == ("increment", full.batch_ref)
    assert [ref for ref, _ in entry["holds"]] == [full.batch_ref, batch.batch_ref]


def reads_of(office, source):
    plan = office.batches()[-1].content["plan"]
    return next(each["last_read_at"] for each in plan if each["scope"] == source)


def test_pages_that_webhooks_brought_make_their_source_no_fresher(room, workspace, register):
    source, (page, *_) = register
    office = room(source)
    office.run()
    read_at = reads_of(office, source)
    told(office, page)
    assert office.batches()[-1].kind == "increment"
    assert reads_of(office, source) == read_at
    office.restart()
    office.run()
    assert reads_of(office, source) > read_at


def test_the_spreadsheet_for_people_stays_that_of_the_last_run(room, register):
    source, (page, *_) = register
    office = room(source)
    office.run()
    office.extract.spreadsheets.beat()
    sheets = {path.name for path in office.folder.rglob("*.csv")}
    assert sheets
    told(office, page)
    office.extract.spreadsheets.beat()
    assert {path.name for path in office.folder.rglob("*.csv")} == sheets


def test_an_old_event_that_is_posted_again_costs_a_read_and_brings_what_is_there_now(room, workspace, register):
    source, (page, *_) = register
    office = room(source)
    office.run()
    workspace.update_page(page, {"Código": "newer"})
    old = event(1, page) | {"timestamp": "2026-01-01T00:00:00.000Z", "attempt_number": 8}
    for _ in range(3):
        office.extract.dirty.heard(read(json.dumps(old).encode()))
        office.extract.read_dirty_pages()
    (batch,) = office.batches(source)[1:]
    assert codes(office, batch) == ["newer"]


def page_path(number):
    return f"/v1/pages/{row(number)['id']}"


def test_a_page_that_is_refused_for_good_keeps_no_other_back_and_the_next_run_brings_it(room, source):
    source.replies |= {page_path(n): reply(body=row(n)) for n in (1, 3)}
    source.replies[page_path(2)] = reply(400, error(400, "validation_error"))
    office = room(SOURCE_ID, url=source.url)
    office.run()
    told(office, *(row(n)["id"] for n in (1, 2, 3)))
    batch = office.batches(SOURCE_ID)[-1]
    assert (batch.kind, office.rows(batch)) == ("increment", [row(1), row(3)])
    assert office.extract.dirty.take() == ({}, set())
    newer = row(2, last_edited_time="2026-11-20T10:05:00.000Z")
    source.replies[QUERY] = reply(body=listed(row(1), newer, row(3)))
    office.run()
    assert newer in office.rows(office.batches(SOURCE_ID)[-1])


def test_three_refusals_in_a_row_are_not_the_pages_and_the_next_run_brings_them_all(room, source):
    source.replies["/v1/pages/"] = reply(429, error(429, "x", rate_limit_reason="public_api_request_blocked"))
    office = room(SOURCE_ID, url=source.url)
    office.run()
    told(office, *(row(n)["id"] for n in range(9)))
    assert len([path for _, path, _ in source.asked if path.startswith("/v1/pages/")]) == 3
    assert office.extract.dirty.take() == ({}, set())


def test_where_notion_is_away_what_was_read_lands_and_the_other_pages_wait(room, source):
    source.replies[page_path(1)] = reply(body=row(1))
    source.replies["/v1/pages/"] = reply(500, error(500, "internal_server_error"))
    office = room(SOURCE_ID, url=source.url)
    office.run()
    told(office, *(row(n)["id"] for n in (1, 2, 3)))
    assert office.rows(office.batches(SOURCE_ID)[-1]) == [row(1)]
    assert office.said() == []
    assert list(office.extract.dirty.take().pages) == [row(2)["id"], row(3)["id"]]


@pytest.mark.parametrize(
    ("answer", "fact"),
    [(error(500, "internal_server_error"), None), (error(401, "unauthorized"), AuthFailed)],
    ids=["Notion is away", "the token is refused"],
)
def test_of_many_pages_the_first_are_landed_before_the_last_are_asked_for_and_none_is_lost(room, source, answer, fact):
    ids = [row(n)["id"] for n in range(1, 41)]
    landed = []

    def page(number):
        def send(handler, asked):
            landed.append([batch.records for batch in office.batches(SOURCE_ID)][1:])
            reply(body=row(number))(handler, asked)

        return send

    source.replies |= {page_path(number): page(number) for number in range(1, 41)}
    source.replies[page_path(33)] = reply(answer["status"], answer)
    office = room(SOURCE_ID, url=source.url)
    office.run()
    office.said()
    told(office, *ids)
    assert [len(set(map(tuple, landed[begin : begin + 15]))) for begin in (0, 15)] == [1, 1]
    assert (landed[14], landed[15], landed[30]) == ([], [15], [15, 15])
    waiting = list(office.extract.dirty.take().pages)
    there = [each["id"] for batch in office.batches(SOURCE_ID)[1:] for each in office.rows(batch)]
    assert there + waiting == ids
    assert len(facts(office.said(), AuthFailed)) == (fact is AuthFailed)


def test_a_token_that_is_refused_for_a_page_gives_way_to_the_other_one_without_an_alert(room, workspace, register):
    source, (page, *_) = register
    office = room(source)
    office.run()
    office.said()
    supply(office.folder / "tokens", "notion", "bad")
    (office.folder / "tokens" / "notion.token.supplied").rename(office.folder / "tokens" / "notion.token")
    workspace.update_page(page, {"Código": "told"})
    told(office, page)
    assert len(office.batches(source)) == 1
    office.extract.read_dirty_pages()
    assert codes(office, office.batches(source)[-1]) == ["told"]
    assert facts(office.said(), AuthFailed) == []
