"""Complete or not at all: every row of a source, and the proof of it, or nothing and a word about it."""

import json
from datetime import timedelta

import pytest

from services.notion_extractor.reading import WALKS
from shared.contracts.events import SourceFailed, SourceRecovered
from shared.landing import iso
from simulators.notion.settings import NotionSettings
from tests.integration.notion_extractor.conftest import (
    QUERY,
    SOURCE_ID,
    error,
    facts,
    in_turn,
    listed,
    reply,
    row,
)
from tests.unit.notion_extractor.proof import holds

LATER = "2026-11-20T10:05:00.000Z"
REGISTER = {"Código": "title", "Nome Fantasia": "rich_text"}


def filled(workspace, clock, count, *, per_minute=50):
    """A register of `count` rows, so many created in each minute; returns database and data source."""
    database = workspace.create_database("Clientes", REGISTER)
    source = database.data_source_ids[0]
    for number in range(count):
        made = clock() - timedelta(days=30) + timedelta(minutes=number // per_minute)
        workspace.create_page(source, {"Código": str(number)}, created_time=made)
    return database.id, source


def codes(rows):
    return sorted(int(each["properties"]["Código"]["title"][0]["plain_text"]) for each in rows)


def test_line_1_windows_go_past_the_cap_and_the_manifest_proves_it(room, workspace, clock):
    database, source = filled(workspace, clock, 30_000, per_minute=130)
    office = room(database)
    office.run()
    (batch,) = office.batches(source)
    assert codes(office.rows(batch)) == list(range(30_000))
    proof = batch.content["proof"]
    assert holds(proof)
    assert proof["crowded"] == []
    assert proof["distinct_ids"] == batch.records == 30_000
    assert proof["rows"] == proof["distinct_ids"] + proof["repeated"]
    assert proof["pages"] == sum(window["pages"] for window in proof["windows"]) + 1, "and a look at the newest row"
    assert proof["walks"] == 1


def test_line_2_exactly_the_cap_without_a_status_is_not_believed(room, source):
    first = [row(n) for n in range(4)] + [row(4, created_time=LATER)]
    rest = [row(4, created_time=LATER), row(5, created_time=LATER)]
    source.replies[QUERY] = in_turn(reply(body=listed(*first)), reply(body=listed(*rest)))
    office = room(SOURCE_ID, url=source.url, cap=5)
    office.run()
    (batch,) = office.batches(SOURCE_ID)
    assert batch.records == 6
    assert [window["since"] for window in batch.content["proof"]["windows"]] == [None, LATER]
    asked = [body for _, path, body in source.asked if path.startswith(QUERY)]
    assert asked[1]["filter"]["created_time"] == {"on_or_after": LATER}


def test_line_3_a_cut_that_nobody_tells_of_takes_no_row_away(room, source):
    """The incident of 2026-09: the walk ends at the cap without a word, and a clean-up deletes what it did not see."""
    made = [row(n, created_time=f"2026-11-20T{n // 60:02}:{n % 60:02}:00.000Z") for n in range(285)]

    def cut(handler, asked):
        since = json.loads(asked).get("filter", {}).get("created_time", {}).get("on_or_after", "")
        reply(body=listed(*[each for each in made if each["created_time"] >= since][:100]))(handler, asked)

    source.replies[QUERY] = reply(body=listed(*made))
    office = room(SOURCE_ID, url=source.url, cap=100)
    office.run()
    source.replies[QUERY] = cut
    office.run()
    before, after = office.batches(SOURCE_ID)
    assert office.rows(before) == office.rows(after) == made
    assert after.content["missed"] == []
    assert office.batches("lookup")[-1].content["removed"] == []


def test_line_3_what_a_mass_of_missed_rows_lacked_travels_to_the_guard(room, source):
    source.replies["/v1/pages/"] = reply(404, error(404, "object_not_found"))
    source.replies[QUERY] = in_turn(
        reply(body=listed(*map(row, range(500)))), reply(body=listed(*map(row, range(200))))
    )
    office = room(SOURCE_ID, url=source.url)
    for _ in range(3):
        office.run()
    gone = office.batches("lookup")[-1].content["removed"]
    assert len(gone) == 300
    # The transformer holds back what lacked more than REMOVAL_LIMIT of its scope, until a person has decided.
    assert {(each["lacked"], each["held"]) for each in gone} == {(300, 500)}


@pytest.mark.parametrize("count", [999, 1_000, 1_001, 2_000, 2_345], ids=str)
def test_a_cap_of_another_size_is_found_by_its_status(room, workspace, clock, count):
    database, source = filled(workspace, clock, count)
    office = room(database, settings=NotionSettings(row_cap=1_000))
    office.run()
    assert codes(office.rows(office.batches(source)[0])) == list(range(count))


def test_an_import_of_more_rows_in_one_minute_than_a_query_gives_is_parted_by_what_they_say(room, workspace, clock):
    database, source = filled(workspace, clock, 30_000, per_minute=29_000)
    office = room(database)
    assert facts(office.run(), SourceFailed) == []
    (batch,) = office.batches(source)
    assert codes(office.rows(batch)) == list(range(30_000))
    proof = batch.content["proof"]
    assert holds(proof)
    (parted, *_) = proof["crowded"]
    assert {answer["property"] for answers in parted["parted_by"] for answer in answers} == {"Código"}
    assert proof["distinct_ids"] == 30_000


@pytest.mark.parametrize(
    "column",
    [
        {"rich_text": {}},
        {"url": {}},
        {"select": ["Ativa", "Inativa"]},
        {"status": ["Ativa", "Inativa"]},
        {"multi_select": ["Ativa", "Inativa"]},
        {"checkbox": {}},
    ],
    ids=lambda column: next(iter(column)),
)
def test_rows_of_one_minute_are_parted_by_any_property_that_tells_them_apart(room, workspace, clock, column):
    database = workspace.create_database("Clientes", {"Código": "title", "Coluna": column})
    (source,) = database.data_source_ids
    kind = next(iter(column))
    some: dict[str, list[object]] = {"checkbox": [True, False], "multi_select": [["Ativa"], ["Inativa"], None]}
    given = some.get(kind, ["Ativa", "Inativa", None])
    for number in range(300):
        cells = {"Código": "", "Coluna": given[number % len(given)]}
        workspace.create_page(source, cells, created_time=clock() - timedelta(days=9))
    office = room(database.id, settings=NotionSettings(row_cap=199), cap=199)
    assert facts(office.run(), SourceFailed) == []
    (batch,) = office.batches(source)
    assert batch.records == 300
    assert holds(batch.content["proof"])
    assert {answer["property"] for answer in batch.content["proof"]["crowded"][0]["parted_by"][0]} == {"Coluna"}


def test_an_import_of_one_minute_arrives_whole_as_an_increment(room, workspace, clock):
    clock.moment -= timedelta(hours=3)
    database, source = filled(workspace, clock, 50)
    office = room(database, settings=NotionSettings(row_cap=200), cap=200, requests_per_minute=0.01)
    office.run()
    clock.forward(hours=1)
    for number in range(50, 650):
        workspace.create_page(source, {"Código": str(number)})
    office.run()
    batch = office.batches(source)[-1]
    assert batch.kind == "increment"
    assert codes(office.rows(batch)) == list(range(50, 650))
    assert holds(batch.content["proof"])
    assert batch.content["proof"]["crowded"]


def test_an_import_that_goes_on_meanwhile_fails_by_name_and_arrives_with_the_next_run(room, workspace, clock):
    (source,) = workspace.create_database("Clientes", REGISTER).data_source_ids
    for number in range(450):
        workspace.create_page(source, {"Código": str(number)})  # edited just now, however often one looks
    office = room(source, settings=NotionSettings(row_cap=200), cap=200)
    (failed,) = facts(office.run(), SourceFailed)
    assert "created in one minute" in failed.reason
    assert "are still being edited" in failed.reason
    for page in workspace.data_sources[source].created_by_key:
        workspace.data_sources[source].edited(page, iso(clock() - timedelta(hours=1)))
    office.run()
    assert codes(office.rows(office.batches(source)[-1])) == list(range(450))


def test_titles_of_a_crowded_minute_are_read_too(room, workspace, clock):
    long_ago = clock() - timedelta(days=9)
    (people,) = workspace.create_database("Pessoas", {"Nome": "title"}).data_source_ids
    managers = [workspace.create_page(people, {"Nome": f"P{n}"}, created_time=long_ago) for n in range(10_050)]
    database = workspace.create_database("Clientes", {**REGISTER, "Gestor": {"relation": {"data_source_id": people}}})
    workspace.create_page(database.data_source_ids[0], {"Código": "1", "Gestor": [managers[-1]]})
    office = room(database.id)
    office.run()
    (batch,) = office.batches(database.data_source_ids[0])
    assert batch.content["related"] == {managers[-1]: "P10049"}


def test_more_than_the_cap_in_one_minute_without_a_word_to_part_them_fails_loudly_and_lands_nothing(
    room, workspace, clock
):
    (source,) = workspace.create_database("Clientes", REGISTER).data_source_ids
    for _ in range(300):
        workspace.create_page(source, {"Código": "novo"}, created_time=clock() - timedelta(days=9))
    office = room(source, settings=NotionSettings(row_cap=200), cap=200)
    (failed,) = facts(office.run(), SourceFailed)
    assert failed.scope == source
    assert "created in one minute" in failed.reason
    assert "no property parts them" in failed.reason
    assert office.batches(source) == []


def test_short_pages_end_nothing(room, workspace, clock):
    database, source = filled(workspace, clock, 730)
    office = room(database, settings=NotionSettings(short_page_every=2))
    office.run()
    assert codes(office.rows(office.batches(source)[0])) == list(range(730))


@pytest.mark.parametrize("status", [503, 504])
def test_a_source_that_is_too_heavy_for_large_pages_arrives_in_small_ones(room, workspace, clock, status):
    database, source = filled(workspace, clock, 120)
    office = room(database, settings=NotionSettings(heavy_page_size=25, heavy_status=status))
    office.run()
    (batch,) = office.batches(source)
    assert codes(office.rows(batch)) == list(range(120))
    assert batch.content["proof"]["page_size"] == 25


def test_an_expired_cursor_begins_the_walk_anew_at_once(room, source):
    expired = reply(400, error(400, "validation_error", "The start_cursor provided is invalid: c1"))
    first = reply(body=listed(row(1), cursor="c1"))
    source.replies[QUERY] = in_turn(first, expired, first, reply(body=listed(row(2))))
    office = room(SOURCE_ID, url=source.url)
    office.run()
    (batch,) = office.batches(SOURCE_ID)
    assert batch.records == 2
    assert batch.content["proof"]["walks"] == 2
    assert [body.get("start_cursor") for _, path, body in source.asked if path == QUERY] == [None, "c1", None, "c1"]
    assert max(office.waits, default=0) < 1


def test_cursors_that_are_bound_to_their_page_size_outlive_no_smaller_page(room, source):
    """Pages of more than ten rows fail after the first one: the walk begins anew with each smaller size."""
    bound: dict[str, int] = {}

    def heavy(handler, asked):
        body = json.loads(asked)
        size, cursor = body["page_size"], body.get("start_cursor")
        if cursor is None:
            bound[f"c{size}"] = size
            answer = reply(body=listed(row(1), cursor=f"c{size}"))
        elif size > 10 and size == bound[cursor]:
            answer = reply(503, error(503, "service_unavailable"))
        elif size != bound[cursor]:
            answer = reply(400, error(400, "validation_error", "The start_cursor provided is invalid"))
        else:
            answer = reply(body=listed(row(2)))
        answer(handler, asked)

    source.replies[QUERY] = heavy
    office = room(SOURCE_ID, url=source.url)
    assert facts(office.run(), SourceFailed) == []
    (batch,) = office.batches(SOURCE_ID)
    assert office.rows(batch) == [row(1), row(2)]
    assert (batch.content["proof"]["page_size"], batch.content["proof"]["walks"]) == (10, 4)


@pytest.mark.parametrize(
    "page",
    [
        listed(row(1), cursor="same"),
        {**listed(row(1)), "has_more": True},
        {**listed(row(1)), "has_more": True, "next_cursor": 7},
    ],
    ids=["a cursor that repeats itself", "more without a cursor", "a number for a cursor"],
)
def test_cursors_that_lead_nowhere_end_in_one_alert_after_three_walks(room, source, page):
    office = room(SOURCE_ID, url=source.url)
    office.run()
    source.replies[QUERY] = reply(body=page)
    assert len(facts(office.run(), SourceFailed)) == 1
    assert office.run() == []
    assert [batch.records for batch in office.batches(SOURCE_ID)] == [2]
    source.replies[QUERY] = reply(body=listed(row(1)))
    assert [fact.scope for fact in facts(office.run(), SourceRecovered)] == [SOURCE_ID]


def test_a_cursor_without_end_is_noticed(room, source):
    numbers = iter(range(10**6))

    def endless(handler, asked):
        reply(body=listed(row(1), cursor=f"c{next(numbers)}"))(handler, asked)

    source.replies[QUERY] = endless
    office = room(SOURCE_ID, url=source.url)
    (failed,) = facts(office.run(), SourceFailed)
    assert f"in {WALKS} walks" in failed.reason
    assert office.batches(SOURCE_ID) == []


def test_of_a_repeated_row_the_newest_version_lands(room, source):
    newer = row(1, last_edited_time=LATER, url="new")
    source.replies[QUERY] = in_turn(reply(body=listed(row(1), row(2), cursor="c")), reply(body=listed(newer, row(2))))
    office = room(SOURCE_ID, url=source.url)
    office.run()
    (batch,) = office.batches(SOURCE_ID)
    assert sorted(office.rows(batch), key=lambda each: each["id"]) == [newer, row(2)]
    assert batch.content["proof"]["repeated"] == 2


def test_of_a_row_edited_twice_in_one_minute_the_later_read_lands(room, source):
    newer = row(1, url="new")
    source.replies[QUERY] = in_turn(reply(body=listed(row(1), row(2), cursor="c")), reply(body=listed(newer, row(2))))
    office = room(SOURCE_ID, url=source.url)
    office.run()
    (batch,) = office.batches(SOURCE_ID)
    assert sorted(office.rows(batch), key=lambda each: each["id"]) == [newer, row(2)]


@pytest.mark.parametrize("by", ["database", "data source"])
def test_a_source_that_is_not_shared_any_more_fails_and_says_what_it_can_be(room, workspace, clock, by):
    database, source = filled(workspace, clock, 5)
    office = room(database if by == "database" else source)
    office.run()
    workspace.unshare(source)
    (failed,) = facts(office.run(), SourceFailed)
    assert "does not know it, or it is not shared with the connection" in failed.reason
    assert [batch.records for batch in office.batches(source)] == [5]
    assert office.run() == []
    planned = {each["scope"] for each in office.batches()[-1].content["plan"]}
    assert source in planned
    workspace.share(source)
    assert failed.scope in {fact.scope for fact in facts(office.run(), SourceRecovered)}


def test_a_share_lost_in_the_middle_of_a_walk_lands_nothing(room, source):
    gone = reply(404, error(404, "object_not_found"))
    source.replies[QUERY] = in_turn(reply(body=listed(row(1), cursor="c")), gone)
    office = room(SOURCE_ID, url=source.url)
    (failed,) = facts(office.run(), SourceFailed)
    assert failed.scope == SOURCE_ID
    assert office.batches(SOURCE_ID) == []


def test_line_7_each_data_source_of_a_database_is_read(room, workspace):
    database = workspace.create_database("Clientes", REGISTER, data_sources=["Ativos", "Antigos"])
    for number, source in enumerate(database.data_source_ids):
        workspace.create_page(source, {"Código": str(number)})
    office = room(database.id)
    office.run()
    for number, source in enumerate(database.data_source_ids):
        (batch,) = office.batches(source)
        assert codes(office.rows(batch)) == [number]
    assert {each["scope"] for each in office.batches()[-1].content["plan"]} == {*database.data_source_ids, "lookup"}
