"""What a scope holds is known after any number of small batches, and no manifest grows with their number."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from shared.clock import ReadClock
from shared.extraction.last_read import SPELLED_EVERY
from shared.extraction.record import Planned, Recorder, recall
from shared.landing import Landing
from shared.landing.batch import MANIFEST

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
TOUCHED, STILL = "touched", "still"
PLAN = (Planned(TOUCHED, timedelta(hours=1)), Planned(STILL, timedelta(hours=1)))


@pytest.fixture
def landing(tmp_path):
    return Landing(str(tmp_path))


def recorder_of(landing):
    memory = recall(landing, "notion")
    return Recorder(landing, "notion", "/services/notion_extractor", memory, ReadClock(memory.last_read_at))


def land(recorder, number, scope=TOUCHED, kind="increment", plan=PLAN):
    return recorder.land(scope, kind, [({"id": f"{scope}{number}"}, NOON)], plan=plan, proof={})


def entries(manifest):
    return {each["scope"]: each for each in [*manifest.content["plan"], *manifest.content["retired"]]}


@pytest.mark.parametrize("restarts", [1, SPELLED_EVERY], ids=str)
def test_all_that_a_scope_holds_is_known_however_many_batches_and_restarts(landing, restarts):
    recorder = recorder_of(landing)
    land(recorder, 0, kind="full")
    land(recorder, 0, scope=STILL, kind="full")
    count = 3 * SPELLED_EVERY
    for number in range(1, count):
        if number % restarts == 0:
            recorder = recorder_of(landing)
        land(recorder, number)
    assert recall(landing, "notion").reads == recorder.memory.reads
    assert list(recorder_of(landing).held(TOUCHED)) == [f"{TOUCHED}{number}" for number in range(count)]
    assert list(recorder_of(landing).held(STILL)) == [f"{STILL}0"]


@pytest.mark.parametrize("plan", [PLAN, PLAN[1:]], ids=["planned", "retired"])
def test_only_one_manifest_in_many_spells_them_all_also_beside_other_scopes(landing, plan):
    recorder = recorder_of(landing)
    land(recorder, 0, kind="full", plan=plan)
    for number in range(1, 3 * SPELLED_EVERY):
        land(recorder, number, plan=plan)
        land(recorder, number, scope=STILL, kind="full", plan=plan)
    sizes = [len(entries(manifest)[TOUCHED]["holds"]) for manifest in landing.manifests("notion")]
    assert [size for size in sizes if size > SPELLED_EVERY + 1] == [2 * (SPELLED_EVERY + 1)]


def test_a_whole_read_begins_anew(landing):
    recorder = recorder_of(landing)
    for number in range(2 * SPELLED_EVERY):
        land(recorder, number)
    full = land(recorder, 0, kind="full")
    assert [ref for ref, _ in entries(full)[TOUCHED]["holds"]] == [full.batch_ref]
    assert list(recorder_of(landing).held(TOUCHED)) == [f"{TOUCHED}0"]


def test_where_the_spelling_manifest_is_gone_the_full_batch_and_the_newest_are_still_held(landing, tmp_path):
    recorder = recorder_of(landing)
    land(recorder, 0, kind="full")
    for number in range(1, SPELLED_EVERY + 10):
        land(recorder, number)
    newest = next(landing.manifests("notion"))
    spelling = tmp_path / (entries(newest)[TOUCHED]["holds_in"] + MANIFEST)
    assert json.loads(spelling.read_text())["batch_ref"] == entries(newest)[TOUCHED]["holds_in"]
    spelling.unlink()
    held = list(recorder_of(landing).held(TOUCHED))
    assert held == [f"{TOUCHED}{number}" for number in (0, *range(SPELLED_EVERY + 1, SPELLED_EVERY + 10))]
