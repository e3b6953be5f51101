"""Whatever Gestta answers: a named error, or rows as they were given; the last good data stays, one alert at most."""

import json
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from services.gestta_extractor.gestta_api import ALLOWED, GesttaApi
from shared.clock import ReadClock
from shared.contracts.events import AuthFailed, SourceFailed
from shared.errors import Rejected
from tests.integration.gestta_extractor.conftest import reader_of

pytestmark = pytest.mark.integration

REPORT = "/core/customer/task/report"
DEEP = "[" * 200_000

ANSWERS = {
    "HTML instead of JSON": (("html", {}), "not JSON"),
    "JSON that breaks off": (("truncated_json", {}), "broke off"),
    "a connection that is cut": (("cut", {}), "Connection"),
    "200 with an error inside": (("other_body", {"body": {"code": "internal.error"}}), "without `data`"),
    "200 with data that is no list": (("other_body", {"body": {"data": {"rows": 3}}}), "no list"),
    "a bare string": (("other_body", {"body": "rows"}), "not JSON"),
    "nothing": (("empty", {}), "not JSON"),
    "a redirect to another host": (("redirect", {"location": "http://127.0.0.2:9/elsewhere"}), "another host"),
    "404": (("404", {}), "404"),
}


@pytest.mark.parametrize(("fault", "reason"), ANSWERS.values(), ids=ANSWERS)
def test_an_answer_that_is_no_report_is_named_and_the_last_good_data_stays(reader, office, fault, reason):
    before = {m.scope: m.batch_ref for m in reader.run() if m.scope.startswith("report:")}
    reader.facts()
    kind, args = fault
    office.fault(kind, path=REPORT, times=0, args=args)
    landed = reader.run(whole=True)
    assert [m.scope for m in landed if m.scope.startswith("report:") and m.records] == []
    assert [g for m in landed for g in m.content["removed"]] == []
    told = [f for f in reader.facts() if isinstance(f, SourceFailed)]
    assert {f.scope for f in told} == set(before)
    assert all(reason in f.reason for f in told), told[0].reason
    reader.run(whole=True)
    assert [f for f in reader.facts() if isinstance(f, SourceFailed)] == [], "the same trouble is told once"


ROWS = {
    "unknown fields": {"sabor": "morango", "nested": {"deep": {"deeper": [1, {"a": None}]}}},
    "unknown words": {"status": "QUANTUM", "type": "ALIEN", "subtype": "??"},
    "wrong types": {"name": 7, "_due_date": True, "customer.code": {"x": 1}, "overdue": "maybe", "value": []},
    "HTML entities in a name": {"name": "Padaria &amp; Cia &#x20;&nbsp;Ltda"},
    "a million characters": {"name": "ã" * 1_000_000},
    "dates out of range": {"_due_date": "9999-12-31T23:59:59Z", "conclusion_date": "0000-00-00", "legal_date": "x"},
    "a number beyond any column": {"value": 10**400, "score": 1e308},
    "null everywhere": dict.fromkeys(("name", "status", "owner", "customer", "_due_date")),
}


@pytest.mark.parametrize("values", ROWS.values(), ids=ROWS)
def test_a_row_lands_as_it_was_given_whatever_is_in_it(reader, office, values):
    task_id = next(iter(office.tasks()))
    office.post("/world/change", ids=[task_id], set={"due": "2026-11-20", "status": "DONE"})
    office.post("/gestta/settings", row_spoils={task_id: {"set": values}})
    rows = {i: row for m in reader.run() if m.scope.startswith("report:") for i, row in reader.rows(m).items()}
    assert {key: rows[task_id][key] for key in values} == values


def test_rows_that_are_no_objects_land_for_the_transformer_to_set_aside(reader, office):
    office.post("/gestta/settings", report_strays=["text", 7, None, ["list"]])
    landed = [m for m in reader.run() if m.scope.startswith("report:") and m.records]
    for manifest in landed:
        assert manifest.content["proof"]["without_id"] == 4


