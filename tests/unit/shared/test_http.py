"""The door to HTTP, against a real server on a socket."""

import gzip
import random
import socket
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import cycle

import pytest

from shared.errors import Rejected, Transient
from shared.http import Answer, Http, Pace
from tests.unit.shared.pretended import Hands

Reply = Callable[[BaseHTTPRequestHandler], None]


class Server:
    """Answers every request by the next of `replies`, the last one for ever."""

    def __init__(self):
        self.replies: list[Reply] = []
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                server.requests.append((self.command, self.path, dict(self.headers), body))
                reply = server.replies.pop(0) if len(server.replies) > 1 else server.replies[0]
                reply(self)

            do_POST = do_GET  # noqa: N815  the standard library names them so

            def log_message(self, *_):
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._http.server_port}"

    def close(self):
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()


def reply(status=200, body=b"{}", *, length=None, **headers):
    def send(handler):
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body) if length is None else length))
        handler.end_headers()
        handler.wfile.write(body)
        handler.close_connection = True

    return send


@pytest.fixture
def server():
    with closing(Server()) as server:
        server.replies = [reply()]
        yield server


@pytest.fixture
def door(server):
    with closing(Http(server.url, pace=Pace(1000, 1), headers={"X-Key": "k"}, timeout=(1, 0.3))) as door:
        yield door


def test_a_call_brings_status_headers_and_body(server, door):
    server.replies = [reply(404, b'{"a": 1}', X_Request_Id="r1")]
    answer = door.call("POST", "/v1/query?x=1", headers={"X-More": "m"}, body={"page": 2})
    assert (answer.status, answer.headers["x-request-id"], answer.json()) == (404, "r1", {"a": 1})
    method, path, headers, body = server.requests[0]
    assert (method, path, body) == ("POST", "/v1/query?x=1", b'{"page": 2}')
    assert (headers["X-Key"], headers["X-More"]) == ("k", "m")
    assert door.calls == 1


def test_an_address_is_asked_for_as_it_is_written(server):
    with closing(Http(f"{server.url}/ping/", pace=Pace(1000, 1))) as door:
        door.call("GET", "")
    assert server.requests[0][1] == "/ping/"


@pytest.mark.parametrize(
    ("location", "said"),
    [
        pytest.param("http://evil.example/steal", "another host", id="another host"),
        pytest.param("//evil.example/steal", "another host", id="another host by the same scheme"),
        pytest.param("/login", "another page", id="another page"),
        pytest.param("", "another page", id="nowhere"),
    ],
)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_carries_our_credentials_away(server, door, status, location, said):
    server.replies = [reply(status, Location=location)]
    with pytest.raises(Rejected, match=said):
        door.call("GET", "/")
    assert len(server.requests) == 1


def test_a_truncated_body_may_work_again(server, door):
    server.replies = [reply(200, b'{"a": 1}', length=100)]
    with pytest.raises(Transient, match=r"GET 127\.0\.0\.1:\d+/rows"):
        door.call("GET", "/rows?token=hidden")


def test_an_error_of_the_network_does_not_repeat_the_query(server, door):
    server.replies = [reply(200, b"", length=100)]
    with pytest.raises(Transient) as error:
        door.call("GET", "/rows?token=hidden")
    assert "hidden" not in str(error.value)


def test_a_server_that_says_nothing_may_work_again(server, door):
    heard = threading.Event()
    server.replies = [lambda _handler: heard.wait(5) and None]
    with pytest.raises(Transient, match="timed out"):
        door.call("GET", "/")
    heard.set()


PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"


PACKED = gzip.compress(random.Random(1).randbytes(1000))


def trickle(begun: bytes, *, again: bytes = b"x"):
    """Sends `begun`, then `again` byte by byte for ever, well within the time-out of a read."""

    def send(handler):
        handler.wfile.write(begun)
        gone = threading.Event()
        with suppress(OSError):
            for byte in cycle(again):
                handler.wfile.write(bytes([byte]))
                gone.wait(0.02)
        handler.close_connection = True

    return send


TRICKLING = [
    pytest.param(trickle(b""), id="the status line"),
    pytest.param(trickle(b"HTTP/1.1 200 OK\r\nX-Long: "), id="a header"),
    pytest.param(trickle(PLAIN), id="a body of a known length"),
    pytest.param(trickle(b"HTTP/1.1 200 OK\r\n\r\n"), id="a body without a length"),
    pytest.param(trickle(CHUNKED + b"\r\n", again=b"1\r\nx\r\n"), id="chunks"),
    pytest.param(trickle(CHUNKED + b"\r\n1;"), id="the size of a chunk"),
    pytest.param(trickle(CHUNKED + b"\r\n0\r\nX-Long: "), id="a trailer"),
    pytest.param(trickle(PLAIN[:-2] + b"Content-Encoding: gzip\r\n\r\n", again=PACKED), id="a packed body"),
    pytest.param(
        trickle(CHUNKED + b"Content-Encoding: gzip\r\n\r\n", again=b"".join(b"1\r\n%c\r\n" % byte for byte in PACKED)),
        id="packed chunks",
    ),
]


