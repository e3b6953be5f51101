"""Titles of related pages: in bulk, remembered, and never the reason that a register does not load."""

from datetime import timedelta

import pytest

from shared.contracts.events import SourceFailed, SourceRecovered
from tests.integration.notion_extractor.conftest import facts


@pytest.fixture
def people(workspace):
    return workspace.create_database("Pessoas", {"Nome": "title"}).data_source_ids[0]


@pytest.fixture
def register(workspace, people, clock):
    long_ago = clock() - timedelta(days=9)
    database = workspace.create_database(
        "Clientes", {"Código": "title", "Gestor": {"relation": {"data_source_id": people}}}
    )
    managers = [workspace.create_page(people, {"Nome": f"Pessoa {n}"}, created_time=long_ago) for n in range(150)]
    for number in range(300):
        workspace.create_page(database.data_source_ids[0], {"Código": str(number), "Gestor": [managers[number % 140]]})
    return database.data_source_ids[0], managers


def last(office, source):
    return office.batches(source)[-1].content


def spy(office):
    """Bodies of the queries for `only` titles."""
    asked = []
    api = office.extract.tokens.credentials.api()
    query = api.query

    def listening(source, body, *, size, only=()):
        if only:
            asked.append((source, body))
        return query(source, body, size=size, only=only)

    api.query = listening
    return asked


def test_titles_come_a_hundred_a_request_and_only_those_that_rows_refer_to(room, register, people):
    source, managers = register
    office = room(source)
    asked = spy(office)
    office.run()
    related = last(office, source)["related"]
    assert related == {page: f"Pessoa {n}" for n, page in enumerate(managers[:140])}
    assert len(asked) == 2
    assert last(office, source)["proof"]["titles"] == {people: {"wanted": 140, "missing": 0}}


def test_titles_are_remembered_and_only_edits_are_read(room, register, people, workspace, clock):
    source, managers = register
    office = room(source)
    asked = spy(office)
    office.run()
    clock.forward(hours=1)
    workspace.update_page(managers[3], {"Nome": "Outro nome"})
    clock.forward(minutes=30)
    office.run()
    assert last(office, source)["related"][managers[3]] == "Outro nome"
    assert len(last(office, source)["related"]) == 140
    assert len(asked) == 3
    assert asked[2][1]["filter"]["timestamp"] == "last_edited_time"


def test_titles_that_are_edited_while_the_servers_clock_is_behind_ours_are_read(
    room, register, people, workspace, clock
):
    source, managers = register
    office = room(source)
    office.extract.lander.titles._now = lambda: clock() + timedelta(minutes=10)
    office.run()
    clock.forward(minutes=1)
    workspace.update_page(managers[3], {"Nome": "Outro nome"})
    clock.forward(minutes=9)
    office.run()
    assert last(office, source)["related"][managers[3]] == "Outro nome"


def test_titles_outlive_a_restart(room, register, people, clock):
    source, _ = register
    office = room(source)
    office.run()
    office.restart()
    asked = spy(office)
    clock.forward(hours=1)
    office.run()
    assert len(asked) == 1
    assert len(last(office, source)["related"]) == 140


def test_a_page_that_nobody_referred_to_before_is_found(room, register, people, workspace, clock):
    source, managers = register
    office = room(source)
    office.run()
    clock.forward(hours=5)
    workspace.create_page(source, {"Código": "new", "Gestor": [managers[149]]})
    office.run()
    assert last(office, source)["related"][managers[149]] == "Pessoa 149"


def test_a_trashed_page_is_missing_and_does_not_cost_a_whole_read_each_time(room, register, people, workspace, clock):
    source, managers = register
    office = room(source)
    workspace.trash(managers[0])
    asked = spy(office)
    for _ in range(3):
        office.run()
        clock.forward(hours=1)
    assert managers[0] not in last(office, source)["related"]
    assert last(office, source)["proof"]["titles"] == {people: {"wanted": 140, "missing": 1}}
    assert len(asked) == 2 + 1 + 1


def test_titles_are_read_whole_again_every_full_every(room, register, clock):
    source, _ = register
    office = room(source, full_every=timedelta(hours=3))
    asked = spy(office)
    for _ in range(4):
        office.run()
        clock.forward(hours=1)
    assert ["filter" in body for _, body in asked].count(False) == 2 * 2


def test_a_related_source_that_is_not_shared_leaves_its_titles_unresolved(room, register, people, workspace):
    source, _ = register
    workspace.unshare(people)
    office = room(source)
    (failed,) = facts(office.run(), SourceFailed)
    assert failed.scope == people
    assert "without the titles of this related source" in failed.reason
    content = last(office, source)
    assert content["records"] == 300
    relation = content["mapping"]["fields"]["client_manager"]["id"]
    assert content["unresolved"][relation]["data_source_id"] == people
    assert "not shared" in content["unresolved"][relation]["reason"]
    assert facts(office.run(), SourceFailed) == []
    workspace.share(people)
    assert people in {fact.scope for fact in facts(office.run(), SourceRecovered)}
    assert last(office, source)["unresolved"] == {}
    assert len(last(office, source)["related"]) == 140


def test_the_trouble_of_a_related_source_is_not_over_because_its_source_was_not_read(room, register, people, workspace):
    source, _ = register
    workspace.unshare(people)
    office = room(source)
    assert [fact.scope for fact in facts(office.run(), SourceFailed)] == [people]
    workspace.unshare(source)
    said = office.run()
    assert [fact.scope for fact in facts(said, SourceFailed)] == [source]
    assert people not in {fact.scope for fact in facts(said, SourceRecovered)}


def test_a_relation_that_names_the_database_is_resolved_through_it(room, workspace, people):
    owner = workspace.data_sources[people].database_id
    page = workspace.create_page(people, {"Nome": "Ana"})
    database = workspace.create_database(
        "Clientes", {"Código": "title", "Gestor": {"relation": {"data_source_id": people}}}
    )
    source = database.data_source_ids[0]
    workspace.create_page(source, {"Código": "1", "Gestor": [page]})
    office = room(source)
    api = office.extract.tokens.credentials.api()
    schema = api.schema

    def older(asked):
        read = schema(asked)
        for each in read.body.get("properties", {}).values():
            if each["type"] == "relation":
                each["relation"] = {"database_id": owner}
        return read

    api.schema = older
    office.run()
    assert last(office, source)["related"] == {page: "Ana"}
