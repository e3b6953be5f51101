"""Gone is gone, and only then (guarantee 4), on the wire."""

import json
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.contracts.events import RawDataReady, SourceFailed, SourceRecovered
from shared.contracts.vocabulary import ALL_SCOPES
from shared.errors import Outage, Rejected
from shared.landing.files import Files
from shared.messaging.codec import decode

pytestmark = pytest.mark.integration


def removed(manifests, answer="gone"):
    return {g["id"] for m in manifests for g in m.content["removed"] if g["answer"] == answer}


def test_a_deleted_task_is_removed_after_it_was_asked_for_in_two_runs(reader, office):
    reader.run()
    gone = set(office.post("/world/erase")["erased"])
    first = reader.run(whole=True)
    assert removed(first) == set()
    assert {w["id"] for m in first for w in m.content["missed"]} == gone
    second = reader.run(whole=True)
    assert removed(second) == gone
    event = decode(second[-1].content["event"].encode())
    assert isinstance(event.data, RawDataReady)
    assert event.data.removed == len(gone)


def test_a_whole_month_of_a_client_costs_one_request_a_run(reader, office):
    reader.run()
    months: dict[tuple[str, str], set[str]] = {}
    for i, t in office.tasks().items():
        months.setdefault((t["client_code"], t["due_date"][:7]), set()).add(i)
    gone = set(office.post("/world/erase")["erased"])
    asked = len(office.calls("/core/customer/task/"))
    lookups = [m for m in reader.run(whole=True) if m.kind == "lookup"]
    whole = any(ids == gone for ids in months.values())
    assert lookups[-1].content["proof"]["asked"] == (1 if whole and len(gone) >= 10 else len(gone))
    assert len(office.calls("/core/customer/task/")) > asked


def test_a_month_that_was_erased_and_generated_anew_is_told_as_that(reader, office):
    reader.run()
    told = office.post("/world/erase", regenerate=True)
    landed = reader.run(whole=True) + reader.run(whole=True)
    pairs = {(p["old"], p["new"]) for m in landed if m.kind == "lookup" for p in m.content["regenerated"]}
    assert {old for old, _ in pairs} == set(told["erased"])
    assert {new for _, new in pairs} == set(told["generated"])
    assert removed(landed) == set(told["erased"])
    shown = {i for m in landed for i in reader.rows(m)}
    assert set(told["generated"]) <= shown


def test_a_month_generated_anew_hours_after_it_was_erased_is_recognised_too(reader, office):
    reader.run()
    gone = office.post("/world/erase")["erased"]
    for _ in range(3):
        reader.run(whole=True)
    new = office.post("/world/regenerate")["generated"]
    landed = reader.run(whole=True)
    pairs = {(p["old"], p["new"]) for m in landed if m.kind == "lookup" for p in m.content["regenerated"]}
    assert ({old for old, _ in pairs}, {n for _, n in pairs}) == (set(gone), set(new))


def test_a_stop_between_a_blocks_batch_and_the_lookups_forgets_nobody(reader, office, restarted):
    reader.run()
    gone = set(office.post("/world/erase")["erased"])
    office.fault("401", path="/core/customer/task/search", times=0)
    assert [m.kind for m in reader.run(whole=True)] == ["full"] * 4, "no token is left for the search and the lookups"
    office.no_faults()
    after = restarted(reader)
    assert gone <= set(after.extract.recorder.memory.watch)
    landed = after.run() + after.run()
    assert removed(landed) == gone


def test_a_task_that_moved_to_another_block_is_not_removed(reader, office):
    reader.run()
    office.post("/world/advance?events=30&kind=move")
    landed = [m for _ in range(3) for m in reader.run(whole=True)]
    assert removed(landed) == set()


def test_where_asking_by_id_is_forbidden_the_removal_waits_for_a_person(reader, office):
    reader.run()
    gone = set(office.post("/world/erase")["erased"])
    office.post("/gestta/settings", lookup_forbidden=True)
    reader.facts()
    landed = reader.run(whole=True)
    assert removed(landed) == set()
    assert removed(landed, "forbidden") == gone
    (told,) = (f for f in reader.facts() if isinstance(f, SourceFailed))
    assert told.scope == "lookup"
    assert "cannot be asked for by id" in told.reason
    asked = len(office.calls("/core/customer/task/"))
    again = reader.run(whole=True)
    assert removed(again, "forbidden") == set(), "told once"
    by_id = [c for c in office.calls("/core/customer/task/")[asked:] if c["method"] == "GET"]
    assert by_id == [], "and asked again only after a day"


def test_one_task_that_may_not_be_seen_keeps_no_other_waiting(reader, office):
    reader.run()
    gone = office.post("/world/erase")["erased"]
    hidden = min(gone)
    office.fault("403", path=f"/core/customer/task/{hidden}", times=0)
    landed = reader.run(whole=True) + reader.run(whole=True)
    assert removed(landed) == set(gone) - {hidden}
    assert removed(landed, "forbidden") == {hidden}


def test_a_gestta_that_is_away_is_not_told_as_a_forbidden_lookup(reader, office):
    reader.run()
    office.post("/world/erase")
    reader.run(whole=True)
    reader.facts()
    office.fault("500", path="/core/customer/task", times=0)
    reader.run(whole=True)
    told = {f.scope: f.reason for f in reader.facts() if isinstance(f, SourceFailed)}
    assert {"search:open", "lookup"} < told.keys()
    assert "cannot be asked for" not in told["lookup"]