@pytest.fixture
def hasty(server):
    with closing(Http(server.url, pace=Pace(1000, 1), timeout=(1, 5), longest=0.2)) as hasty:
        yield hasty


@pytest.mark.timeout(10)
@pytest.mark.parametrize("trickling", TRICKLING)
def test_an_answer_that_trickles_may_work_again(server, hasty, trickling):
    server.replies = [trickling]
    with pytest.raises(Transient, match=r"GET 127\.0\.0\.1:\d+/rows: the answer was not whole after 0.2 s"):
        hasty.call("GET", "/rows?token=hidden")


@pytest.mark.timeout(10)
@pytest.mark.parametrize("trickling", TRICKLING)
def test_an_answer_that_trickles_while_its_rows_are_read_may_work_again(server, hasty, trickling):
    server.replies = [trickling]
    with pytest.raises(Transient, match="the answer was not whole"), hasty.stream("GET", "/rows") as response:
        response.raw.read(1 << 18, decode_content=True)


@pytest.mark.timeout(10)
def test_an_answer_that_stops_in_the_middle_is_not_waited_for_longer_than_an_answer_may_take(server, hasty):
    heard = threading.Event()

    def stops(handler):
        handler.wfile.write(PLAIN)
        heard.wait(5)

    server.replies = [stops]
    with pytest.raises(Transient, match="the answer was not whole"):
        hasty.call("GET", "/")
    heard.set()


def test_the_time_that_a_reader_takes_for_what_it_read_is_not_the_servers(server):
    hands = Hands()
    server.replies = [reply(200, b"x" * 1_000_000)]
    with closing(Http(server.url, pace=Pace(1000, 1), timeout=(1, 5), longest=5.0, clock=hands)) as door:
        size = 0
        with door.stream("GET", "/rows") as response:
            while chunk := response.raw.read(1 << 16):
                size += len(chunk)
                hands.forward(60)
    assert size == 1_000_000


def test_each_answer_of_a_kept_connection_has_its_own_time(server):
    hands, ports = Hands(), []

    def takes_a_while(handler):
        ports.append(handler.client_address[1])
        hands.forward(3)
        handler.protocol_version = "HTTP/1.1"
        reply(200, b"{}")(handler)
        handler.close_connection = False

    server.replies = [takes_a_while]
    with closing(Http(server.url, pace=Pace(1000, 1), timeout=(1, 5), longest=5.0, clock=hands)) as door:
        assert [door.call("GET", "/").status for _ in range(3)] == [200, 200, 200]
    assert len(set(ports)) == 1


def test_nobody_at_the_address_may_work_again():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with closing(Http(f"http://127.0.0.1:{port}", pace=Pace(1000, 1))) as door, pytest.raises(Transient):
        door.call("GET", "/")


@pytest.mark.parametrize("body", [b"<html>proxy</html>", b"", b'{"a":', b"[" * 100_000, b"\xff\xfe"])
def test_an_answer_that_is_not_json_may_work_again(body):
    with pytest.raises(Transient, match=r"\(200\) is not JSON"):
        Answer(200, {}, body).json()


def test_an_answer_without_end_is_refused(server, door, monkeypatch):
    monkeypatch.setattr("shared.http.door.MAX_BYTES", 1000)
    server.replies = [reply(200, b"x" * 1001)]
    with pytest.raises(Rejected, match="more than"):
        door.call("GET", "/")


def test_the_machines_proxy_and_netrc_are_not_used(server, door, monkeypatch, tmp_path):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password hunter2\n")
    monkeypatch.setenv("NETRC", str(netrc))
    door.call("GET", "/")
    assert "Authorization" not in server.requests[0][2]


def test_an_answer_tells_how_long_it_took_without_its_turn(server):
    waited: list[float] = []
    with closing(Http(server.url, pace=Pace(1, 3600, wait=waited.append), timeout=(1, 5))) as door:
        answers = [door.call("GET", "/ping") for _ in range(2)]
    assert round(waited[0]) == 3600
    assert all(0 < answer.seconds < 60 for answer in answers)
