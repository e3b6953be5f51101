"""The panel as files: what the view says, replaced whole, at most once a minute, by one transformer at a time."""

import csv
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from services.transformer.export import HEADINGS, Export
from services.transformer.forget import forgetting
from services.transformer.ledger import Outcome, record_load
from shared.clock import now
from shared.database.connection import transaction
from tests.integration.transformer.conftest import at, page

pytestmark = pytest.mark.integration

TEN = datetime(2026, 11, 24, 13, 0, tzinfo=UTC)


@pytest.fixture
def files(tmp_path):
    return tmp_path / "exports"


@pytest.fixture
def exporter(transformer_engine, files) -> Callable[[float], Export]:
    """A transformer's export, so many minutes after ten o'clock."""
    return lambda minutes: Export(transformer_engine, files, lambda: TEN + timedelta(minutes=minutes))


def task(task_id: str, **other):
    return {"id": task_id, "name": f"Task {task_id}", "status": "OPEN"} | other


def sheet(files):
    with (files / "panel.csv").open(encoding="utf-8-sig", newline="") as file:
        return {row["Código da tarefa"]: row for row in csv.DictReader(file, delimiter=";")}


def document(files):
    return {row["task_id"]: row for row in json.loads((files / "panel.json").read_text("utf-8"))["tasks"]}


def test_before_anything_was_loaded_there_is_no_file(files, exporter, office):
    exporter(0).beat()
    assert not files.exists()


