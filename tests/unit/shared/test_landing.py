"""The landing, on a real folder."""

import csv
import gzip
import json
import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import Outage, Rejected
from shared.landing import Landing, Pruned, batch_id, cell, flat, iso, scope_slug

DAY = date(2026, 11, 23)
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
KEEP = timedelta(days=90)


@pytest.fixture
def landing(tmp_path):
    return Landing(str(tmp_path))


def land(landing, rows=({"id": "1"},), *, name="b1", scope="search:open", kind="full", at=NOON, said=True):
    with landing.write("gestta", name, day=at.date()) as batch:
        for row in rows:
            batch.add(row, read_at=at)
        sha256 = batch.finish()
        manifest = batch.commit(
            {
                "batch_ref": batch.batch_ref,
                "scope": scope,
                "kind": kind,
                "sha256": sha256,
                "records": batch.records,
                "read_to": iso(at),
            }
        )
    if said:
        landing.mark_said(manifest.batch_ref)
    return manifest


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def rows_of(landing, manifest) -> list[Any]:
    return [json.loads(row.text) for row in landing.rows(manifest.batch_ref, sha256=manifest.sha256)]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.dictionaries(st.text(), JSON, max_size=5), max_size=5))
def test_every_row_comes_back_as_the_source_gave_it(tmp_path_factory, rows):
    landing = Landing(str(tmp_path_factory.mktemp("landing")))
    assert rows_of(landing, land(landing, rows)) == rows


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("\ud800 alone \udfff", id="lone surrogates"),
        pytest.param("x" * 1_000_000, id="a million characters"),
        pytest.param("a\nb\r\nc\u2028d\x00e\x85f", id="line ends of every kind"),
        pytest.param('"}\n{"read_at":"x","row":{}}', id="a text that plays a row"),
        pytest.param(10**40, id="a large number"),
        pytest.param(0.1 + 0.2, id="a float to its last digit"),
    ],
)
def test_odd_values_come_back_whole(landing, value):
    manifest = land(landing, [{"v": value}, {"v": "next"}])
    assert rows_of(landing, manifest) == [{"v": value}, {"v": "next"}]


def test_each_row_carries_the_time_its_response_was_read(landing):
    manifest = land(landing)
    assert [row.read_at for row in landing.rows(manifest.batch_ref, sha256=manifest.sha256)] == [
        "2026-11-23T12:00:00.000Z"
    ]


def test_a_manifest_carries_what_utf_8_cannot(landing):
    manifest = land(landing, scope="\ud800 \\udc80 ç")
    assert landing.manifest(manifest.batch_ref).content == manifest.content


def test_a_batch_is_three_files_and_the_manifest_is_the_last_of_the_two(landing, tmp_path):
    with landing.write("gestta", "b1", day=DAY) as batch:
        batch.add({"id": "1"}, read_at=NOON)
        assert files(tmp_path) == ["gestta/2026/11/23/b1.jsonl.gz.part"]
        sha256 = batch.finish()
        assert files(tmp_path) == ["gestta/2026/11/23/b1.jsonl.gz"]
        assert list(landing.manifests("gestta")) == []
        batch.commit({"batch_ref": batch.batch_ref, "sha256": sha256})
    landing.mark_said(batch.batch_ref)
    assert files(tmp_path) == [f"gestta/2026/11/23/b1{end}" for end in (".json", ".jsonl.gz", ".said")]


def fill(landing, rows=1, *, finish=False, then=None):
    with landing.write("gestta", "b1", day=DAY) as batch:
        for number in range(rows):
            batch.add({"id": os.urandom(40).hex(), "n": number}, read_at=NOON)
        if finish:
            batch.finish()
        if then:
            raise then


@pytest.mark.parametrize("finish", [False, True], ids=["in its rows", "before its manifest"])
def test_a_writer_that_breaks_off_leaves_nothing(landing, tmp_path, finish):
    with pytest.raises(ZeroDivisionError):
        fill(landing, finish=finish, then=ZeroDivisionError())
    assert files(tmp_path) == []


def test_a_writer_that_is_left_unfinished_leaves_nothing(landing, tmp_path):
    fill(landing)
    assert files(tmp_path) == []


@pytest.fixture
def full_disk(landing, monkeypatch):
    """The landing's next files lie on a disk without room: /dev/full takes no byte."""
    if not Path("/dev/full").exists():
        pytest.skip("this machine has no /dev/full")
    real = open

    def opened(path, mode="r", *args, **kwargs):
        return real("/dev/full" if "w" in mode else path, mode, *args, **kwargs)

    monkeypatch.setattr("builtins.open", opened)
    return landing


