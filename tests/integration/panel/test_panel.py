"""The page on a real database, read as the login that may only read."""

import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request

import pytest
from sqlalchemy import create_engine, make_url, text

from services.panel.quality import NAMES_SHOWN

pytestmark = pytest.mark.integration

# `due` is in days from today in São Paulo.
TASK = """
    INSERT INTO operacional.gestta_tasks (task_id, title, status, department, client_key, client, due_date,
        legal_due_date, completed_at, generates_fine, url, content_hash, read_at, batch_ref)
    VALUES (:id, :title, :status, :department, '7', 'Padaria & Filhos', today() + :due, today() + CAST(:legal AS int),
        CASE WHEN :status = 'done' THEN now() END, :fine, :url, '', now(), 'b')
"""
TODAY = (
    "CREATE FUNCTION today() RETURNS date LANGUAGE sql AS $$ SELECT (now() AT TIME ZONE 'America/Sao_Paulo')::date $$"
)
CLIENT = """
    INSERT INTO operacional.notion_pages (page_id, data_source_id, role, client_key, client_manager, trade_name,
        properties, content_hash, read_at, source_updated_at, batch_ref)
    VALUES ('p', 'd', 'clients', '7', 'Ana Prado', 'Padaria <b>Sol</b>', '{}', '', now(), now(), 'b')
"""
# A client without a page, a page without a client, one without anything, a code used twice, a flag against its dates.
MISFITS = """
    INSERT INTO operacional.gestta_tasks (task_id, title, client_key, client, content_hash, read_at, batch_ref)
    VALUES ('9', 'Tarefa 9', '9', 'Oficina & Cia', '', now(), 'b');
    INSERT INTO operacional.notion_pages (page_id, data_source_id, role, client_key, trade_name, url,
        properties, content_hash, read_at, source_updated_at, batch_ref)
    VALUES ('q', 'd', 'clients', '8', 'Sorveteria', 'https://notion.example/q', '{}', '', now(), now(), 'b'),
           ('r', 'd', 'clients', NULL, NULL, 'javascript:alert(1)', '{}', '', now(), now(), 'b'),
           ('s', 'd', 'clients', '7', 'Padaria Lua', NULL, '{}', '', now(), now(), 'b');
    UPDATE operacional.gestta_tasks SET source_overdue = false WHERE task_id = '1';
    UPDATE operacional.gestta_tasks SET source_overdue = true WHERE task_id = '2';
"""
FRESH = "INSERT INTO ops.scopes VALUES ('gestta', 'search:open', '7 min', now(), now())"


def task(number, *, due, status="open", legal=None, fine=False, department="Fiscal", url="https://app.example/1"):
    title = f"Tarefa {number}"
    return {
        "id": str(number), "title": title, "status": status, "department": department,
        "due": due, "legal": legal, "fine": fine, "url": url,
    }  # fmt: skip


@pytest.fixture
def office(engine):
    """Six tasks of one client."""
    tasks = [
        task(1, due=-3, legal=-1, url="javascript:alert(1)"),
        task(2, due=-1, fine=True),
        task(3, due=0),
        task(4, due=5, department=None),
        task(5, due=30),
        task(6, due=2, status="done"),
    ]
    with engine.begin() as connection:
        connection.execute(text(TODAY))
        connection.execute(text(CLIENT))
        connection.execute(text(TASK), tasks)
        connection.execute(text(FRESH))


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@pytest.fixture
def settings(login_url):
    return os.environ | {
        "PANEL_DATABASE_URL": login_url("panel_reader"),
        "PANEL_PORT": str(free_port()),
        "HEALTH_PORT": str(free_port()),
    }