@pytest.mark.parametrize("kind", ["500", "html", "400"])
def test_one_task_that_cannot_be_asked_for_keeps_no_other_waiting(reader, office, kind):
    reader.run()
    gone = office.post("/world/erase")["erased"]
    stuck = min(gone)
    office.fault(kind, path=f"/core/customer/task/{stuck}", times=0)
    reader.facts()
    landed = [m for _ in range(4) for m in reader.run(whole=True)]
    assert removed(landed) == set(gone) - {stuck}
    (told,) = (f for f in reader.facts() if isinstance(f, SourceFailed))
    assert told.scope == "lookup"
    assert "some vanished tasks could not be asked for by id, they stay" in told.reason
    office.no_faults()
    assert stuck in removed([m for _ in range(2) for m in reader.run(whole=True)])


def test_where_reading_used_up_the_runs_share_some_are_asked_for_all_the_same(reader, office):
    reader.run()
    gone = set(office.post("/world/erase")["erased"])
    reader.extract.range = replace(reader.extract.range, requests_per_hour=1)
    landed = [m for _ in range(2 + len(gone) // 5) for m in reader.run(whole=True)]
    assert removed(landed) == gone


def test_a_list_that_did_not_change_is_not_landed_in_every_run(reader, office, restarted):
    reader.run()
    later = restarted(reader, first=1, last=1)
    office.post("/world/advance?events=3&kind=finish")
    assert "lookup" in [m.kind for m in later.run()]
    later.ahead = timedelta(0)
    assert "lookup" not in [m.kind for m in later.run()]
    later.ahead = timedelta(minutes=14)
    assert "lookup" in [m.kind for m in later.run()], "now and then it is told anew"


def test_links_to_documents_are_kept_without_their_key(reader, office):
    signed = {"name": "guia.pdf", "url": "https://files.example/guia.pdf?Signature=hunter2&Expires=1"}
    task_id = next(iter(office.tasks()))
    office.post("/world/change", ids=[task_id], set={"status": "OPEN", "due": "2026-11-20"})
    office.post("/gestta/settings", row_extra={"documents": [signed]})
    landed = reader.run()
    assert landed
    for manifest in landed:
        for row in reader.rows(manifest).values():
            assert row["documents"] == [{"name": "guia.pdf", "url": "https://files.example/guia.pdf"}]


def test_a_found_task_lands_in_the_lookup_and_is_asked_again_once_a_day(reader, office, restarted):
    reader.run()
    later = restarted(reader, first=1, last=1)
    closed = office.post("/world/advance?events=3&kind=finish")
    assert closed
    lookups = [m for m in later.run(whole=True) if m.kind == "lookup"]
    found = {i for m in lookups for i in later.rows(m)}
    assert found
    asked = [m.content["proof"]["asked"] for m in later.run(whole=True) if m.kind == "lookup"]
    assert asked in ([0], [])
    later.ahead += timedelta(days=1)
    again = [m for m in later.run(whole=True) if m.kind == "lookup"]
    assert found <= {i for m in again for i in later.rows(m)}


def test_a_lookup_that_cannot_land_is_answered_again(reader, office, monkeypatch):
    reader.run()
    gone = set(office.post("/world/erase")["erased"])
    reader.run(whole=True)
    put = Files.put

    def full(files, name, content):
        if "lookup" in name:
            raise Outage("landing", "no room")
        put(files, name, content)

    with monkeypatch.context() as disk:
        disk.setattr(Files, "put", full)
        assert removed(reader.run(whole=True)) == set()
    assert removed(reader.run(whole=True)) == gone


@pytest.fixture
def no_room(monkeypatch):
    """While it lasts, nothing more can be landed."""

    @contextmanager
    def full():
        def put(_files, _name, _content):
            raise Outage("landing", "no room")

        with monkeypatch.context() as disk:
            disk.setattr(Files, "put", put)
            yield

    return full


def test_a_task_that_cannot_land_is_the_lookups_trouble_and_not_the_runs(reader, office, no_room, monkeypatch):
    (moved,) = office.post("/world/change", count=1, status="OPEN", days=-4000)["ids"]
    reader.run()
    with no_room():
        reader.run()
    assert [f.scope for f in reader.facts() if isinstance(f, SourceFailed)] == ["landing"]
    office.post("/world/change", ids=[moved], set={"status": "DONE"})

    def scarcely_nested_enough_to_be_read(value):
        if isinstance(value, dict) and moved in value.values():
            raise RecursionError
        return json.dumps(value)

    monkeypatch.setattr("shared.landing.batch._encode", scarcely_nested_enough_to_be_read)
    reader.run()
    said = [e.data for e in reader.announcer.beat()]
    assert [f.scope for f in said if isinstance(f, SourceFailed)] == ["lookup"]
    assert "landing" in [f.scope for f in said if isinstance(f, SourceRecovered)], "the run came to its end"


def test_what_ends_a_run_and_is_no_scopes_own_is_told_of_all_until_a_run_comes_through(reader, monkeypatch):
    reader.run()

    def damaged(_files, _folder):
        raise Rejected("a folder that is a file")

    with monkeypatch.context() as disk:
        disk.setattr(Files, "names", damaged)
        reader.extract.recorder.outdated.set()
        reader.extract.run()
    assert [f.scope for f in reader.facts() if isinstance(f, SourceFailed)] == [ALL_SCOPES]
    assert reader.extract.recorder.outdated.is_set(), "what another process landed is still not known"
    reader.run()
    assert ALL_SCOPES in [e.data.scope for e in reader.announcer.beat() if isinstance(e.data, SourceRecovered)]


def test_what_a_person_wanted_read_is_read_after_an_outage(reader, no_room):
    wanted = {m.scope for m in reader.run() if m.kind == "full"}
    with no_room():
        assert reader.run(whole=True) == []
    before = {m.batch_ref for m in reader.landing.manifests("gestta")}
    reader.extract.run()
    landed = [m for m in reader.landing.manifests("gestta") if m.batch_ref not in before]
    assert {m.scope for m in landed if m.kind == "full"} == wanted
