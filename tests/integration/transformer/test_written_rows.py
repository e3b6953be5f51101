"""What a reload costs Postgres: nothing of `operacional` is written for what did not change."""

from typing import Any

import pytest
from sqlalchemy import create_engine, text

from services.transformer.warehouse import Warehouse
from shared.database.connection import connect
from shared.errors import Rejected
from shared.landing import Landing
from tests.integration.transformer.conftest import Office, at, page
from tests.integration.transformer.test_notion_links import shown

pytestmark = pytest.mark.integration


def report(number: int, **other: Any) -> dict[str, Any]:
    return {"id": f"t{number}", "name": f"T{number}", "status": "OPEN", "owner.name": "Ana"} | other


@pytest.fixture
def office(login_url, database_url, tmp_path):
    """In a database of its own: counters of a shared one would count what other tests write."""
    own, owner = connect(login_url("transformer"), name="test"), create_engine(database_url)
    yield Office(Landing(str(tmp_path / "landing")), Warehouse(own, reject_limit=0.2), owner)
    own.dispose()
    owner.dispose()


@pytest.fixture
def written(office, eventually):
    """Rows inserted, updated, updated in their page and left dead in a table, once the counters have settled."""

    def counters(table: str) -> dict[str, int]:
        with office.engine.connect() as connection:
            row = connection.execute(
                text(
                    "SELECT n_tup_ins, n_tup_upd, n_tup_hot_upd, n_dead_tup, n_tup_del FROM pg_stat_user_tables"
                    " WHERE schemaname || '.' || relname = :table"
                ),
                {"table": table},
            ).one()
            return dict(row._mapping)

    def settled(table: str, *, sightings: int) -> dict[str, int]:
        # A backend hands its counters over when it ends: this one's are in when the sightings of all loads are.
        office.warehouse._engine.dispose()

        def counted() -> bool:
            seen = counters("ops.sightings")
            return seen["n_tup_ins"] + seen["n_tup_upd"] >= sightings

        eventually(counted)
        return counters(table)

    return settled


def test_a_reload_of_unchanged_tasks_writes_no_row_and_leaves_no_dead_one(office, written):
    rows = [report(number) for number in range(400)]
    for minute in range(1, 5):
        office.bring(rows, read_at=at(minute))
    tasks = written("operacional.gestta_tasks", sightings=1600)
    assert tasks == {"n_tup_ins": 400, "n_tup_upd": 0, "n_tup_hot_upd": 0, "n_dead_tup": 0, "n_tup_del": 0}
    history = written("operacional.task_history", sightings=1600)
    assert (history["n_tup_ins"], history["n_tup_upd"], history["n_dead_tup"]) == (400, 0, 0)


def test_only_what_changed_is_written(office, written):
    rows = [report(number) for number in range(400)]
    office.bring(rows, read_at=at(1))
    office.bring([report(0, status="DONE"), *rows[1:]], read_at=at(2))
    assert written("operacional.gestta_tasks", sightings=800)["n_tup_upd"] == 1


def test_two_parts_that_say_the_same_write_once_each(office, written):
    rows = [report(number) for number in range(100)]
    found = [{"_id": f"t{n}", "name": f"T{n}", "status": "OPEN", "owner": {"name": "Ana"}} for n in range(100)]
    for minute in (1, 3, 5):
        office.bring(rows, read_at=at(minute))
        office.bring(found, read_at=at(minute + 1), scope="search:open")
    tasks = written("operacional.gestta_tasks", sightings=600)
    assert (tasks["n_tup_ins"], tasks["n_tup_upd"]) == (100, 100), "the second part once, and never again"


def test_unchanged_pages_are_not_written_either(office, written):
    pages = [page(f"p{number}", client_code=str(number)) for number in range(100)]
    for minute in (1, 2, 3):
        office.load(office.land_pages(pages, read_at=at(minute)))
    assert written("operacional.notion_pages", sightings=300)["n_tup_upd"] == 0


def test_pages_whose_files_are_only_signed_anew_are_not_written_either(office, written):
    for minute in (1, 2, 3):
        pages = [shown("s" * minute, id=f"p{number}") for number in range(100)]
        office.load(office.land_pages(pages, read_at=at(minute)))
    pages = written("operacional.notion_pages", sightings=300)
    assert (pages["n_tup_ins"], pages["n_tup_upd"], pages["n_dead_tup"]) == (100, 0, 0)


def test_sightings_stay_narrow_and_are_updated_in_their_page(office, written):
    rows = [report(number) for number in range(400)]
    for minute in range(1, 7):
        office.bring(rows, read_at=at(minute))
    seen = written("ops.sightings", sightings=2400)
    assert (seen["n_tup_ins"], seen["n_tup_upd"]) == (400, 2000)
    assert seen["n_tup_hot_upd"] > 0.9 * seen["n_tup_upd"]
    assert office.rows("SELECT max(pg_column_size(s.*)) < 200 AS narrow FROM ops.sightings s") == [{"narrow": True}]


def test_of_a_batch_that_is_parked_nothing_is_written_that_could_not_be_read(office, written):
    bad = [report(number, _due_date="soon") for number in range(400)]
    with pytest.raises(Rejected):
        office.bring([*(report(number) for number in range(400)), *bad], read_at=at(1))
    office.bring([report(number) for number in range(401)], read_at=at(2))
    aside = written("ops.rejected_rows", sightings=401)
    assert (aside["n_tup_ins"], aside["n_dead_tup"]) == (0, 0)
    assert written("operacional.gestta_tasks", sightings=401)["n_dead_tup"] == 0
