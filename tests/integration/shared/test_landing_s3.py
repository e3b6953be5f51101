"""The landing on objects instead of files, over the wire: an S3 that keeps them in memory."""

import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from urllib.request import Request, urlopen

import fsspec
import pytest

from local.ports import free as free_port
from shared.errors import Outage
from shared.landing import Landing, Pruned, batch_id, iso

pytestmark = pytest.mark.integration

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = date(2026, 11, 23)
LARGE = 60
"""Rows of 200 kB that do not shrink: more than one part of an upload."""


@pytest.fixture
def server(eventually, monkeypatch):
    """A server with a bucket `landing`, which the environment names as AWS's own tools read it."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "simulated")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "simulated")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    eventually(lambda: _has_bucket(port))
    # fsspec gives one file system to all that ask alike, and this address is another test's tomorrow.
    fsspec.get_filesystem_class("s3").clear_instance_cache()
    yield process
    process.kill()
    process.wait()


def _has_bucket(port):
    try:
        with urlopen(Request(f"http://127.0.0.1:{port}/landing", method="PUT"), timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False


@pytest.fixture
def landing(server):
    return Landing("s3://landing/operacional")


def objects():
    found = fsspec.filesystem("s3", use_listings_cache=False).find("landing")
    return sorted(path.removeprefix("landing/operacional/gestta/2026/11/23/") for path in found)


def land(landing, name="b1", *, rows=1, at=NOON, said=True):
    with landing.write("gestta", name, day=DAY) as batch:
        fill(batch, rows)
        sha256 = batch.finish()
        content = {"batch_ref": batch.batch_ref, "scope": "search:open", "kind": "full", "sha256": sha256}
        manifest = batch.commit(content | {"records": rows, "read_to": iso(at)})
    if said:
        landing.mark_said(manifest.batch_ref)
    return manifest


def fill(batch, rows):
    for number in range(rows):
        batch.add({"id": str(number), "noise": os.urandom(100_000).hex()}, read_at=NOON)


def break_off(landing, rows):
    with landing.write("gestta", "b1", day=DAY) as batch:
        fill(batch, rows)
        raise ZeroDivisionError


def test_a_batch_is_the_same_objects_as_it_is_files_elsewhere(landing):
    manifest = land(landing, rows=LARGE)
    landing.write_csv(manifest)
    assert objects() == ["b1.csv", "b1.json", "b1.jsonl.gz", "b1.said"]
    assert list(landing.ids(manifest.batch_ref, sha256=manifest.sha256)) == [str(n) for n in range(LARGE)]
    assert landing.manifest(manifest.batch_ref) == manifest
    assert landing.unsaid("gestta") == []


@pytest.mark.parametrize("rows", [0, 1, LARGE], ids=["before its first row", "in one part", "in several parts"])
def test_a_writer_that_breaks_off_leaves_no_object(landing, rows):
    with pytest.raises(ZeroDivisionError):
        break_off(landing, rows)
    assert objects() == []


def test_another_machine_sees_at_once_what_landed_and_what_went(landing):
    other = Landing("s3://landing/operacional")
    assert list(other.manifests("gestta")) == []
    first = land(landing, batch_id(NOON, "search:open", "a"), said=False)
    assert other.unsaid("gestta") == [first.batch_ref]
    later = NOON + timedelta(days=100)
    newest = land(landing, batch_id(later, "search:open", "b"), at=later)
    landing.mark_said(first.batch_ref)
    assert other.prune("gestta", now=later, keep=timedelta(days=90)) == 1
    assert [m.batch_ref for m in landing.manifests("gestta")] == [newest.batch_ref]
    with pytest.raises(Pruned):
        landing.manifest(first.batch_ref)


def test_a_probe_leaves_no_object(landing):
    landing.probe("gestta/2026/11/23/probe")
    assert objects() == []


@pytest.mark.parametrize(
    "use",
    [
        pytest.param(lambda landing, ref: landing.manifest(ref), id="a manifest"),
        pytest.param(lambda landing, ref: list(landing.rows(ref, sha256="x")), id="its rows"),
        pytest.param(lambda landing, _: list(landing.manifests("gestta")), id="the list"),
        pytest.param(lambda landing, _: land(landing), id="a new batch"),
        pytest.param(lambda landing, _: landing.probe("x/y"), id="the doctor's probe"),
    ],
)
def test_an_s3_that_is_away_is_an_outage_of_the_landing(landing, server, use):
    ref = land(landing).batch_ref
    server.kill()
    server.wait()
    with pytest.raises(Outage, match="landing at landing/operacional does not work"):
        use(landing, ref)
