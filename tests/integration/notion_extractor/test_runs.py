"""What a run reads whole, what only by edits, and what it says when the source itself has changed."""

from datetime import timedelta

import pytest

from services.notion_extractor import planning
from shared.contracts.envelope import first
from shared.contracts.events import (
    RunNow,
    SchemaDrifted,
    SourceFailed,
)
from simulators.notion.settings import NotionSettings
from tests.integration.notion_extractor.conftest import REGISTER, SOURCE_ID, facts


def pages_of(workspace, source):
    return [page.id for page in workspace.data_sources[source].created_by_key]


def read(office, source):
    """Kind and codes of each batch."""
    return [
        (batch.kind, sorted(row["properties"]["Código"]["title"][0]["plain_text"] for row in office.rows(batch)))
        for batch in office.batches(source)
    ]


def large(**more):
    """So few requests a minute that no source fits into half an interval."""
    return {"requests_per_minute": 0.01, **more}


def test_a_source_that_fits_is_read_whole_each_time(room, register):
    database, source = register
    office = room(database)
    office.run()
    office.run()
    assert [kind for kind, _ in read(office, source)] == ["full", "full"]


def test_a_source_that_could_only_be_read_in_small_pages_costs_as_many_requests_as_it_took(
    room, register, workspace, clock
):
    database, source = register
    for number in range(5, 40):
        workspace.create_page(source, {"Código": str(number)}, created_time=clock() - timedelta(hours=1))
    # Half an hour has room for three requests: for 40 rows a page would do, but these come by ten.
    office = room(database, settings=NotionSettings(heavy_page_size=10), requests_per_minute=0.1)
    office.run()
    clock.forward(hours=1)
    office.run()
    assert [batch.kind for batch in office.batches(source)] == ["full", "increment"]


def test_line_8_an_increment_brings_also_what_was_edited_in_the_minute_of_the_last_read(
    room, register, workspace, clock
):
    database, source = register
    office = room(database, **large())
    office.run()  # at second 40
    clock.forward(seconds=10)
    edited, _, _, _, untouched = pages_of(workspace, source)
    workspace.update_page(edited, {"Código": "edited"})  # stamped with second 0
    clock.forward(hours=1)
    office.run()
    assert read(office, source)[1] == ("increment", ["edited"])
    assert untouched


def test_increments_follow_each_other_without_a_gap(room, register, workspace, clock):
    database, source = register
    office = room(database, **large())
    office.run()
    for n, page in enumerate(pages_of(workspace, source)):
        clock.forward(minutes=7, seconds=13)
        workspace.update_page(page, {"Código": f"edited {n}"})
        office.run()
    seen = {code for kind, codes in read(office, source) if kind == "increment" for code in codes}
    assert seen >= {f"edited {n}" for n in range(5)}


def test_an_empty_increment_lands_too_since_it_was_read(room, register, clock):
    database, source = register
    office = room(database, **large())
    office.run()
    clock.forward(hours=1)
    office.run()
    assert read(office, source)[1] == ("increment", [])


def test_an_increment_says_what_it_builds_on(room, register, clock):
    database, source = register
    office = room(database, **large())
    office.run()
    for _ in range(2):
        clock.forward(hours=1)
        office.run()
    full, one, two = office.batches(source)
    held = {each["scope"]: [ref for ref, _ in each["holds"]] for each in office.batches()[-1].content["plan"]}
    assert held[source] == [full.batch_ref, one.batch_ref, two.batch_ref]
    assert one.content["full"] == two.content["full"]
    assert one.content["full"]["batch_ref"] == full.batch_ref


def test_a_whole_read_comes_at_least_every_full_every_across_restarts(room, register, clock):
    database, source = register
    office = room(database, **large(full_every=timedelta(hours=3, minutes=10)))
    for _ in range(7):
        office.run()
        office.restart()
        clock.forward(hours=1)
    assert [kind for kind, _ in read(office, source)] == [
        "full",
        "increment",
        "increment",
        "full",
        "increment",
        "increment",
        "full",
    ]


def test_a_person_who_wants_a_run_now_gets_everything_whole(room, register, clock):
    database, source = register
    office = room(database, **large())
    office.run()
    clock.forward(hours=1)
    office.extract.on_run_now(first(RunNow(system="notion", by="Ana"), source="/t", time=clock(), event_id="1"))
    assert office.extract.tokens.wake.is_set()
    office.run()
    assert [kind for kind, _ in read(office, source)] == ["full", "full"]


