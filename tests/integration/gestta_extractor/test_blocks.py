"""Blocks of the task report (gestta.md, section 3): whole, halved where Gestta does not manage them, or named."""

import itertools
from datetime import date, timedelta

import pytest

from services.gestta_extractor.due import OFFICE_TIME
from shared import clock
from shared.contracts.envelope import first
from shared.contracts.events import AuthRecovered, RunNow, SchemaDrifted, SourceFailed
from tests.integration.gestta_extractor.conftest import SEVEN_MINUTES, reader_of

pytestmark = pytest.mark.integration


def scopes(manifests):
    return [m.scope for m in manifests]


def blocks(manifests):
    return [m for m in manifests if m.scope.startswith("report:")]


def today():
    return clock.now().astimezone(OFFICE_TIME).date()


def days(scope):
    first, last = scope.removeprefix("report:").split("/")
    return (date.fromisoformat(last) - date.fromisoformat(first)).days + 1


def test_a_first_run_lands_every_task_of_the_range_and_open_ones_of_any_age(reader, office):
    landed = reader.run()
    year = str(today().year)
    found = {row_id for m in landed for row_id in reader.rows(m)}
    wanted = {
        i for i, t in office.tasks().items() if t["due_date"][:4] == year or t["status"] in ("OPEN", "IMPEDIMENT")
    }
    assert found == wanted
    assert len(blocks(landed)) == 4
    assert [type(fact) for fact in reader.facts()] == [AuthRecovered]


def test_every_manifest_proves_its_read_complete(reader):
    for manifest in reader.run():
        proof = manifest.content["proof"]
        assert proof["without_id"] == 0
        assert proof["distinct_ids"] == manifest.records


def test_an_empty_range_is_a_204_and_a_batch_without_rows(reader, office, restarted):
    far = restarted(reader, first=40, last=40)
    landed = blocks(far.run())
    assert [m.records for m in landed] == [0] * 4


@pytest.mark.parametrize("under_data", [False, True], ids=["an array", "an object with the rows under data"])
def test_both_shapes_of_a_report_are_read(reader, office, under_data):
    office.post("/gestta/settings", report_under_data=under_data)
    assert sum(m.records for m in blocks(reader.run())) > 100


def test_a_range_that_the_server_refuses_is_halved_until_it_fits_and_remembered(reader, office, restarted):
    whole = {i for m in blocks(reader.run()) for i in reader.rows(m)}
    office.post("/gestta/settings", report_max_days=31)
    landed = blocks(reader.run(whole=True))
    assert max(days(m.scope) for m in landed) <= 31
    assert {i for m in landed for i in reader.rows(m)} == whole
    asked = len(office.calls("/core/customer/task/report"))
    after = restarted(reader)
    again = blocks(after.run(whole=True))
    assert sorted(scopes(again)) == sorted(scopes(landed))
    assert len(office.calls("/core/customer/task/report")) - asked == len(again), "nothing is refused a second time"


def test_rows_of_a_block_that_was_halved_are_missed_by_its_parts(reader, office):
    reader.run()
    office.post("/gestta/settings", report_max_days=31)
    gone = office.post("/world/erase")["erased"]
    reader.run(whole=True)
    landed = reader.run(whole=True)
    assert {g["id"] for m in landed for g in m.content["removed"]} == set(gone)


def test_a_block_that_fails_is_named_and_the_others_are_read(reader, office):
    office.fault("500", path="/core/customer/task/report", times=0)
    landed = reader.run()
    assert blocks(landed) == []
    assert len(landed) == 2, "the open tasks, and the lookup"
    failed = [f for f in reader.facts() if isinstance(f, SourceFailed)]
    assert len(failed) == 4
    assert all(f.scope.startswith("report:") for f in failed)
    assert len(office.calls("/core/customer/task/report")) == 3 * 4 + 2 * 7, "halved once, then known to be no help"
    office.no_faults()
    assert len(blocks(reader.run())) == 4


@pytest.mark.parametrize("kind", ["500", "cut", "truncated_json", "html", "429"])
def test_a_hiccup_costs_another_request_and_neither_the_block_nor_an_alert(reader, office, kind):
    office.fault(kind, path="/core/customer/task/report", args={"retry_after": 0} if kind == "429" else {})
    landed = blocks(reader.run())
    assert len(landed) == 4
    assert not [f for f in reader.facts() if isinstance(f, SourceFailed)]


