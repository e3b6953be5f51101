"""A real Chromium before the simulated Onvio: it comes back with the web app's token, or says what a person must do."""

import socket
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psutil
import pytest

from services.gestta_extractor import token as tokens
from services.gestta_extractor.sign_in.onvio import Onvio, newest
from shared import clock
from shared.contracts.events import AuthFailed
from shared.errors import AuthRejected, Transient
from shared.landing import Landing
from tests.integration.gestta_extractor.token_office import EMAIL, PASSWORD
from tests.unit.gestta_extractor.test_token import NOW, made

pytestmark = pytest.mark.integration


@pytest.fixture
def onvio(chromium, token_office, tmp_path):
    token_office.turn("gestta/settings", login_closed=True)
    (tmp_path / "extractor.log").touch()
    return Onvio(
        url=token_office.simulators.urls["gestta"],
        profile=tmp_path / "profile",
        shelf=Landing(str(tmp_path / "landing")),
        now=clock.now,
        stop=threading.Event(),
        visit_seconds=60,
    )


def is_taken(office, text):
    """Whether it is the token that opens the API."""
    office.secrets.add(text)
    return office.simulators.gestta.tokens.accepts(f"JWT {text}")


def browsers_of(onvio):
    profile = str(onvio.profile)
    return [p for p in psutil.process_iter(["cmdline"]) if any(profile in a for a in p.info["cmdline"] or ())]


@pytest.mark.parametrize(
    "way",
    [
        pytest.param({}, id="the shortest way"),
        pytest.param({"menu": True, "new_tab": True}, id="behind the menu, in another tab"),
        pytest.param({"popup": "dialog"}, id="a box over the dashboard"),
        pytest.param({"popup": "window", "token_delay": 3}, id="a stray window and a slow app"),
    ],
)
def test_the_token_of_the_web_app_is_fetched_and_not_the_messenger_s(onvio, token_office, way):
    token_office.turn("onvio/settings", **way)
    text = onvio.login(EMAIL, PASSWORD)
    assert is_taken(token_office, text)
    assert browsers_of(onvio) == []


def test_the_kept_profile_is_signed_in_and_yesterday_s_token_is_not_taken_for_today_s(onvio, token_office):
    first = onvio.login(EMAIL, PASSWORD)
    token_office.turn("gestta/token/expire")
    token_office.turn("onvio/settings", token_delay=2)
    later = replace(onvio, now=lambda: clock.now() + timedelta(minutes=11))
    again = later.login(EMAIL, "forgotten")
    assert (is_taken(token_office, first), is_taken(token_office, again)) == (False, True)
    assert len(token_office.calls("/auth/u/password")) == 1


def test_a_wrong_password_is_given_once_and_its_picture_holds_neither_it_nor_the_account(onvio, token_office, tmp_path):
    with pytest.raises(AuthRejected, match="GESTTA_PASSWORD: Nome de usuário ou senha incorretos") as refused:
        onvio.login(EMAIL, "senha-marcada-errada")
    assert refused.value.status == 401
    assert len(token_office.calls("/auth/u/password")) == 1
    picture = tmp_path / "landing" / refused.value.evidence
    source = picture.with_suffix(".html").read_text()
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert "error-element-password" in source
    assert not any(secret in source for secret in (EMAIL, "senha-marcada-errada", "eyJ"))


@pytest.mark.parametrize(
    ("how", "said"),
    [({"second_factor": True}, "segundo fator"), ({"captcha": True}, "captcha")],
    ids=["code", "captcha"],
)
def test_a_second_factor_or_a_captcha_is_told_and_not_fought(onvio, token_office, how, said):
    token_office.turn("onvio/settings", **how)
    with pytest.raises(AuthRejected, match=said) as refused:
        onvio.login(EMAIL, PASSWORD)
    assert refused.value.status == 403
    assert refused.value.evidence
    assert token_office.calls("/auth/u/mfa", status=200) == token_office.calls("/auth/u/mfa")[:1]