@pytest.fixture
def panel(settings, eventually):
    """A running panel: `panel(path)` answers (status, headers, text)."""
    process = subprocess.Popen([sys.executable, "-m", "services.panel"], env=settings, stdout=subprocess.DEVNULL)

    def get(path="/", **headers):
        request = urllib.request.Request(f"http://127.0.0.1:{settings['PANEL_PORT']}{path}", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.headers, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers, error.read().decode()

    def answers():
        try:
            return get()[0] == 200
        except OSError:
            return False

    eventually(answers, within=20)
    yield get
    process.terminate()
    process.wait(timeout=10)


def figures(page):
    """The numbers of the cards, in their order."""
    cards = page.split('<section class="figures">')[1].split("</section>")[0]
    return [part.split("</b>")[0] for part in cards.split("<b>")[1:]]


def test_the_cards_count_what_managers_ask(office, panel):
    _, _, page = panel()

    assert figures(page) == ["5", "2", "1", "2", "2", "100%"]
    assert "banner" not in page.split('id="board"')[1]


def test_what_burns_comes_first_with_its_owner_and_a_safe_link(office, panel):
    _, _, page = panel()
    rows = page.split("O que queima primeiro")[1].split("<tr>")[2:]

    assert [row.split("Tarefa ")[1][0] for row in rows] == ["1", "2", "3", "4"]
    assert "3 dias" in rows[0]
    assert "javascript:" not in page
    assert 'href="https://app.example/1"' in rows[1]


def test_groups_are_by_department_and_by_client_manager(office, panel):
    _, _, page = panel()

    assert "<td>Fiscal</td>" in page
    assert "<td>Sem departamento</td>" in page
    assert "<td>Ana Prado</td>" in page


def test_text_of_the_sources_is_text_and_scripts_come_from_here_only(office, panel):
    _, headers, page = panel()

    assert "Padaria &lt;b&gt;Sol&lt;/b&gt;" in page
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert "style=" not in page
    assert panel("/static/panel.js")[0] == panel("/static/panel.css")[0] == 200


def test_what_a_browser_shows_already_is_not_sent_again(office, panel):
    _, headers, _ = panel("/quadro")

    assert panel("/quadro", **{"If-None-Match": headers["ETag"]})[0] == 304


def test_a_change_is_on_the_page_within_seconds(office, panel, engine, eventually):
    with engine.begin() as connection:
        connection.execute(text(TASK), task(7, due=-2))

    eventually(lambda: figures(panel("/quadro")[2])[1] == "3", within=5)


def test_empty_tables_are_said_to_be_empty(panel):
    assert "Ainda não houve nenhuma leitura completa" in panel()[2]


def problems(page):
    """What the analyst's page counts, by its words, and the names behind each count."""
    return {
        part.split("<span>")[1].split("<small>")[0]: (
            int(part.split("<b>")[1].split("</b>")[0]),
            [line.split("</li>")[0] for line in part.split("<li>")[1:]],
        )
        for part in page.split("<details")[1:]
    }


def test_where_all_fits_the_analysts_page_says_so(office, panel):
    found = problems(panel("/analista")[2])

    assert [count for count, _ in found.values()] == [0] * 5


def test_the_analysts_page_counts_and_names_what_does_not_fit(office, panel, engine):
    with engine.begin() as connection:
        connection.execute(text(MISFITS))
    status, headers, page = panel("/analista")
    found = problems(page)

    assert status == 200
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert found["Clientes sem página no Notion"] == (1, ["Oficina &amp; Cia <span>9</span>"])
    assert found["Páginas do cadastro sem tarefas"][0] == 2
    assert found["Códigos em mais de uma página"][0] == 1
    assert found["Tarefas em que o Gestta diz uma coisa e as datas outra"] == (
        1,
        ["Tarefa 1 <span>Padaria &amp; Filhos</span>"],
    )
    link, script = found["Páginas do cadastro sem tarefas"][1]
    assert 'href="https://notion.example/q"' in link
    assert "(sem nome)" in script
    assert "javascript:" not in page


MANY_CLIENTS = """
    INSERT INTO operacional.gestta_tasks (task_id, title, client_key, content_hash, read_at, batch_ref)
    SELECT 'many' || n, 'T', 'many' || n, '', now(), 'b' FROM generate_series(1, :clients) AS n
"""


@pytest.mark.parametrize("clients", [NAMES_SHOWN, NAMES_SHOWN + 1])
def test_names_that_are_too_many_are_said_to_be_the_first_and_where_all_are(office, panel, engine, clients):
    with engine.begin() as connection:
        connection.execute(text(MANY_CLIENTS), {"clients": clients})
    page = panel("/analista")[2]

    count, named = problems(page)["Clientes sem página no Notion"]
    assert (count, len(named)) == (clients, NAMES_SHOWN)
    said = f"Só os primeiros {NAMES_SHOWN}. A lista inteira está no banco, em <code>ops.clients_at_odds</code>."
    assert page.count(said) == page.count("Só os primeiros") == int(clients > NAMES_SHOWN)


def test_the_analysts_page_is_one_click_from_the_panel(office, panel):
    assert '<a href="/analista">Qualidade dos dados</a>' in panel()[2]
    assert '<a href="/">Painel de tarefas</a>' in panel("/analista")[2]


def test_a_database_that_went_away_is_said_with_the_age_of_the_figures(office, panel, postgres, settings, eventually):
    name = make_url(settings["PANEL_DATABASE_URL"]).database
    admin = create_engine(postgres.url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false"))
        connection.execute(text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"))
        eventually(lambda: "O banco de dados não responde. Os números abaixo são de" in panel("/quadro")[2])
        assert figures(panel()[2])[0] == "5"
        assert "O banco de dados não responde." in panel("/analista")[2]
        connection.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true"))
        eventually(lambda: "O banco de dados não responde" not in panel("/quadro")[2])
    admin.dispose()