def test_a_failed_block_removes_nothing_and_keeps_its_place_in_the_plan(reader, office):
    reader.run()
    office.fault("500", path="/core/customer/task/report", times=0)
    landed = [m for _ in range(3) for m in reader.run(whole=True)]
    assert [g for m in landed for g in m.content["removed"]] == []
    plan = {p["scope"]: p for p in landed[-1].content["plan"]}
    assert len([scope for scope in plan if scope.startswith("report:")]) == 4
    assert all(p["last_ref"] for scope, p in plan.items() if scope.startswith("report:"))


def test_a_year_that_leaves_the_range_removes_nothing(reader, office, restarted):
    reader.run()
    later = restarted(reader, first=1, last=1)
    landed = [m for _ in range(3) for m in later.run(whole=True)]
    assert [g for m in landed for g in m.content["removed"]] == []
    assert not any(m.content["missed"] for m in blocks(landed))


def test_a_first_of_january_removes_nothing(reader, office):
    reader.run()
    reader.ahead += date(today().year + 1, 1, 1) - today()
    landed = [m for _ in range(3) for m in reader.run(whole=True)]
    assert [g for m in landed for g in m.content["removed"]] == []


def test_tasks_outside_the_block_that_was_asked_for_are_counted_and_told_once(reader, office):
    office.post("/gestta/settings", report_date="created")
    landed = blocks(reader.run()) + blocks(reader.run(whole=True))
    assert sum(m.content["proof"]["outside"] for m in landed) > 0
    (told,) = (f for f in reader.facts() if isinstance(f, SchemaDrifted))
    assert told.fields == ("_due_date",)


def test_no_hour_has_more_requests_than_its_budget(reader, office, tmp_path):
    office.fault("500", path="/core/customer/task/report", times=0)
    poor = reader_of(office, tmp_path, requests_per_hour=12)
    before = len(office.calls())
    for _ in range(3):
        poor.run(whole=True)
    assert len(office.calls()) - before <= 12


@pytest.mark.parametrize("wanted", ["report", "search:open", "all", "report:1999-01-01/1999-03-31"])
def test_a_person_who_wants_one_scope_gets_that_alone(reader, wanted):
    every = scopes(reader.run())
    wish = every[1] if wanted == "report" else wanted
    fact = RunNow(system="gestta", by="Ana", scope=wish)
    reader.extract.on_run_now(first(fact, source="/t", time=clock.now(), event_id="1"))
    assert reader.extract.wake.is_set()
    reader.ahead += SEVEN_MINUTES
    before = {m.batch_ref for m in reader.landing.manifests("gestta")}
    reader.extract.run()
    landed = [m for m in reader.landing.manifests("gestta") if m.batch_ref not in before and m.kind == "full"]
    expected = {"report": {wish}, "search:open": {wish}, "all": set(every) - {"lookup"}}.get(wanted, set())
    assert set(scopes(landed)) == expected


def test_a_block_whose_halves_take_too_long_is_told_and_goes_on_from_there(reader, office):
    office.post("/gestta/settings", report_max_days=31)
    ticks = itertools.count()
    real = reader.extract.now
    reader.extract.now = lambda: real() + timedelta(seconds=60 * next(ticks))
    landed = blocks(reader.run())
    failed = [f.scope for f in reader.facts() if isinstance(f, SourceFailed)]
    assert failed
    assert not set(failed) & set(scopes(landed))
    reader.extract.now = real
    again = [m for _ in range(2) for m in blocks(reader.run(whole=True))]
    assert {i for m in (*landed, *again) for i in reader.rows(m)} >= {
        i for i, t in office.tasks().items() if t["due_date"][:4] == str(today().year)
    }
    assert not [f for f in reader.facts() if isinstance(f, SourceFailed)]


def test_a_block_that_is_refused_for_its_size_is_halved_although_another_gave_up(reader, office):
    office.post("/gestta/settings", report_max_days=31)
    present = f"{today().year}-{3 * ((today().month - 1) // 3) + 1:02d}"
    office.fault("500", path="/core/customer/task/report", first_day=present, times=0)
    landed = blocks(reader.run())
    assert len(landed) >= 9, "the other three quarters, in parts of a month and less"


def test_a_wait_of_a_day_that_gestta_wants_is_told_and_sleeps_in_no_thread(reader, office):
    office.fault("429", path="/core/customer/task/report", args={"retry_after": 86_400})
    before = len(office.calls())
    reader.run()
    told = [f for f in reader.facts() if isinstance(f, SourceFailed)]
    assert len(told) <= 1
    assert len(office.calls()) - before == 1
    assert reader.extract.api.left == 0


def test_a_single_run_that_could_not_read_everything_says_so(office, tmp_path):
    assert reader_of(office, tmp_path / "a").extract.run_whole_plan()
    assert not reader_of(office, tmp_path / "b", requests_per_hour=3).extract.run_whole_plan()