def test_a_wish_outlives_a_run_that_could_not_begin(room, register, clock, server, workspace):
    database, source = register
    office = room(database, **large())
    office.run()
    clock.forward(hours=1)
    office.extract.on_run_now(first(RunNow(system="notion", by="Ana"), source="/t", time=clock(), event_id="1"))
    server.show(workspace, NotionSettings(requests_per_window=0))
    office.run()
    server.show(workspace)
    office.run()
    assert [kind for kind, _ in read(office, source)] == ["full", "full"]


def test_a_person_who_wants_one_source_gets_that_alone(room, register, clock):
    database, source = register
    office = room(database, **large())
    office.run()
    for scope in (source, "0" * 32):
        clock.forward(hours=1)
        wish = RunNow(system="notion", by="Ana", scope=scope)
        office.extract.on_run_now(first(wish, source="/t", time=clock(), event_id="1"))
        office.run()
    assert [kind for kind, _ in read(office, source)] == ["full", "full"], "and nothing for one that nobody knows"


def test_another_mapping_reads_all_rows_anew(room, register, clock):
    database, source = register
    office = room(database, **large())
    office.run()
    office.mappings = {database: {"fields": {"client_manager": "Nome Fantasia"}}}
    office.restart()
    clock.forward(hours=1)
    office.run()
    assert [batch.kind for batch in office.batches(source)] == ["full", "full"]


def test_what_the_increments_brought_is_missed_too(room, register, workspace, clock):
    database, source = register
    office = room(database, **large(full_every=timedelta(hours=3, minutes=10)))
    office.run()
    clock.forward(hours=1)
    new = workspace.create_page(source, {"Código": "new"})
    office.run()
    clock.forward(hours=1)
    workspace.trash(new)
    office.run()
    assert office.batches("lookup")[-1].content["watch"] == []
    clock.forward(hours=1)
    office.run()
    kinds = office.batches("lookup")[-1].content["proof"]["asked"]
    assert kinds == {new: "trashed"}


def test_changed_properties_are_told_once_and_stand_in_the_manifest(room, register, workspace):
    database, source = register
    office = room(database)
    office.run()
    workspace.rename_property(source, "Nome Fantasia", "Apelido")
    workspace.add_property(source, "CNPJ", "rich_text")
    (told,) = facts(office.run(), SchemaDrifted)
    assert set(told.fields) == {"renamed: Nome Fantasia → Apelido", "added: CNPJ"}
    batch = office.batches(source)[-1]
    assert batch.content["drift"] == {"renamed": ["Nome Fantasia → Apelido"], "added": ["CNPJ"]}
    assert batch.content["mapping"]["fields"]["trade_name"]["name"] == "Apelido"
    office.restart()
    assert facts(office.run(), SchemaDrifted) == []
    workspace.remove_property(source, "CNPJ")
    (told,) = facts(office.run(), SchemaDrifted)
    assert told.fields == ("vanished: CNPJ",)


def test_changed_properties_are_told_by_the_next_process_where_this_one_dies_before_it_could(room, register, workspace):
    database, source = register
    office = room(database)
    office.run()
    workspace.rename_property(source, "Nome Fantasia", "Apelido")
    office.extract.run()  # the broker is away
    office.restart()
    (told,) = facts(office.said(), SchemaDrifted)
    assert told.fields == ("renamed: Nome Fantasia → Apelido",)
    office.restart()
    assert facts(office.run(), SchemaDrifted) == [], "what was confirmed is not said again"


def test_news_whose_confirmation_was_lost_are_said_again_under_the_same_id(room, register, workspace):
    database, source = register
    office = room(database)
    office.run()
    workspace.add_property(source, "CNPJ", "rich_text")
    office.extract.run()

    def first_drift():
        beat = office.announcer.beat()
        return next(each for each in beat if isinstance(each.data, SchemaDrifted))

    before = first_drift()  # said, and the process ends before it hears so
    office.restart()
    assert first_drift() == before