def test_an_account_without_gestta_is_said_to_be_so_with_a_picture(onvio, token_office):
    token_office.turn("onvio/settings", denied=True)
    with pytest.raises(Transient, match=r"não guardou nenhum token.*evidence/gestta/") as failed:
        replace(onvio, visit_seconds=30).login(EMAIL, PASSWORD)
    assert EMAIL not in str(failed.value)


def test_an_onvio_that_does_not_answer_is_named(onvio):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(Transient, match=r"ERR_CONNECTION_REFUSED.*GESTTA_ONVIO_URL"):
        replace(onvio, url=f"http://127.0.0.1:{port}").login(EMAIL, PASSWORD)


@pytest.fixture
def serve_pages():
    """Serve pages by their path, the dashboard's at every other one; returns the address."""
    servers = []

    def serve(pages):
        class Pages(BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.end_headers()
                self.wfile.write(pages.get(self.path, pages["/staff/"]).encode())

            def log_message(self, *_):
                pass

        servers.append(ThreadingHTTPServer(("127.0.0.1", 0), Pages))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_port}"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def test_where_the_storage_holds_no_token_the_one_sent_to_the_api_is_taken(onvio, serve_pages):
    token, other = made(issued=clock.now()), made(of="messenger", issued=clock.now())
    app = (
        f"<script>fetch('/messenger', {{headers: {{Authorization: 'JWT {other}'}}}});"
        f"setTimeout(() => fetch('/core/x', {{headers: {{Authorization: 'JWT {token}'}}}}), 500)</script>"
    )
    url = serve_pages({"/staff/": "<a href='/dominio/auth/redirect'>Gestta</a>", "/dominio/auth/redirect": app})
    assert replace(onvio, url=url).login(EMAIL, PASSWORD) == token


def test_no_evidence_shows_the_account_or_a_token_that_the_page_shows(onvio, serve_pages, tmp_path):
    token = made()
    page = (
        f"<h1>Verifique sua identidade</h1><p>Olá, {EMAIL}</p><!-- {EMAIL} --><a href='/x?jwt={token}' title='{EMAIL}'>"
        f"{token}</a><input name=code value='{PASSWORD}'><script>var account = '{EMAIL}';</script>"
    )
    with pytest.raises(AuthRejected, match="segundo fator") as refused:
        replace(onvio, url=serve_pages({"/staff/": page})).login(EMAIL, PASSWORD)
    source = (tmp_path / "landing" / refused.value.evidence).with_suffix(".html").read_text()
    assert "Verifique sua identidade" in source
    assert [secret for secret in (EMAIL, PASSWORD, token, token.split(".")[1]) if secret in source] == []


def test_a_token_of_an_earlier_visit_is_taken_only_after_it_was_waited_for_in_vain():
    old, new = tokens.read(made(issued=NOW - timedelta(hours=3))), tokens.read(made())
    over = tokens.read(made(issued=NOW - timedelta(days=3)))
    assert newest([old, new], began=NOW, now=NOW, waited=0) == new
    assert newest([over, old], began=NOW, now=NOW, waited=1) is None
    assert newest([over, old], began=NOW, now=NOW, waited=16) == old
    assert newest([over], began=NOW, now=NOW, waited=60) is None


def test_the_extractor_signs_in_by_itself_and_reads(onvio, token_office, eventually):
    token_office.start(GESTTA_LOGIN="onvio", GESTTA_ONVIO_URL=onvio.url, GESTTA_EMAIL=EMAIL, GESTTA_PASSWORD=PASSWORD)
    eventually(token_office.has_read_all, within=90)
    assert token_office.hears(AuthFailed) == []
    assert len(token_office.calls("/auth/u/password")) == 1


def test_without_onvio_no_browser_client_is_loaded():
    program = (
        "import sys, services.gestta_extractor.__main__, services.gestta_extractor.check\n"
        "sys.exit('selenium' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
