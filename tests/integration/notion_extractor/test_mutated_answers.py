"""Recorded answers with something odd in them: what cannot be read is said, all else lands, no run breaks off."""

import random

import pytest

from services.notion_extractor.webhook import Event
from services.transformer.tidy.notion import tidy
from tests.contract.mutated import mutated
from tests.contract.simulated_notion import recorded, recordings
from tests.integration.notion_extractor.conftest import QUERY, SOURCE_ID, in_turn, listed, reply

ROWS = [row for file in recordings("query") for row in recorded(file)["results"] if row["object"] == "page"]
SCHEMAS = [recorded(file) for file in recordings("data_source")]
ITEMS = [recorded(file) for file in recordings("property_item")]
OURS = {"parent": {"type": "data_source_id", "data_source_id": SOURCE_ID}}


@pytest.mark.parametrize("seed", range(25))
def test_whatever_notion_answers_a_run_ends_and_what_landed_is_read_or_set_aside(room, source, seed):
    chance = random.Random(seed)
    rows = [mutated(chance, row, chance.choice((0, 1, 2, 4))) for row in chance.sample(ROWS, 20)]
    schema = mutated(chance, chance.choice(SCHEMAS) | {"id": SOURCE_ID}, chance.choice((0, 0, 1, 3)))
    pages = [mutated(chance, row, 1) | OURS for row in chance.sample(ROWS, 10)]
    items = mutated(chance, chance.choice(ITEMS), chance.choice((0, 1)))
    source.replies[QUERY] = reply(body=mutated(chance, listed(*rows), chance.choice((0, 0, 0, 1))))
    source.replies[f"/v1/data_sources/{SOURCE_ID}"] = reply(body=schema)
    source.replies["/v1/pages/"] = reply(body=items)
    office = room(SOURCE_ID, url=source.url)
    office.run()
    office.run()
    source.replies["/v1/pages/"] = in_turn(*(reply(body=page) for page in pages))
    for number in range(len(pages)):
        office.extract.dirty.heard(Event(f"e{number}", "page.created", f"p{number}"))
    office.extract.read_dirty_pages()
    source.replies[QUERY] = reply(body=listed())
    office.run()
    office.run()
    for batch in office.batches(SOURCE_ID):
        tidied = tidy(list(office.landing.rows(batch.batch_ref, sha256=batch.sha256)), 1, batch)
        assert len(tidied.frame) + len(tidied.rejected) == batch.records
