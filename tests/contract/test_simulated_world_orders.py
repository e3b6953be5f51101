"""What a person orders of the invented office, and the truth that is quick enough to be asked every second."""

from collections.abc import Iterator

import pytest
import requests

from tests.contract.simulated_gestta import Office, an_office


@pytest.fixture
def office() -> Iterator[Office]:
    with an_office() as found:
        yield found


def _refused(office: Office, path: str, body: object) -> str:
    answer = requests.post(office.running.urls["control"] + path, json=body, timeout=10)
    assert answer.status_code == 400
    return str(answer.json()["error"])


def test_an_erased_month_stays_empty_until_told_to_go_on(office):
    """Also while the world goes on by itself and generates other months anew."""
    told = office.door("POST", "/world/erase", {"hold": True})
    for _ in range(3):
        office.door("POST", "/world/advance?events=5&kind=regenerate")

    assert told["erased"]
    assert all(office.task(task_id).status_code == 404 for task_id in told["erased"])
    anew = office.door("POST", "/world/regenerate")["generated"]
    assert len(anew) == len(told["erased"])
    assert not set(anew) & set(told["erased"])
    assert all(office.task(task_id).status_code == 200 for task_id in anew)


def test_tasks_generated_anew_have_the_clients_names_and_days_of_the_old_ones(office):
    before = office.truth()
    told = office.door("POST", "/world/erase", {"hold": True})
    office.door("POST", "/world/regenerate")
    after = office.truth()

    def said(tasks: list[dict]) -> list[tuple]:
        return sorted((task["client_code"] or "", task["title"], task["due_date"]) for task in tasks)

    assert said([before[i] for i in told["erased"]]) == said([after[i] for i in after.keys() - before.keys()])


def test_the_second_step_may_fail_with_500_and_the_month_stays_empty(office):
    told = office.door("POST", "/world/erase", {"hold": True})
    answer = requests.post(office.running.urls["control"] + "/world/regenerate", json={"fail": True}, timeout=10)

    assert answer.status_code == 500
    assert not set(told["erased"]) & office.truth().keys()
    assert len(office.door("POST", "/world/regenerate")["generated"]) == len(told["erased"])


def test_a_due_date_moves_to_another_block_by_command(office):
    ids = [row["id"] for row in office.rows("2026-12-01", "2026-12-31")[:3]]
    office.door("POST", "/world/change", {"ids": ids, "set": {"due": "2026-08-14"}})

    assert not {row["id"] for row in office.rows("2026-10-01", "2026-12-31")} & set(ids)
    assert {row["id"] for row in office.rows("2026-08-14", "2026-08-14")} >= set(ids)


def test_due_dates_move_by_days_for_whatever_is_selected(office):
    selection = {"due_from": "2026-12-01", "due_to": "2026-12-31", "status": "OPEN", "count": 4}
    before = office.truth()
    ids = office.door("POST", "/world/change", {**selection, "days": 95})["ids"]
    after = office.truth()

    assert len(ids) == 4
    assert {before[task_id]["status"] for task_id in ids} == {"OPEN"}
    assert {before[task_id]["due_date"][:7] for task_id in ids} == {"2026-12"}
    assert {after[task_id]["due_date"][:7] for task_id in ids} <= {"2027-03", "2027-04"}


def test_a_deletion_leaves_no_tombstone_and_can_be_taken_back(office):
    rows = office.rows()
    ids = [row["id"] for row in rows[:2]]
    office.door("POST", "/world/delete", {"ids": ids})
    assert [office.task(task_id).status_code for task_id in ids] == [404, 404]
    assert len(office.rows()) == len(rows) - 2

    office.door("POST", "/world/restore", {"ids": ids})
    assert [office.task(task_id).status_code for task_id in ids] == [200, 200]
    assert sorted(row["id"] for row in office.rows()) == sorted(row["id"] for row in rows)


