"""What else is known of Gestta (gestta.md): each fact turning out a little different stops nothing."""

import itertools
from datetime import timedelta

import pytest

from services.gestta_extractor.gestta_api import GesttaApi
from services.gestta_extractor.service import Range
from shared.clock import ReadClock
from shared.contracts.events import AuthFailed, SourceFailed
from tests.integration.gestta_extractor.conftest import reader_of
from tests.integration.gestta_extractor.test_blocks import blocks, days

pytestmark = pytest.mark.integration

REPORT, SEARCH = "/core/customer/task/report", "/core/customer/task/search"


def failed(reader):
    return [f for f in reader.facts() if isinstance(f, SourceFailed)]


@pytest.mark.parametrize("answer", ["400", "422", "500", "504"])
def test_a_range_that_is_too_large_may_be_refused_with_any_status(reader, office, answer):
    office.post("/gestta/settings", report_max_days=50, report_too_long=answer)
    landed = blocks(reader.run())
    assert max(days(m.scope) for m in landed) <= 50
    assert len(landed) == 8
    assert failed(reader) == []


def test_a_range_that_is_too_large_may_be_met_with_silence(reader, office):
    office.post("/gestta/settings", report_max_days=50, report_too_long="timeout", report_timeout=0.2)
    assert max(days(m.scope) for m in blocks(reader.run())) <= 50
    assert failed(reader) == []


def test_a_limit_that_is_lifted_is_found_out_after_a_day(reader, office):
    office.post("/gestta/settings", report_max_days=50)
    assert len(blocks(reader.run())) == 8
    office.post("/gestta/settings", report_max_days=100)
    assert len(blocks(reader.run(whole=True))) == 8
    reader.ahead += timedelta(days=1)
    assert len(blocks(reader.run(whole=True))) == 4


@pytest.mark.parametrize("kind", ["slow", "trickle"])
def test_a_slow_block_is_read_all_the_same(reader, office, kind):
    office.fault(kind, path=REPORT, args={"seconds": 1})
    assert len(blocks(reader.run())) == 4
    assert failed(reader) == []


def test_a_task_may_come_wrapped_in_data(reader, office):
    office.post("/gestta/settings", task_under_data=True)
    (moved,) = office.post("/world/change", count=1, status="OPEN", days=-4000)["ids"]
    reader.run()
    office.post("/world/change", ids=[moved], set={"status": "DONE"})
    (lookup,) = (m for m in reader.run() if m.kind == "lookup")
    assert reader.rows(lookup)[moved]["status"] == "DONE"


@pytest.mark.parametrize("kind", ["429", "500", "503", "html", "truncated_json"])
def test_a_hiccup_in_the_search_costs_another_request_and_no_alert(reader, office, kind):
    office.fault(kind, path=SEARCH, args={"retry_after": 0} if kind == "429" else {})
    assert "search:open" in [m.scope for m in reader.run()]
    assert failed(reader) == []


def test_an_errors_request_id_is_told(reader, office):
    office.fault("500", path=SEARCH, times=0)
    reader.run()
    (told,) = failed(reader)
    assert "x-request-id" in told.reason


def test_a_token_that_dies_between_two_calls_of_a_run_is_told_once_and_the_rest_waits(reader, office):
    office.fault("401", path=SEARCH, times=0)
    assert [m.kind for m in reader.run()] == ["full"] * 4
    assert [f.status for f in reader.facts() if isinstance(f, AuthFailed)] == [401]
    calls = len(office.calls())
    reader.run()
    assert len(office.calls()) == calls, "while the token is dead nothing is asked"


def test_half_a_second_lies_between_two_calls(office):
    api = GesttaApi(office.url, requests_per_hour=600, reads=ReadClock())
    assert api._http._pace._gap == 0.5


def test_another_length_of_blocks_removes_nothing_and_forgets_nobody(reader, office):
    reader.run()
    gone = set(office.post("/world/erase")["erased"])
    old = reader.extract.range
    reader.extract.range = Range(old.first_year, old.last_year, 2, old.every, old.requests_per_hour, "")
    landed = [m for _ in range(2) for m in reader.run(whole=True)]
    assert len(blocks(landed)) == 12
    assert {g["id"] for m in landed for g in m.content["removed"]} == gone


def test_a_clock_that_goes_back_in_a_run_takes_no_time_of_reading_back(reader, office):
    reader.run()
    jumps = itertools.count()
    real = reader.extract.now
    reader.extract.now = lambda: real() - timedelta(hours=next(jumps))
    landed = reader.run()
    times = [m.content["read_to"] for m in landed]
    assert times == sorted(times)
    assert [g for m in landed for g in m.content["removed"]] == []


def test_a_month_whose_second_step_failed_is_empty_and_comes_back(reader, office):
    reader.run()
    gone = set(office.post("/world/erase", hold=True)["erased"])
    landed = [m for _ in range(2) for m in reader.run(whole=True)]
    assert {g["id"] for m in landed for g in m.content["removed"]} == gone
    new = set(office.post("/world/regenerate")["generated"])
    shown = {i for m in reader.run(whole=True) for i in reader.rows(m)}
    assert new <= shown


def test_an_account_that_sees_fewer_tasks_removes_none_that_it_can_still_open(reader, office):
    reader.run()
    hidden = sorted(office.tasks())[:5]
    office.post("/gestta/settings", row_spoils={task: {"drop": ["id", "_id"]} for task in hidden})
    landed = [m for _ in range(3) for m in reader.run(whole=True)]
    assert not {g["id"] for m in landed for g in m.content["removed"]} & set(hidden)


def test_a_login_may_answer_201(office, tmp_path):
    office.post("/gestta/settings", login_status=201)
    api = GesttaApi(office.url, requests_per_hour=600, reads=ReadClock())
    token = api.login(office.email, office.password)
    assert token.startswith("JWT ")
    assert reader_of(office, tmp_path, token=token).run()


def test_what_the_web_app_sends_is_sent(office):
    api = GesttaApi(office.url, requests_per_hour=600, reads=ReadClock())
    headers = api._http._session.headers
    assert headers["Origin"] == "https://app.gestta.com.br"
    assert headers["Referer"] == "https://app.gestta.com.br/"
    assert headers["Accept-Language"] == "pt-BR"
