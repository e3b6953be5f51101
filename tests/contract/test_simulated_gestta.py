"""The Gestta simulator over the wire: each quirk of the real one that a reader must survive."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
import requests
from pydantic import SecretStr

from simulators.serve import Running, start
from simulators.settings import Settings

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
QUARTER = ("2026-10-01T00:00:00-03:00", "2026-12-31T23:59:59-03:00")
REPORT, SEARCH = "/core/customer/task/report", "/core/customer/task/search"


class Office:
    """One simulator and a reader's habits."""

    def __init__(self, running: Running, clock: list[datetime]) -> None:
        self.running = running
        self.clock = clock
        self.token = running.gestta.tokens.issue(timedelta(hours=1)).token

    def call(self, method: str, path: str, *, token: str | None = None, **given: Any) -> requests.Response:
        headers = {"Authorization": f"JWT {token or self.token}"}
        return requests.request(method, self.running.urls["gestta"] + path, headers=headers, timeout=10, **given)

    def report(self, start_date: str = QUARTER[0], end_date: str = QUARTER[1]) -> requests.Response:
        dates = {"startDate": start_date, "endDate": end_date}
        return self.call("POST", REPORT, json={"type": "CUSTOMER_TASK", "filter": "CURRENT_MONTH", "dates": dates})

    def search(self, **body: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self.call("POST", SEARCH, json=body).json()
        return answer

    def truth(self, first: str = "1900-01-01", last: str = "2999-12-31") -> dict[str, dict[str, Any]]:
        url = f"{self.running.urls['control']}/truth/gestta?from={first}&to={last}"
        tasks: dict[str, dict[str, Any]] = requests.get(url, timeout=10).json()["tasks"]
        return tasks

    def behave(self, **values: Any) -> None:
        self.running.gestta.behaviour = self.running.gestta.behaviour.changed(values)


@pytest.fixture
def office() -> Iterator[Office]:
    settings = Settings(
        gestta_port=0,
        notion_port=0,
        slack_port=0,
        portal_port=0,
        control_port=0,
        tasks_per_quarter=600,
        clients=70,
        people=15,
        events_per_minute=0,
        gestta_password=SecretStr("certa"),
    )
    clock = [NOW]
    with start(settings, lambda: clock[0]) as running:
        yield Office(running, clock)


def test_a_login_answers_with_an_empty_body_and_the_token_in_a_header(office):
    answer = office.call("POST", "/core/login", json={"email": office.running.gestta.email, "password": "certa"})

    assert answer.status_code == 200
    assert answer.content == b""
    assert answer.headers["authorization"].startswith("JWT eyJ")
    token = answer.headers["authorization"].removeprefix("JWT ")
    assert office.call("GET", "/core/company/user/me", token=token).json()["company"]["status"] == "PRODUCTION"


def test_a_wrong_password_is_unauthorized(office):
    answer = office.call("POST", "/core/login", json={"email": "robo@escritorio.example", "password": "errada"})

    assert (answer.status_code, answer.json()) == (401, {"code": "unauthorized"})


def test_a_token_lives_as_long_as_its_own_claims_say(office):
    claims = jwt.decode(office.token, options={"verify_signature": False})

    assert claims["exp"] - claims["iat"] == 3600
    assert office.report().status_code == 200
    office.clock[0] = NOW + timedelta(hours=1)
    assert office.report().status_code == 401


def test_an_expiry_ordered_from_outside_ends_every_token_but_later_ones(office):
    office.running.gestta.tokens.expire_all()

    assert office.report().status_code == 401
    office.token = office.running.gestta.tokens.issue().token
    assert office.report().status_code == 200


@pytest.mark.parametrize("header", ["", "Bearer {}", "{}", "JWT nonsense"], ids=str)
def test_only_a_jwt_header_opens_anything(office, header):
    headers = {"Authorization": header.format(office.token)}
    answer = requests.post(office.running.urls["gestta"] + SEARCH, headers=headers, json={}, timeout=10)

    assert (answer.status_code, answer.json()) == (401, {"code": "unauthorized"})


def test_the_messengers_token_from_the_same_browser_is_refused(office):
    messenger = office.running.gestta.tokens.issue(kind="messenger").token

    assert office.call("GET", "/core/company/user/me", token=messenger).status_code == 401


def test_a_refusal_may_be_a_403_instead(office):
    office.running.gestta.tokens.expire_all()
    office.behave(refuse_with=403)

    assert office.report().status_code == 403


def test_a_first_token_of_anybodys_is_accepted_until_its_life_ends():
    first = jwt.encode({"name": "qualquer"}, "a key that the simulator has never seen", algorithm="HS256")
    clock = [NOW]
    settings = Settings(
        gestta_port=0, notion_port=0, slack_port=0, portal_port=0, control_port=0,
        tasks_per_quarter=60, clients=10, people=5, events_per_minute=0,
        gestta_token=SecretStr(first), gestta_token_life=timedelta(seconds=60),
    )  # fmt: skip
    with start(settings, lambda: clock[0]) as running:
        office = Office(running, clock)
        assert office.call("GET", "/core/company/user/me", token=first).status_code == 200
        clock[0] += timedelta(seconds=61)
        assert office.call("GET", "/core/company/user/me", token=first).status_code == 401


def test_the_report_holds_exactly_the_tasks_due_in_its_range(office):
    rows = office.report().json()

    truth = office.truth("2026-10-01", "2026-12-31")
    assert {row["id"] for row in rows} == set(truth)
    assert len(rows) == len(truth) > 300


def test_reports_of_neighbouring_blocks_share_no_row_and_leave_none_out(office):
    halves = [
        office.report("2026-10-01T00:00:00-03:00", "2026-11-10T23:59:59-03:00").json(),
        office.report("2026-11-11T00:00:00-03:00", "2026-12-31T23:59:59-03:00").json(),
    ]
    first, second = ({row["id"] for row in half} for half in halves)

    assert not first & second
    assert first | second == {row["id"] for row in office.report().json()}


def test_a_range_in_utc_loses_the_brazilian_last_day(office):
    last = max(truth["due_date"] for truth in office.truth("2026-11-01", "2026-11-30").values())
    wrong = office.report("2026-11-01T00:00:00Z", f"{last}T00:00:00Z").json()
    right = office.report("2026-11-01T00:00:00-03:00", f"{last}T23:59:59-03:00").json()

    assert {row["id"] for row in wrong} < {row["id"] for row in right}


def test_an_empty_range_is_204_without_a_body(office):
    answer = office.report("2031-01-01T00:00:00-03:00", "2031-01-31T23:59:59-03:00")

    assert (answer.status_code, answer.content) == (204, b"")


def test_a_range_longer_than_the_limit_of_the_day_is_400(office):
    assert office.report("2026-01-01T00:00:00-03:00", "2026-12-31T23:59:59-03:00").status_code == 400
    office.behave(report_max_days=20)
    assert office.report().status_code == 400
    assert office.report("2026-11-01T00:00:00-03:00", "2026-11-15T23:59:59-03:00").status_code == 200


def test_the_report_may_come_under_data(office):
    bare = office.report().json()
    office.behave(report_under_data=True)

    assert office.report().json() == {"data": bare}


def test_report_rows_are_flat_and_lack_the_keys_they_have_no_value_for(office):
    rows = office.report().json()

    assert not any(isinstance(value, dict) for row in rows for value in row.values())
    assert {"customer.name", "company_department.name", "_due_date", "status"} <= rows[0].keys()
    assert all(("conclusion_date" in row) == (row["status"] == "DONE") for row in rows)
    assert any("legal_date" not in row for row in rows)
    assert any("legal_date" in row for row in rows)


def test_a_task_without_an_owner_lacks_the_key_or_has_a_null_parent(office):
    nobody = [row for row in office.report().json() if "owner.name" not in row]

    assert {"owner" in row for row in nobody} == {True, False}
    assert all(row.get("owner") is None for row in nobody)


def test_client_codes_are_padded_text_or_numbers_or_hold_letters(office):
    codes = [row["customer.code"] for row in office.report().json() if "customer.code" in row]

    assert any(isinstance(code, int) for code in codes)
    assert any(isinstance(code, str) and code.startswith("00") for code in codes)
    assert any(isinstance(code, str) and code[0].isalpha() for code in codes)


def test_names_may_hold_escaped_blanks(office):
    texts = [value for row in office.report().json() for value in (row["name"], row["customer.name"])]

    assert any("&#" in text or "&nbsp;" in text for text in texts)


def test_deadlines_are_brazilian_days_written_in_three_ways(office):
    rows = [row for day in (1, 4, 7, 10) for row in _quarter(office, day)]
    truth = office.truth()
    endings = {row["_due_date"][10:] for row in rows}

    assert endings == {"T03:00:00.000Z", "T02:59:59.999Z", "T00:00:00.000Z"}
    for row in rows:
        moment = datetime.fromisoformat(row["_due_date"])
        bare = row["_due_date"].endswith("T00:00:00.000Z")
        day = moment.date() if bare else (moment - timedelta(hours=3)).date()
        assert day.isoformat() == truth[row["id"]]["due_date"]


def _quarter(office: Office, month: int) -> list[dict[str, Any]]:
    last = {1: "03-31", 4: "06-30", 7: "09-30", 10: "12-31"}[month]
    rows: list[dict[str, Any]] = office.report(
        f"2026-{month:02d}-01T00:00:00-03:00", f"2026-{last}T23:59:59-03:00"
    ).json()
    return rows


def test_late_is_no_status_but_a_flag_of_open_tasks(office):
    late = [row for row in office.report().json() if row["overdue"]]

    assert late
    assert {row["status"] for row in late} <= {"OPEN", "IMPEDIMENT"}


def test_the_search_takes_only_the_first_of_several_statuses(office):
    both = office.search(status=["OPEN", "DONE"], limit=1)
    first = office.search(status=["OPEN"], limit=1)

    assert both["total"] == first["total"]
    office.behave(unite_statuses=True)
    assert office.search(status=["OPEN", "DONE"], limit=1)["total"] > first["total"]


def test_the_search_counts_its_pages_and_serves_every_row_once(office):
    body = {"status": ["OPEN"], "limit": 100, "os_workflow": True}
    first = office.search(**body)
    ids = [row["_id"] for page in range(1, first["pages"] + 1) for row in office.search(**body, page=page)["docs"]]

    assert first.keys() == {"docs", "total", "limit", "page", "pages"}
    assert len(ids) == len(set(ids)) == first["total"]


def test_the_search_shows_ten_rows_unless_asked_for_more(office):
    assert len(office.search()["docs"]) == 10


def test_the_search_hides_workflow_tasks_unless_asked(office):
    assert office.search(os_workflow=True, limit=1)["total"] > office.search(limit=1)["total"]


def test_the_search_finds_open_tasks_older_than_any_report(office):
    old = office.search(status=["OPEN"], end_date="2025-01-01T02:59:59.999Z", start_date="2020-01-01T03:00:00Z")

    assert old["total"] > 0


def test_a_search_by_competence_brings_the_month_before(office):
    found = office.search(
        start_date="2026-10-01T03:00:00.000Z",
        end_date="2026-11-01T02:59:59.999Z",
        date_type="COMPETENCE",
        limit=1000,
    )
    months = {
        (datetime.fromisoformat(row["competence_date"]) - timedelta(hours=3)).strftime("%Y-%m") for row in found["docs"]
    }

    assert months == {"2026-09"}


def test_a_competence_is_the_months_first_day_or_its_last_instant(office):
    endings = {row["competence_date"][10:] for row in office.search(limit=1000)["docs"] if "competence_date" in row}

    assert endings == {"T03:00:00.000Z", "T02:59:59.999Z"}


def test_search_rows_are_nested_and_name_the_same_task_as_the_report(office):
    flat = next(row for row in office.report().json() if "owner.name" in row and row["subtype"] != "WORKFLOW")
    nested = office.call("GET", f"/core/customer/task/{flat['id']}").json()

    assert nested["_id"] == flat["id"]
    assert nested["name"] == flat["name"]
    assert nested["owner"]["name"] == flat["owner.name"]
    assert nested["customer"].get("code") == flat.get("customer.code")
    assert nested["due_date"] == flat["_due_date"]
    assert len(nested["customer_task_steps"]) == 3


def test_one_task_may_come_wrapped_in_data(office):
    task_id = office.report().json()[0]["id"]
    office.behave(task_under_data=True)

    assert office.call("GET", f"/core/customer/task/{task_id}").json()["data"]["_id"] == task_id


def test_an_unknown_id_is_404_with_a_code_and_no_violation(office):
    answer = office.call("GET", "/core/customer/task/000000000000000000000000")

    assert (answer.status_code, answer.json()) == (404, {"code": "customer_task.not.found"})
    assert office.running.ledger.summary()["violations"] == 0


def test_asking_by_id_may_be_forbidden(office):
    task_id = office.report().json()[0]["id"]
    office.behave(lookup_forbidden=True)

    assert office.call("GET", f"/core/customer/task/{task_id}").status_code == 403


@pytest.mark.parametrize(
    ("method", "path"),
    [
        pytest.param("PUT", "/core/customer/task/transfer", id="transfer"),
        pytest.param("DELETE", "/core/customer/task/000000000000000000000000", id="delete"),
        pytest.param("POST", "/core/customer/task", id="create"),
        pytest.param("GET", "/core/anything/else", id="unknown"),
    ],
)
def test_whatever_writes_is_answered_404_and_written_down(office, method, path):
    answer = office.call(method, path, json={} if method != "GET" else None)

    assert answer.status_code == 404
    assert office.running.ledger.summary()["violations"] == 1


def test_customers_come_all_at_once_or_in_pages_or_by_side(office):
    everyone = office.call("GET", "/admin/customer").json()
    page = office.call("GET", "/admin/customer?active=true&page=2&limit=20").json()
    active, passive = (
        office.call("GET", f"/admin/customer?active={side}").json()["total"] for side in ("true", "false")
    )

    assert len(everyone["docs"]) == everyone["total"] == active + passive
    assert len(page["docs"]) == 20
    assert passive > 0


def test_departments_come_as_a_bare_array_and_users_in_docs(office):
    assert {row["name"] for row in office.call("GET", "/admin/company/department").json()} >= {"Fiscal", "Contábil"}
    assert len(office.call("GET", "/admin/company/user").json()["docs"]) == 15


def test_a_report_read_while_the_world_goes_on_is_one_moment(office):
    """Nothing may be counted in two days or in none because it moved during the answer."""
    world, advance = office.running.world, office.running.urls["control"] + "/world/advance?events=300&kind=move"
    with ThreadPoolExecutor(2) as pool:
        moving = pool.submit(requests.post, advance, timeout=20)
        reports = [office.report().json() for _ in range(5)]
        assert moving.result().status_code == 200

    assert all(len({row["id"] for row in rows}) == len(rows) for rows in reports)
    assert world.version == 300