def test_a_task_concluded_by_command_says_when_and_by_whom(office):
    task_id = next(row["id"] for row in office.rows() if row["status"] == "OPEN" and "owner.name" in row)
    office.door("POST", "/world/change", {"ids": [task_id], "set": {"status": "DONE"}})
    row = next(row for row in office.rows() if row["id"] == task_id)
    assert row["conclusion_date"].startswith("2026-11-23T15:00")
    assert row["concluded_by.name"] == row["owner.name"]

    office.door("POST", "/world/change", {"ids": [task_id], "set": {"status": "OPEN"}})
    assert "conclusion_date" not in next(row for row in office.rows() if row["id"] == task_id)


def test_an_owner_is_named_or_taken_away(office):
    row = next(row for row in office.rows() if row["status"] == "OPEN" and "owner.name" in row)
    other = office.running.world.people[-1].name
    owners = []
    for owner in (other, None):
        office.door("POST", "/world/change", {"ids": [row["id"]], "set": {"owner": owner}})
        owners.append(office.door("GET", f"/truth/tasks?ids={row['id']}")["tasks"][row["id"]]["owner"])

    assert owners == [other, None]


@pytest.mark.parametrize(
    ("path", "body", "word"),
    [
        pytest.param("/world/delete", {}, "which tasks", id="everything by mistake"),
        pytest.param("/world/delete", {"ids": ["nobody"]}, "no task", id="nothing"),
        pytest.param("/world/change", {"count": 1, "set": {"colour": "blue"}}, "colour", id="no such value"),
        pytest.param("/world/change", {"count": 1, "set": {"owner": "Ninguém"}}, "Ninguém", id="nobody of that name"),
        pytest.param("/world/restore", {"ids": ["never"]}, "no task", id="never deleted"),
        pytest.param("/world/clock", {"now": "2027-01-01T00:00:00"}, "timezone", id="a time without its offset"),
        pytest.param("/world/erase", {"month": "soon"}, "month", id="no month"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused_in_words(office, path, body, word):
    assert word in _refused(office, path, body)
    assert office.running.world.version <= 1


def test_the_truth_of_some_ids_says_what_the_panel_must_show_and_which_do_not_exist(office):
    row = next(row for row in office.rows() if row["status"] == "DONE")
    told = office.door("POST", "/truth/tasks", {"ids": [row["id"], "f" * 24]})

    assert told["missing"] == ["f" * 24]
    shown = told["tasks"][row["id"]]
    assert shown["source_status"] == row["status"]
    assert shown["department"] == row["company_department.name"]
    assert shown["owner"] == row.get("owner.name")
    assert shown["completed_at"][:19] == row["conclusion_date"][:19]
    panel = office.door("GET", f"/truth/panel?from={shown['due_date']}&to={shown['due_date']}")["rows"]
    assert shown == next(each for each in panel if each["task_id"] == row["id"]) | {"version": 0}


def test_the_truth_of_ids_may_be_asked_in_an_address(office):
    ids = [row["id"] for row in office.rows()[:3]]

    assert list(office.door("GET", f"/truth/tasks?ids={','.join(ids)}")["tasks"]) == ids


def test_the_truth_tells_what_became_of_tasks_since_an_event(office):
    first, second, third = (row["id"] for row in office.rows()[:3])
    office.door("POST", "/world/change", {"ids": [first], "set": {"title": "Outro"}})
    since = office.door("GET", "/truth/changes")["version"]
    office.door("POST", "/world/change", {"ids": [second], "set": {"title": "Outro"}})
    office.door("POST", "/world/delete", {"ids": [third]})
    told = office.door("GET", f"/truth/changes?since={since}")

    assert (told["changed"], told["removed"]) == ({second: since + 1}, {third: since + 2})
    assert office.door("GET", "/truth/changes")["changed"].keys() == {first, second}


def test_what_was_deleted_and_came_back_is_no_longer_removed(office):
    task_id = office.rows()[0]["id"]
    office.door("POST", "/world/delete", {"ids": [task_id]})
    office.door("POST", "/world/restore", {"ids": [task_id]})
    told = office.door("GET", "/truth/changes")

    assert (task_id in told["changed"], told["removed"]) == (True, {})