def test_the_sheet_says_what_the_view_says_in_portuguese(files, exporter, office):
    rows = [
        task("a", name='=HYPERLINK("x")', _due_date="2026-11-11T02:59:59.999Z", fine=True, **{"customer.code": "0012"}),
        task("b", name='Ação; com "aspas"\ne linha', status="DONE", conclusion_date="2026-11-10T12:00:00Z", value=1.5),
    ]
    office.bring(rows, read_at=at(1))
    office.load(office.land_pages([page("c", client_code="12", trade_name="Padaria do Zé")], read_at=at(1)))
    exporter(0).beat()
    assert (files / "panel.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    a, b = sheet(files)["a"], sheet(files)["b"]
    assert list(a) == list(HEADINGS.values())
    assert (a["Tarefa"], a["Meta"], a["Situação"]) == ('\'=HYPERLINK("x")', "10/11/2026", "Aberta")
    assert (a["Nome fantasia"], a["Gera multa"], a["Código do cliente"]) == ("Padaria do Zé", "sim", "0012")
    assert (b["Tarefa"], b["Situação"]) == ('Ação; com "aspas" e linha', "Concluída")
    assert b["Concluída em"] == "10/11/2026 09:00"


def test_the_document_has_every_column_of_the_view_under_its_name(files, exporter, office):
    office.bring([task("a", _due_date="2026-11-11", status="DONE", value=1.5, name="Ação")], read_at=at(1))
    exporter(0).beat()
    found, shown = document(files)["a"], office.shown()["a"]
    assert list(found) == list(shown)
    assert (found["title"], found["due_date"], found["value"], found["owner"]) == ("Ação", "2026-11-11", 1.5, None)
    assert found["read_at"] == "2026-11-24T12:01:00.000Z"
    assert json.loads((files / "panel.json").read_text("utf-8"))["written_at"] == "2026-11-24T13:00:00.000Z"


@pytest.fixture
def written_at(files):
    return lambda: [(files / name).stat().st_mtime_ns for name in ("panel.csv", "panel.json")]


def test_without_news_nothing_is_written_by_any_transformer(exporter, office, written_at):
    office.bring([task("a")], read_at=at(1))
    exporter(0).beat()
    before = written_at()
    office.bring([task("a")], read_at=at(2))
    exporter(5).beat()
    exporter(5).beat()
    assert written_at() == before


@pytest.fixture
def old_loads(office):
    """What was read before that minute was loaded ninety-one days ago."""

    def age(*, before: float) -> None:
        old = "UPDATE ops.loads SET committed_at = committed_at - interval '91 days' WHERE read_to < :moment"
        with office.engine.begin() as connection:
            connection.execute(text(old), {"moment": at(before)})

    return age


@pytest.fixture
def forget(office, transformer_engine):
    """The beat that forgets; how many loads it took."""

    def beat() -> int:
        before = len(office.rows("SELECT 1 FROM ops.loads"))
        forgetting(transformer_engine, now).beat()
        return before - len(office.rows("SELECT 1 FROM ops.loads"))

    return beat


def test_loads_that_are_forgotten_are_no_news(exporter, office, written_at, old_loads, forget):
    for minute in (1, 2, 3):
        office.bring([task("a", name=f"Name {minute}")], read_at=at(minute))
    old_loads(before=3)
    exporter(0).beat()
    before = written_at()
    assert forget() == 2
    exporter(5).beat()
    assert written_at() == before


def test_a_load_that_commits_after_a_later_one_is_news_also_where_another_is_forgotten(
    exporter, office, written_at, transformer_engine, old_loads, forget
):
    office.bring([task("a")], read_at=at(1))
    old_loads(before=2)
    slow = office.land([task("b")], read_at=at(2), scope="search:open")
    with transaction(transformer_engine) as connection:
        record_load(connection, slow, Outcome(1, 0, 0, 0, 0, (), {}), at(2))
        office.bring([task("a", name="other")], read_at=at(3))
        exporter(0).beat()
        before = written_at()
    assert forget() == 1
    exporter(5).beat()
    assert written_at() != before


def test_without_any_load_that_changed_something_a_new_day_is_news_all_the_same(files, exporter, office):
    office.bring([task("a")], read_at=at(1))
    exporter(0).beat()
    with office.engine.begin() as connection:
        connection.execute(text("UPDATE ops.loads SET inserted = 0"))
    exporter(24 * 60).beat()
    assert json.loads((files / "panel.json").read_text("utf-8"))["written_at"] == "2026-11-25T13:00:00.000Z"


def test_news_wait_for_the_minute_whoever_wrote_last(files, exporter, office, written_at):
    office.bring([task("a")], read_at=at(1))
    exporter(0).beat()
    office.bring([task("a"), task("b")], read_at=at(2))
    exporter(0.9).beat()
    assert set(sheet(files)) == {"a"}
    exporter(1).beat()
    assert set(sheet(files)) == set(document(files)) == {"a", "b"}


def test_a_new_day_is_news(files, exporter, office):
    office.bring([task("a")], read_at=at(1))
    exporter(0).beat()
    exporter(24 * 60).beat()
    assert json.loads((files / "panel.json").read_text("utf-8"))["written_at"] == "2026-11-25T13:00:00.000Z"


def test_files_that_somebody_deleted_come_back(files, exporter, office):
    office.bring([task("a")], read_at=at(1))
    exporter(0).beat()
    (files / "panel.json").unlink()
    exporter(0).beat()
    assert set(document(files)) == {"a"}


def test_who_breaks_off_leaves_the_last_good_files_and_no_rest(files, exporter, office, monkeypatch):
    office.bring([task("a")], read_at=at(1))
    exporter(0).beat()
    office.bring([task("b", value=2)], read_at=at(2))
    monkeypatch.setitem(HEADINGS, "no_such_column", "x")
    with pytest.raises(KeyError):
        exporter(2).beat()
    monkeypatch.undo()
    assert set(sheet(files)) == set(document(files)) == {"a"}
    assert sorted(file.name for file in files.iterdir()) == ["panel.csv", "panel.json"]
    exporter(2).beat()
    assert set(sheet(files)) == {"a", "b"}


def test_while_one_transformer_writes_no_other_does(files, exporter, office, transformer_engine):
    office.bring([task("a")], read_at=at(1))
    with transaction(transformer_engine) as other:
        other.execute(text("SELECT pg_advisory_xact_lock(hashtext('export:panel'))"))
        exporter(0).beat()
        assert not files.exists()
    exporter(0).beat()
    assert set(sheet(files)) == {"a"}


def test_approved_removals_are_news(files, exporter, office):
    office.bring([task(f"t{n}") for n in range(3)], read_at=at(1))
    exporter(0).beat()
    office.bring([], read_at=at(2), scope="lookup", removed=["t1"])
    exporter(2).beat()
    assert set(sheet(files)) == {"t0", "t2"}
