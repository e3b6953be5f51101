"""What stands in the cells: cut, unsupported, unknown and renamed."""

from datetime import timedelta

import pytest

from tests.contract.simulated_notion import fill, recorded


def test_a_relation_is_cut_at_25_and_the_property_endpoint_has_all(stage, workspace, source_id):
    related = fill(workspace, source_id, 130)
    page_id = workspace.create_page(source_id, {"Nome": "many", "Grupo": related, "Pessoas": related})
    stage.show(workspace)
    row = stage.post(f"/v1/data_sources/{source_id}/query", {"page_size": 1}).json()["results"][0]
    assert [len(row["properties"]["Grupo"]["relation"]), row["properties"]["Grupo"]["has_more"]] == [25, True]
    # People are cut as well, and nothing tells.
    assert len(row["properties"]["Pessoas"]["people"]) == 25
    assert "has_more" not in row["properties"]["Pessoas"]
    path = f"/v1/pages/{page_id}/properties/{row['properties']['Grupo']['id']}"
    first = stage.get(path).json()
    assert (len(first["results"]), first["has_more"]) == (100, True)
    rest = stage.get(path, params={"start_cursor": first["next_cursor"]}).json()
    assert [item["relation"]["id"] for item in first["results"] + rest["results"]] == related
    assert (rest["has_more"], rest["next_cursor"], rest["property_item"]["next_url"]) == (False, None, None)


def test_a_relation_to_what_is_not_shared_is_empty(stage, workspace, source_id):
    page_id = fill(workspace, source_id, 1)[0]
    other = workspace.create_database(
        "Tarefas", {"Nome": "title", "Cliente": {"relation": {"data_source_id": source_id}}}
    ).data_source_ids[0]
    workspace.create_page(other, {"Nome": "t", "Cliente": [page_id]})
    stage.show(workspace)
    path = f"/v1/data_sources/{other}/query"
    relations = []
    for change in (lambda: None, lambda: workspace.unshare(source_id), lambda: workspace.share(source_id)):
        change()
        relations.append(stage.post(path).json()["results"][0]["properties"]["Cliente"]["relation"])
    assert relations == [[{"id": page_id}], [], [{"id": page_id}]]


def test_formulas_and_rollups_can_be_unsupported(stage, workspace):
    constructed = recorded("constructed_from_docs/property_values_unsupported.json")
    schema = {"Nome": "title", "Formula X": "formula", "Rollup Y": "rollup"}
    source_id = workspace.create_database("Calculado", schema).data_source_ids[0]
    page_id = workspace.create_page(source_id, constructed)
    stage.show(workspace)
    shown = stage.get(f"/v1/pages/{page_id}").json()["properties"]
    for name, value in constructed.items():
        assert shown[name][value["type"]] == value[value["type"]]


def test_a_rollup_is_incomplete_until_the_last_page_of_its_items(stage, workspace, source_id):
    related = fill(workspace, source_id, 3)
    relation = workspace.data_sources[source_id].properties["Grupo"]
    rollup = {"relation_property_id": relation.decoded_id, "function": "sum"}
    column_id = workspace.add_property(source_id, "Soma", {"rollup": rollup})
    page_id = workspace.create_page(source_id, {"Nome": "s", "Grupo": related, "Soma": 12})
    stage.show(workspace)
    path = f"/v1/pages/{page_id}/properties/{column_id}"
    first = stage.get(path, params={"page_size": 2}).json()
    assert first["property_item"]["rollup"] == {"type": "incomplete", "incomplete": {}, "function": "sum"}
    last = stage.get(path, params={"page_size": 2, "start_cursor": first["next_cursor"]}).json()
    assert last["property_item"]["rollup"] == {"type": "number", "number": 12, "function": "sum"}


