"""Pages that webhooks name while a run is going on land beside what it reads, and a look that failed is taken up."""

import json
from datetime import timedelta

import pytest

from services.notion_extractor.dirty_pages import MANY, TOGETHER
from services.notion_extractor.meanwhile import Meanwhile
from services.notion_extractor.webhook import Dirty, read
from tests.integration.notion_extractor.conftest import QUERY, SOURCE_ID, error, in_turn, listed, reply, row
from tests.integration.notion_extractor.test_webhook_endpoint import event

NEW = row(3)["id"]


def hears(dirty, *pages, kind="page.properties_updated"):
    for page in pages:
        dirty.heard(read(json.dumps(event(f"{page}{kind}", page, kind)).encode()))


def ids(office, batch):
    return [each["id"] for each in office.rows(batch)]


@pytest.fixture
def office(room, source):
    """An extractor that has read the source of two rows once."""
    office = room(SOURCE_ID, url=source.url)
    office.run()
    return office


@pytest.fixture
def told_in_mid_walk(source, office, eventually):
    """The next walk has two pages; between them a webhook tells of a new page, which the walk has passed. The second
    page comes only when a batch more is there: the run is still going on."""
    source.replies = {"/v1/pages/": reply(body=row(3))} | source.replies
    last = reply(body=listed(row(2)))

    def first_page(handler, asked):
        hears(office.extract.dirty, NEW)
        reply(body=listed(row(1), cursor="c"))(handler, asked)

    def last_page(handler, asked):
        eventually(lambda: len(office.batches(SOURCE_ID)) == 2)
        last(handler, asked)

    source.replies[QUERY] = in_turn(first_page, last_page, reply(body=listed(row(1), row(2))))


@pytest.mark.usefixtures("told_in_mid_walk")
def test_a_page_that_is_told_of_while_its_source_is_read_lands_before_the_read_has_ended(office):
    office.run()
    whole, beside = office.batches(SOURCE_ID)[1:]
    assert (beside.kind, ids(office, beside)) == ("increment", [NEW])
    assert (whole.kind, ids(office, whole)) == ("full", [row(1)["id"], row(2)["id"]])
    assert beside.content["within"] == whole.batch_ref


@pytest.mark.usefixtures("told_in_mid_walk")
def test_after_a_restart_both_are_known_and_the_page_is_missed_once_it_is_gone(office):
    office.run()
    whole, beside = office.batches(SOURCE_ID)[1:]
    office.restart()
    known = office.extract.lander.recorder.memory.reads[SOURCE_ID]
    assert known.batch_ref == whole.batch_ref
    assert {ref for ref, _ in known.holds} == {whole.batch_ref, beside.batch_ref}
    office.run()
    assert [each["id"] for each in office.batches(SOURCE_ID)[-1].content["missed"]] == [NEW]


def test_a_look_that_failed_is_taken_up_after_a_minute_without_another_run(office, source, clock):
    well, source.replies[QUERY] = source.replies[QUERY], reply(400, error(400, "validation_error", "cursor"))
    hears(office.extract.dirty, SOURCE_ID, kind="data_source.schema_updated")
    office.extract.read_dirty_pages()
    source.replies[QUERY] = well
    office.extract.read_dirty_pages()
    assert len(office.batches(SOURCE_ID)) == 1
    clock.forward(seconds=60)
    office.extract.read_dirty_pages()
    assert len(office.batches(SOURCE_ID)) == 2
    office.extract.read_dirty_pages()
    assert len(office.batches(SOURCE_ID)) == 2


class Seconds:
    """A clock that moves as it is told."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def seconds():
    return Seconds()


@pytest.fixture
def dirty():
    return Dirty()


@pytest.fixture
def landed():
    return []


@pytest.fixture
def meanwhile(api, source, dirty, landed, seconds):
    """Each page that lands takes ten seconds."""
    source.replies = {"/v1/pages/": reply(body=row(3))} | source.replies

    def land(found):
        landed.extend([list(found.asked)] if found.asked else [])
        seconds.now += 10 * len(found.asked)

    with Meanwhile(api, dirty, {SOURCE_ID}, land, anew=(), clock=seconds) as meanwhile:
        yield meanwhile


def test_the_run_has_as_much_time_as_the_pages_took(meanwhile, dirty, landed, seconds):
    hears(dirty, "p1")
    meanwhile()
    hears(dirty, "p2")
    seconds.now += 9
    meanwhile()
    assert landed == [["p1"]]
    seconds.now += 1
    meanwhile()
    assert landed == [["p1"], ["p2"]]


def test_so_few_pages_at_a_time_that_no_cursor_grows_old(meanwhile, dirty, landed, seconds):
    hears(dirty, *(f"p{n}" for n in range(TOGETHER + 1)))
    meanwhile()
    assert [len(asked) for asked in landed] == [TOGETHER]
    seconds.now += timedelta(hours=1).total_seconds()
    meanwhile()
    assert [len(asked) for asked in landed] == [TOGETHER, 1]


def test_what_a_query_does_better_waits_for_the_end_of_the_run(meanwhile, dirty, landed):
    pages = {f"p{n}": {None} for n in range(MANY + 1)}
    hears(dirty, *pages)
    hears(dirty, SOURCE_ID, kind="data_source.schema_updated")
    meanwhile()
    assert (landed, dirty.take()) == ([], (pages, {SOURCE_ID}))


def test_after_a_trouble_the_pages_wait_for_the_end_of_the_run(meanwhile, source, dirty, landed, seconds):
    source.replies["/v1/pages/"] = reply(403, error(403, "restricted_resource"))
    hears(dirty, "p1")
    meanwhile()
    source.replies["/v1/pages/"] = reply(body=row(3))
    seconds.now += timedelta(hours=1).total_seconds()
    meanwhile()
    assert (landed, dirty.take().pages) == ([], {"p1": {None}})


def test_pages_of_a_source_that_is_read_for_the_first_time_are_dirty_again_when_the_run_is_over(
    api, source, dirty, seconds
):
    source.replies = {"/v1/pages/": reply(body=row(3))} | source.replies
    with Meanwhile(api, dirty, {SOURCE_ID}, lambda _found: None, anew={SOURCE_ID}, clock=seconds) as meanwhile:
        hears(dirty, NEW)
        meanwhile()
        assert dirty.is_clean
    assert dirty.take().pages == {NEW: {SOURCE_ID}}