@pytest.mark.parametrize("rows", [1, 50_000], ids=["at the end", "in the middle"])
def test_a_full_disk_is_an_outage_of_the_landing(full_disk, rows):
    with pytest.raises(Outage, match="No space left"):
        fill(full_disk, rows, finish=True)


def test_a_landing_that_is_a_file_is_an_outage(tmp_path):
    (tmp_path / "landing").write_text("not a folder")
    landing = Landing(str(tmp_path / "landing"))
    with pytest.raises(Outage, match="landing"):
        landing.probe("doctor/x")
    with pytest.raises(Outage, match="landing"):
        fill(landing)


def test_a_probe_leaves_no_file(landing, tmp_path):
    landing.probe("doctor/x")
    assert files(tmp_path) == []


def test_a_damaged_batch_is_refused_before_its_first_row(landing, tmp_path):
    manifest = land(landing)
    path = tmp_path / f"{manifest.batch_ref}.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"read_at":"x","row":{"id":"2"}}\n'))
    with pytest.raises(Rejected, match="damaged"):
        next(landing.rows(manifest.batch_ref, sha256=manifest.sha256))


def test_a_truncated_batch_is_refused(landing, tmp_path):
    manifest = land(landing, [{"id": str(n)} for n in range(1000)])
    path = tmp_path / f"{manifest.batch_ref}.jsonl.gz"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(Rejected, match="damaged"):
        list(landing.rows(manifest.batch_ref, sha256=manifest.sha256))


def test_a_damaged_manifest_is_refused(landing, tmp_path):
    manifest = land(landing)
    (tmp_path / f"{manifest.batch_ref}.json").write_text('{"batch_ref":')
    with pytest.raises(Rejected, match="damaged"):
        landing.manifest(manifest.batch_ref)


def test_a_batch_that_is_not_there_any_more_is_pruned(landing):
    with pytest.raises(Pruned, match="gestta/2026/01/01/x"):
        landing.manifest("gestta/2026/01/01/x")
    with pytest.raises(Pruned, match="gestta/2026/01/01/x"):
        list(landing.rows("gestta/2026/01/01/x", sha256="0"))


@pytest.mark.parametrize("name", ["../secret", "gestta/../../secret", "/etc/passwd"])
def test_no_name_leads_out_of_the_landing(landing, name):
    with pytest.raises(Rejected, match="not a name"):
        landing.manifest(name)


def test_manifests_come_newest_first_and_the_unsaid_oldest_first(landing):
    moments = [NOON, NOON + timedelta(days=1), NOON + timedelta(days=40)]
    for moment in reversed(moments):
        land(landing, name=batch_id(moment, "search:open", "s"), at=moment, said=moment == moments[1])
    assert [m.read_to for m in landing.manifests("gestta")] == moments[::-1]
    assert [landing.manifest(ref).read_to for ref in landing.unsaid("gestta")] == [moments[0], moments[2]]
    assert list(landing.manifests("notion")) == landing.unsaid("notion") == []


HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("batches", "kept"),
    [
        pytest.param([("a", "full", 0.0)] * 3, [0, 1, 2], id="everything of two days"),
        pytest.param([("a", "full", 5.1), ("a", "full", 5.0), ("a", "full", 0)], [1, 2], id="then the last of a day"),
        pytest.param([("a", "full", 6.0), ("a", "full", 5.0), ("a", "full", 0)], [0, 1, 2], id="of each day"),
        pytest.param([("a", "full", 5.1), ("b", "full", 5.0), ("a", "full", 0)], [0, 1, 2], id="of each scope"),
        pytest.param(
            [("a", "full", 5.1), ("a", "increment", 5.05), ("a", "increment", 5.0), ("a", "full", 0)],
            [0, 1, 2, 3],
            id="increments all, and beside them the day's full one",
        ),
        pytest.param([("l", "lookup", 5.1), ("l", "lookup", 5.0), ("l", "lookup", 0)], [0, 1, 2], id="lookups all"),
        pytest.param(
            [("a", "increment", 91), ("a", "full", 91), ("a", "full", 0)], [2], id="nothing after LANDING_KEEP"
        ),
        pytest.param([("a", "full", 400), ("b", "full", 0)], [0, 1], id="but the newest of a scope for ever"),
    ],
)
def test_what_landing_keep_keeps(landing, batches, kept):
    now = NOON + timedelta(days=500)
    refs = []
    for number, (scope, kind, days_old) in enumerate(batches):
        at = now - timedelta(days=days_old) + timedelta(seconds=number)
        refs.append(land(landing, name=batch_id(at, scope, str(number)), scope=scope, kind=kind, at=at).batch_ref)
    gone = landing.prune("gestta", now=now, keep=KEEP)
    assert {m.batch_ref for m in landing.manifests("gestta")} == {refs[number] for number in kept}
    assert gone == len(batches) - len(kept)


