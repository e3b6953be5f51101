"""No marked secret leaves by the log, however it got there."""

import io
import json
import logging
import os
import pty
import sys

import pytest
import structlog

from shared import log

SECRET = "hunter2marked"
MARKED = {
    "a JWT header": f"Authorization JWT {SECRET}.aaa.bbb",
    "a bearer token": f"sent Bearer {SECRET}",
    "a basic login": f"sent Basic {SECRET}==",
    "a JWT alone": f"eyJhbGciOiJI.{SECRET}.sig",
    "a Notion token": f"ntn_{SECRET}",
    "an old Notion token": f"secret_{SECRET}",
    "a Slack token": f"xoxb-1-{SECRET}",
    "a password in an address": f"amqp://robot:{SECRET}@host/v",
    "a password with an at sign in an address": f"amqp://robot:{SECRET}@{SECRET}@host/v",
    "a password without a user": f"redis://:{SECRET}@host",
    "a token in a query": f"https://host/x?a=1&token={SECRET}",
    "a password in a connection string": f"host=h password={SECRET} user=u",
}


def fail(text):
    raise ValueError(text)


@pytest.fixture
def restored():
    """The process's logging as it was."""
    root = logging.getLogger()
    before = (root.handlers[:], root.level, logging.getLogger("pika").level)
    yield
    structlog.reset_defaults()
    root.handlers[:], level, pika = before
    root.setLevel(level)
    logging.getLogger("pika").setLevel(pika)


@pytest.fixture
def written(restored, monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)
    log.configure(service="test")
    return stream.getvalue


@pytest.mark.parametrize("text", MARKED.values(), ids=MARKED)
def test_a_text_that_looks_like_a_credential_is_blanked_wherever_it_stands(written, text):
    structlog.get_logger().info(text, reason=text, nested={"list": [text, (text,), {text}]}, error=ValueError(text))
    line = written()
    assert SECRET not in line
    assert "[redacted]" in line


@pytest.mark.parametrize("key", ["password", "amqp_password", "TOKEN", "client_secret", "Authorization", "Set-Cookie"])
def test_a_key_that_names_a_credential_is_blanked_at_any_depth(written, key):
    structlog.get_logger().info("x", **{key: SECRET}, deep={"a": [{key: SECRET}]})
    assert SECRET not in written()


@pytest.mark.parametrize("text", MARKED.values(), ids=MARKED)
def test_an_exception_tells_no_credential(written, text):
    try:
        fail(text)
    except ValueError as error:
        structlog.get_logger().error("x", exc_info=True)
        structlog.get_logger().error("x", exc_info=error)
        logging.getLogger("urllib3").error("x %s", text, exc_info=True)
    lines = written()
    assert len(lines.splitlines()) == 3
    assert "ValueError" in lines
    assert SECRET not in lines


def test_on_a_terminal_an_exception_tells_no_credential_either(restored, monkeypatch):
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as terminal:
        monkeypatch.setattr(sys, "stdout", terminal)
        log.configure(service="test")
        try:
            fail(MARKED["a password in an address"])
        except ValueError:
            structlog.get_logger().error("something", token=SECRET, exc_info=True)
        terminal.flush()
        said = os.read(ours, 1 << 16).decode()
    os.close(ours)
    assert "ValueError" in said
    assert SECRET not in said


def test_a_line_is_json_with_who_and_when(written):
    structlog.get_logger().warning("não foi", queue="q", records=3, share=0.5, ok=True, none=None)
    line = json.loads(written())
    assert (line["service"], line["level"], line["event"]) == ("test", "warning", "não foi")
    assert (line["records"], line["share"], line["ok"], line["none"]) == (3, 0.5, True, None)
    assert line["timestamp"].endswith("Z")


def test_what_is_harmless_stays(written):
    structlog.get_logger().info("read http://host:8080/a@b and a@b.example", tokens_dir="var/tokens")
    line = written()
    assert "http://host:8080/a@b and a@b.example" in line
    assert "var/tokens" in line


def test_the_level_is_obeyed(restored, monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)
    log.configure(service="test", level="WARNING")
    structlog.get_logger().info("quiet")
    assert stream.getvalue() == ""
