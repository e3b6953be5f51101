"""Near-streaming: pages that signed webhooks name are read within seconds, and reconciled by the runs."""

import hashlib
import hmac
import json
from datetime import timedelta

import pytest
import requests

from services.notion_extractor import receiver
from services.notion_extractor.receiver import Token
from services.notion_extractor.webhook import Dirty, read
from shared.contracts.events import AuthFailed
from simulators.notion.webhooks import Options, Webhooks
from tests.contract.simulated_notion import TOKEN as NOTION_TOKEN
from tests.integration.notion_extractor.conftest import facts

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
    assert dirty.take() == (["p1"], False)


@pytest.mark.parametrize(
    ("body", "secret", "status"),
    [
        (event(1), None, 401),
        (event(1), "secret_other", 401),
        ({"verification_token": "secret_other"}, None, 403),
        ({"verification_token": SECRET}, None, 200),
        (b"no JSON", SECRET, 200),
        (b"x" * (1 << 20) + b"x", SECRET, 413),
    ],
    ids=["unsigned", "signed by another", "another token", "the same token again", "nothing to read", "too much"],
)
def test_who_cannot_sign_makes_nothing_dirty_and_replaces_no_token(endpoint, dirty, tmp_path, body, secret, status):
    post(endpoint, {"verification_token": SECRET}, secret=None)
    assert post(endpoint, body, secret=secret) == status
    assert dirty.take() == ([], False)
    assert (tmp_path / "tokens" / "notion.webhook").read_text() == SECRET + "\n"


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
        assert dirty.take() == ([], False)
    finally:
        webhooks.stop()


@pytest.fixture
def register(workspace, clock):
    database = workspace.create_database("Clientes", REGISTER)
    source = database.data_source_ids[0]
    made = clock() - timedelta(hours=1)
    pages = [workspace.create_page(source, {"Código": str(n)}, created_time=made) for n in range(3)]
    return source, pages


def told(office, *pages, kind="page.properties_updated"):
    for number, page in enumerate(pages):
        office.extract.dirty.heard(read(json.dumps(event(f"{page}{number}{kind}", page, kind)).encode()))
    office.extract.read_dirty_pages()


def codes(office, batch):
    return sorted(each["properties"]["Código"]["title"][0]["plain_text"] for each in office.rows(batch))


def test_a_page_that_was_told_of_lands_as_an_increment_under_the_last_mapping(room, workspace, register):
    source, (page, other, _) = register
    office = room(source)
    office.run()
    workspace.update_page(page, {"Código": "edited"})
    new = workspace.create_page(source, {"Código": "new"})
    told(office, page, new, other)
    full, batch = office.batches(source)
    assert (batch.kind, codes(office, batch)) == ("increment", ["1", "edited", "new"])
    assert batch.content["mapping"] == full.content["mapping"]
    assert batch.content["full"]["batch_ref"] == full.batch_ref


def test_what_is_gone_or_no_row_of_ours_is_left_to_the_whole_read(room, workspace, register):
    source, (page, gone, _) = register
    elsewhere = workspace.create_database("Outros", REGISTER).data_source_ids[0]
    stranger = workspace.create_page(elsewhere, {"Código": "x"})
    office = room(source)
    office.run()
    workspace.trash(page)
    workspace.delete(gone)
    told(office, page, gone, stranger, "99999999-2222-4333-8444-555555555555")
    assert len(office.batches(source)) == 1


def test_the_next_increment_begins_where_the_last_run_did_since_webhooks_may_be_lost(room, workspace, register, clock):
    source, (page, other, _) = register
    office = room(source, requests_per_minute=0.01)
    office.run()
    clock.forward(minutes=10)
    workspace.update_page(other, {"Código": "told by nobody"})
    clock.forward(minutes=30)
    workspace.update_page(page, {"Código": "told"})
    told(office, page)
    clock.forward(minutes=20)
    office.run()
    kinds = [(batch.kind, codes(office, batch)) for batch in office.batches(source)[1:]]
    assert kinds == [("increment", ["told"]), ("increment", ["told", "told by nobody"])]


def test_a_row_that_came_by_a_webhook_and_vanished_is_missed_by_the_next_whole_read(room, workspace, register):
    source, _ = register
    office = room(source)
    office.run()
    new = workspace.create_page(source, {"Código": "new"})
    told(office, new)
    workspace.trash(new)
    office.run()
    assert [each["id"] for each in office.batches(source)[-1].content["missed"]] == [new]


@pytest.mark.parametrize("many", [True, False], ids=["many pages", "a changed schema"])
def test_what_a_run_does_better_wakes_it(room, register, many):
    source, _ = register
    office = room(source)
    office.run()
    if many:
        told(office, *(f"p{n}" for n in range(101)))
    else:
        told(office, source, kind="data_source.schema_updated")
    assert office.extract.wake.is_set()
    assert len(office.batches(source)) == 1


def test_before_the_first_run_and_with_a_refused_token_pages_wait(room, workspace, register):
    source, (page, *_) = register
    office = room(source)
    told(office, page)
    assert office.batches() == []
    office.token = "bad"
    assert facts(office.run(), AuthFailed)
    office.extract.read_dirty_pages()
    office.token = NOTION_TOKEN
    office.run()
    office.extract.read_dirty_pages()
    assert [batch.kind for batch in office.batches(source)] == ["full", "increment"]