def test_what_was_not_said_is_never_pruned(landing, tmp_path):
    old, new = NOON, NOON + timedelta(days=400)
    unsaid = land(landing, name=batch_id(old, "a", "1"), scope="a", at=old, said=False)
    land(landing, name=batch_id(new, "a", "2"), scope="a", at=new)
    assert landing.prune("gestta", now=new, keep=KEEP) == 0
    landing.mark_said(unsaid.batch_ref)
    assert landing.prune("gestta", now=new, keep=KEEP) == 1
    assert [name for name in files(tmp_path) if unsaid.batch_ref in name] == []


def read_csv(tmp_path, manifest) -> list[list[str]]:
    text = (tmp_path / f"{manifest.batch_ref}.csv").read_bytes().decode("utf-8")
    assert text.startswith("\ufeff")
    return list(csv.reader(text[1:].splitlines(keepends=True), delimiter=";"))


def test_the_csv_has_a_bom_dotted_columns_and_every_column_of_any_row(landing, tmp_path):
    manifest = land(landing, [{"id": "1", "owner": {"name": "Ana"}}, {"id": "2", "late": True, "tags": ["a"]}])
    landing.write_csv(manifest)
    assert read_csv(tmp_path, manifest) == [
        ["read_at", "id", "owner.name", "late", "tags"],
        ["2026-11-23T12:00:00.000Z", "1", "Ana", "", ""],
        ["2026-11-23T12:00:00.000Z", "2", "", "true", '["a"]'],
    ]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_of_the_csv_is_a_formula(landing, tmp_path, start):
    formula = start + 'HYPERLINK("http://x")'
    manifest = land(landing, [{formula: formula, "nested": {formula: formula}}])
    landing.write_csv(manifest)
    assert {text[0] for row in read_csv(tmp_path, manifest) for text in row} <= {"'", "r", "n", "2"}


@pytest.mark.parametrize(
    ("value", "shown"), [(None, ""), (-5, "-5"), (True, "true"), ("-5", "'-5"), ("ação", "ação"), (["é"], '["é"]')]
)
def test_a_cell_shows_its_value(value, shown):
    assert cell(value) == shown


def test_an_empty_object_stays_a_value():
    assert flat({"a": {}, "b": {"c": {"d": 1}}}) == {"a": {}, "b.c.d": 1}


def test_only_the_newest_csv_is_kept(landing, tmp_path):
    manifest = land(landing)
    landing.write_csv(manifest)
    landing.drop_csv(manifest.batch_ref)
    landing.drop_csv(manifest.batch_ref)
    assert not [name for name in files(tmp_path) if name.endswith(".csv")]


@pytest.mark.parametrize(
    ("count", "left"), [(0, []), (2, ["e/2.png", "e/3.png"]), (9, ["e/1.png", "e/2.png", "e/3.png"])]
)
def test_the_newest_files_of_a_folder_are_kept(landing, tmp_path, count, left):
    for number in (2, 1, 3):
        landing.put(f"e/{number}.png", b"x")
    landing.keep_newest("e", count)
    assert files(tmp_path) == left


@given(st.datetimes(timezones=st.just(UTC)), st.integers(1, 10**9))
def test_batch_ids_sort_by_time(moment, milliseconds):
    try:
        later = moment + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return
    assert batch_id(moment, "z", "z") < batch_id(later, "a", "a")


def test_a_scope_is_told_in_a_name_that_every_file_system_takes():
    assert scope_slug("report:2026-10-01/2026-12-31") == "report_2026_10_01_2026_12_31"


def test_what_a_killed_process_left_half_written_goes_after_some_days(landing, tmp_path):
    whole = land(landing, name="whole")
    folder = (tmp_path / whole.batch_ref).parent
    left = [folder / "killed.jsonl.gz", folder / "killed.jsonl.gz.part", folder / "other.json.part"]
    for path in left:
        path.write_bytes(b"half")
    landing.prune("gestta", now=NOON + timedelta(days=2), keep=KEEP)
    assert all(path.exists() for path in left), "somebody may be writing it"
    landing.prune("gestta", now=NOON + timedelta(days=4), keep=KEEP)
    assert not any(path.exists() for path in left)
    assert landing.manifest(whole.batch_ref).batch_ref == whole.batch_ref
