"""The door for webhooks: who is believed, what is taken, and what Notion hears back."""

import hashlib
import hmac
import json
import socket
from urllib.parse import urlsplit

import pytest
import requests

from services.notion_extractor import receiver
from services.notion_extractor.receiver import Token
from services.notion_extractor.webhook import Dirty
from simulators.notion.webhooks import Options, Webhooks

SECRET = "secret_webhook"
REGISTER = {"Código": "title"}


@pytest.fixture
def dirty():
    return Dirty()


@pytest.fixture
def endpoint(tmp_path, dirty):
    """The receiver's address; its token comes by the handshake."""
    server = receiver.serve("127.0.0.1", 0, Token(tmp_path / "tokens", None), dirty)
    yield f"http://127.0.0.1:{server.server_port}/notion"
    server.shutdown()
    server.server_close()


def post(endpoint, body, *, secret=SECRET, **headers):
    content = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    if secret:
        headers["X-Notion-Signature"] = "sha256=" + hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()
    return requests.post(endpoint, content, headers=headers, timeout=5).status_code


def event(number, page="p1", kind="page.properties_updated"):
    return {"id": f"e{number}", "type": kind, "entity": {"id": page, "type": "page"}, "workspace_name": "São João"}


def test_the_handshake_keeps_the_token_in_a_file_for_a_person_and_signed_events_count(endpoint, dirty, tmp_path):
    assert post(endpoint, event(1)) == 401
    assert post(endpoint, {"verification_token": SECRET}, secret=None) == 200
    kept = tmp_path / "tokens" / "notion.webhook"
    assert kept.read_text() == SECRET + "\n"
    assert kept.stat().st_mode & 0o007 == 0
    assert post(endpoint, event(1)) == 200
    assert post(endpoint, event(1)) == 200
    assert dirty.take() == ({"p1": {None}}, set())


@pytest.mark.parametrize(
    ("body", "secret", "status"),
    [
        (event(1), None, 401),
        (event(1), "secret_other", 401),
        ({"verification_token": "secret_other"}, None, 403),
        ({"verification_token": SECRET}, None, 200),
        (b"no JSON", SECRET, 200),
        (b"x" * (1 << 20) + b"x", SECRET, 413),
        (event(1, kind="comment.created"), SECRET, 200),
        (event(1, kind="page_of_a_new_kind.created"), SECRET, 200),
    ],
    ids=[
        "unsigned",
        "signed by another",
        "another token",
        "the same token again",
        "nothing to read",
        "too much",
        "signed, of no page",
        "signed, of a type that nobody knows",
    ],
)
def test_who_cannot_sign_makes_nothing_dirty_and_replaces_no_token(endpoint, dirty, tmp_path, body, secret, status):
    post(endpoint, {"verification_token": SECRET}, secret=None)
    assert post(endpoint, body, secret=secret) == status
    assert dirty.take() == ({}, set())
    assert (tmp_path / "tokens" / "notion.webhook").read_text() == SECRET + "\n"


def test_where_the_token_cannot_be_kept_notion_is_told_to_come_again(endpoint, dirty, tmp_path):
    (tmp_path / "tokens" / "notion.webhook").mkdir(parents=True)
    assert post(endpoint, {"verification_token": SECRET}, secret=None) == 503
    assert post(endpoint, event(1)) == 503
    (tmp_path / "tokens" / "notion.webhook").rmdir()
    assert post(endpoint, {"verification_token": SECRET}, secret=None) == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_another_method_than_post_is_refused_without_a_word(endpoint, dirty, method):
    post(endpoint, {"verification_token": SECRET}, secret=None)
    answer = requests.request(method, endpoint, data=json.dumps(event(1)), timeout=5)
    assert (answer.status_code, answer.content, answer.headers["Server"].strip()) == (405, b"", "webhooks")
    assert dirty.take() == ({}, set())


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (b"Content-Length: 1048577\r\n\r\n", b"413"),
        (b"Content-Length: -1\r\n\r\n", b"413"),
        (b"Content-Length: x\r\n\r\n", b"413"),
        (b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", b"413"),
        (b"Content-Length: 100\r\n\r\n{}", b"401"),
    ],
    ids=["too long", "negative", "no number", "of no known length", "shorter than it says"],
)
def test_a_body_that_is_not_as_long_as_it_may_be_or_says_is_not_taken(endpoint, dirty, lines, status):
    post(endpoint, {"verification_token": SECRET}, secret=None)
    address = urlsplit(endpoint)
    with socket.create_connection((address.hostname, address.port), timeout=5) as line:
        line.sendall(b"POST /notion HTTP/1.1\r\nHost: x\r\n" + lines)
        line.shutdown(socket.SHUT_WR)
        assert line.recv(1000).split()[1] == status
    assert dirty.take() == ({}, set())


def test_the_simulated_notions_deliveries_are_taken_in_any_order_and_number(
    endpoint, dirty, tmp_path, workspace, clock, eventually
):
    source = workspace.create_database("Clientes", REGISTER).data_source_ids[0]
    webhooks = Webhooks(workspace)
    subscription = webhooks.subscribe(endpoint, Options(order="newest_first", copies=2))
    try:
        assert webhooks.verify(subscription.id, (tmp_path / "tokens" / "notion.webhook").read_text().strip())
        pages = [workspace.create_page(source, {"Código": f"São {n}"}) for n in range(3)]
        found: set[str] = set()

        def all_heard():
            found.update(dirty.take()[0])
            return found == set(pages)

        eventually(all_heard)
        eventually(lambda: len(webhooks.told()[0]["deliveries"]) == 6)
        assert {each["status"] for each in webhooks.told()[0]["deliveries"]} == {200}
        assert dirty.take() == ({}, set())
    finally:
        webhooks.stop()