def test_recomputed_columns_do_not_count_as_edits(stage, workspace, source_id, clock):
    page_id = workspace.create_page(source_id, {"Nome": "a", "Conta": 1})
    clock.moment += timedelta(hours=1)
    stage.show(workspace)
    before = stage.get(f"/v1/pages/{page_id}").json()
    workspace.recompute(page_id, {"Conta": 2})
    after = stage.get(f"/v1/pages/{page_id}").json()
    assert before["last_edited_time"] == after["last_edited_time"]
    assert after["properties"]["Conta"]["formula"] == {"type": "number", "number": 2}


def test_unknown_kinds_of_columns_are_served_as_they_are(stage, workspace, source_id):
    workspace.add_property(source_id, "Visto", "last_visited_time")
    page_id = workspace.create_page(source_id, {"Nome": "a", "Visto": "2026-11-23T10:00:00.000Z"})
    stage.show(workspace)
    page = stage.get(f"/v1/pages/{page_id}").json()
    assert page["properties"]["Visto"]["last_visited_time"] == "2026-11-23T10:00:00.000Z"
    assert {"is_archived", "is_locked"} <= set(page)


def test_a_renamed_column_keeps_its_id_and_its_values(stage, workspace, source_id):
    workspace.create_page(source_id, {"Nome": "a", "Valor": 5})
    stage.show(workspace)
    path = f"/v1/data_sources/{source_id}/query"
    before = stage.post(path).json()["results"][0]
    workspace.rename_property(source_id, "Valor", "Honorários")
    after = stage.post(path).json()["results"][0]
    assert after["properties"]["Honorários"] == before["properties"]["Valor"]
    assert after["last_edited_time"] == before["last_edited_time"]
    workspace.remove_property(source_id, "Honorários")
    assert "Honorários" not in stage.post(path).json()["results"][0]["properties"]


def test_property_ids_are_encoded_in_answers_and_paths_and_decoded_in_parameters(stage, workspace, source_id):
    names = [f"Coluna {n}" for n in range(40)]
    for name in names:
        workspace.add_property(source_id, name, "rich_text")
    page_id = workspace.create_page(source_id, dict.fromkeys(names, "x"))
    stage.show(workspace)
    columns = workspace.data_sources[source_id].properties
    encoded = [columns[name] for name in names if "%" in columns[name].id]
    assert encoded
    for column in encoded:
        assert stage.get(f"/v1/pages/{page_id}/properties/{column.id}").json()["results"]
    path = f"/v1/data_sources/{source_id}/query"
    wanted = [column.decoded_id for column in encoded] + ["Nome"]
    for parameter in ("filter_properties", "filter_properties[]"):
        (row,) = stage.post(path, params={parameter: wanted}).json()["results"]
        assert set(row["properties"]) == {column.name for column in encoded} | {"Nome"}
    assert stage.post(path, params={"filter_properties": encoded[0].id}).status_code == 400


def test_a_text_that_was_cut_within_a_character_is_served_as_an_escape(stage, workspace, source_id):
    page_id = workspace.create_page(source_id, {"Nome": "café \ud83d"})
    stage.show(workspace)
    answer = stage.get(f"/v1/pages/{page_id}")
    assert b"\\ud83d" in answer.content
    assert answer.json()["properties"]["Nome"]["title"][0]["plain_text"] == "café \ud83d"


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ({"string": {"contains": "1"}}, ["a1"]),
        ({"number": {"greater_than": 0}}, [1, 2.5]),
        ({"checkbox": {"equals": True}}, [True]),
        ({"string": {"is_not_empty": True}}, ["a1"]),
    ],
    ids=str,
)
def test_a_formula_of_another_type_in_another_row_is_not_found(stage, workspace, source_id, condition, found):
    for result in (True, 2.5, 1, "a1", None):
        workspace.create_page(source_id, {"Nome": "x", "Conta": result})
    stage.show(workspace)
    asked = {"filter": {"property": "Conta", "formula": condition}}
    rows = stage.post(f"/v1/data_sources/{source_id}/query", asked).json()["results"]
    formulas = [row["properties"]["Conta"]["formula"] for row in rows]
    assert [formula[formula["type"]] for formula in formulas] == found