def test_a_missing_id_is_counted_and_the_rest_of_the_block_lands(reader, office):
    task_id = next(iter(office.tasks()))
    office.post("/world/change", ids=[task_id], set={"due": "2026-11-20"})
    office.post("/gestta/settings", row_spoils={task_id: {"drop": ["id", "_id"]}})
    landed = [m for m in reader.run() if m.scope.startswith("report:")]
    assert sum(m.content["proof"]["without_id"] for m in landed) == 1
    assert sum(m.records for m in landed) > 100


def test_nothing_that_writes_can_be_asked():
    api = GesttaApi("http://127.0.0.1:9", requests_per_hour=10, reads=ReadClock())
    for method, path in (
        ("PUT", "/core/customer/task/transfer"),
        ("PUT", "/es/task/6/status"),
        ("POST", "/core/customer/task/6/history/comment"),
        ("POST", "/task-gen/generate"),
        ("DELETE", "/core/customer/task/6"),
        ("POST", "/core/customer/task/6"),
        ("GET", "/core/customer/task/../../admin"),
        ("GET", "/core/customer/task/.."),
        ("POST", "/core/login/../customer"),
    ):
        with pytest.raises(Rejected, match="only read"):
            api._call(method, path, "token")
    assert {method for method, _ in ALLOWED} == {"GET", "POST"}


def test_a_run_makes_no_call_but_those_that_read(reader, office):
    reader.run()
    office.post("/world/erase")
    reader.run(whole=True)
    assert [call for call in office.calls() if call["violation"]] == []


@pytest.fixture
def own_server(tmp_path):
    """An HTTPS server whose certificate nobody knows, or a plain one that answers a given body."""
    servers = []

    def start(body: bytes, *, tls: bool) -> str:
        class Answer(BaseHTTPRequestHandler):
            def do_POST(self):
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST  # noqa: N815  the standard library names them so

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        if tls:
            key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
            subject = ["-subj", "/CN=somebody.example", "-days", "2"]
            openssl = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate]
            subprocess.run([*openssl, *subject], check=True, capture_output=True)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, key)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        servers.append(server)
        return f"http{'s' if tls else ''}://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_a_certificate_that_does_not_fit_is_named_and_nothing_is_sent_to_it(office, tmp_path, own_server):
    office.url = own_server(b"[]", tls=True)
    reader = reader_of(office, tmp_path)
    assert [m for m in reader.run() if m.kind == "full"] == []
    (told,) = {f.reason for f in reader.facts() if isinstance(f, SourceFailed) and f.scope.startswith("report:")}
    assert "certificate" in told


def test_nesting_beyond_any_task_is_an_error_and_no_crash(office, tmp_path, own_server):
    office.url = own_server(b'[{"id":"1","name":' + DEEP.encode() + b"]}]", tls=False)
    reader = reader_of(office, tmp_path)
    assert [m for m in reader.run() if m.records] == []
    assert {type(f) for f in reader.facts() if isinstance(f, SourceFailed | AuthFailed)} == {SourceFailed}


def test_half_a_surrogate_pair_lands_as_it_was_given(office, tmp_path, own_server):
    office.url = own_server(json.dumps([{"id": "1", "name": "a\ud800b"}]).encode(), tls=False)
    reader = reader_of(office, tmp_path)
    (name,) = {reader.rows(m)["1"]["name"] for m in reader.run() if m.scope.startswith("report:")}
    assert name == "a\ud800b"


def test_duplicated_rows_are_counted_once(office, tmp_path, own_server):
    row = {"id": "a" * 24, "name": "x", "status": "OPEN"}
    office.url = own_server(json.dumps([row, row]).encode(), tls=False)
    reader = reader_of(office, tmp_path)
    landed = [m for m in reader.run() if m.scope.startswith("report:")]
    assert [(m.records, m.content["proof"]["distinct_ids"]) for m in landed] == [(2, 1)] * 4


def test_a_report_that_breaks_off_leaves_no_file_behind(reader, office, tmp_path):
    reader.run()
    office.fault("truncated_json", path=REPORT, times=0)
    landed = {m.batch_ref for m in reader.run(whole=True)}
    found = {path.name.split(".", 1)[0] for path in (tmp_path / "landing").rglob("*") if path.is_file()}
    known = {m.batch_ref.rsplit("/", 1)[-1] for m in reader.landing.manifests("gestta")}
    assert found == known
    assert {ref.rsplit("/", 1)[-1] for ref in landed} <= known