def test_changed_properties_are_told_once_their_rows_could_be_read(room, register, workspace, server):
    database, source = register
    office = room(database)
    office.run()
    workspace.rename_property(source, "Nome Fantasia", "Apelido")
    server.show(workspace, NotionSettings(queries_per_window=0))
    assert [type(fact) for fact in office.run()] == [SourceFailed]
    office.restart()
    server.show(workspace)
    (told,) = facts(office.run(), SchemaDrifted)
    assert told.fields == ("renamed: Nome Fantasia → Apelido",)


def test_a_mapping_that_names_what_is_not_there_is_one_alert_with_what_is(room, register):
    database, source = register
    office = room(database, mappings={database: {"fields": {"client_code": "Codigo"}}})
    (failed,) = facts(office.run(), SourceFailed)
    assert failed.reason.endswith("no property 'Codigo'; there are Código, Nome Fantasia")
    assert facts(office.run(), SourceFailed) == []
    assert office.batches(source) == []


TASKS = {"role": "tasks"}


def test_a_data_sources_own_mapping_goes_before_that_of_its_database(room, workspace):
    database = workspace.create_database("Escritório", REGISTER, data_sources=["Clientes", "Tarefas"])
    clients, tasks = database.data_source_ids
    office = room(database.id, mappings={tasks: TASKS, database.id: {"fields": {"trade_name": "Código"}}})
    assert facts(office.run(), SchemaDrifted) == []
    landed = {batch.scope: batch.content["mapping"] for batch in office.batches() if batch.kind == "full"}
    assert [landed[each]["role"] for each in (clients, tasks)] == ["clients", "tasks"]
    assert landed[clients]["fields"]["trade_name"]["name"] == "Código"


def test_a_mapping_that_nobody_is_read_by_is_told_once(room, register, workspace):
    database, source = register
    office = room(database, mappings={SOURCE_ID: TASKS, source: {}})
    (told,) = facts(office.run(), SchemaDrifted)
    assert (told.scope, told.fields) == (SOURCE_ID, (SOURCE_ID,))
    assert "is neither in NOTION_SOURCES nor a data source found there" in told.reason
    assert office.run() == []
    assert len(office.batches(source)) == 2


def test_whose_a_mapping_is_waits_until_every_entry_is_known(room, register, workspace):
    database, _source = register
    others = workspace.create_database("Tarefas", REGISTER)
    office = room(database, others.id, mappings={others.data_source_ids[0]: TASKS})
    workspace.unshare(others.data_source_ids[0])
    assert facts(office.run(), SchemaDrifted) == []
    workspace.share(others.data_source_ids[0])
    assert facts(office.run(), SchemaDrifted) == []


def test_a_data_source_that_left_its_database_is_told_once(room, workspace, clock):
    database = workspace.create_database("Clientes", REGISTER, data_sources=["Ativos", "Antigos"])
    stays, leaves = database.data_source_ids
    office = room(database.id)
    office.run()
    database.data_source_ids.remove(leaves)
    (told,) = facts(office.run(), SchemaDrifted)
    assert told.scope == leaves
    assert "is no longer a data source of the database" in told.reason
    assert office.run() == []
    assert {each["scope"] for each in office.batches()[-1].content["plan"]} == {stays, "lookup"}
    office.restart()
    assert facts(office.run(), SchemaDrifted) == []


@pytest.mark.parametrize("lands", [True, False], ids=["its batch landed", "nothing landed"])
def test_that_a_data_source_left_is_told_by_the_next_process_too(room, workspace, clock, lands):
    database = workspace.create_database("Clientes", REGISTER, data_sources=["Ativos", "Antigos"])
    stays, leaves = database.data_source_ids
    office = room(database.id)
    office.run()
    database.data_source_ids.remove(leaves)
    if lands:
        office.extract.run()
    else:
        planning.scopes({stays: database.id}, (), office.extract.lander.recorder.memory, office.landing)
    office.restart()
    (told,) = facts(office.said() if lands else office.run(), SchemaDrifted)
    assert told.scope == leaves


def test_a_source_in_the_trash_is_not_read_as_an_empty_one(room, register, workspace):
    database, source = register
    office = room(database)
    office.run()
    workspace.data_sources[source].shown["in_trash"] = True
    (failed,) = facts(office.run(), SourceFailed)
    assert "trash" in failed.reason
    assert len(office.batches(source)) == 1


# -- tokens
