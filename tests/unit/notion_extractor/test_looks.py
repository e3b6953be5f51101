"""Which sources a query looks through for what webhooks told, and when again."""

from datetime import UTC, datetime, timedelta

import pytest

from services.notion_extractor.looks import Looks
from shared.errors import Rejected, Transient

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def after(seconds):
    return NOON + timedelta(seconds=seconds)


def test_what_was_told_is_due_until_it_was_read():
    looks = Looks()
    looks.told({"a", "b"})
    assert looks.due(NOON) == {"a", "b"}
    looks.read("a")
    assert looks.due(NOON) == {"b"}


@pytest.mark.parametrize(
    ("error", "waits"),
    [
        pytest.param(Transient("503"), 60, id="a minute, so that nobody is hammered"),
        pytest.param(Transient("429", retry_after=5), 60, id="a short wait that was asked for is no shorter"),
        pytest.param(Transient("429", retry_after=300), 300, id="as long as was asked for"),
        pytest.param(Transient("429", retry_after=1.8e12), 86_400, id="a header that no calendar holds"),
    ],
)
def test_a_look_that_failed_for_now_is_due_again_after_a_wait_and_no_sooner_for_being_told_again(error, waits):
    looks = Looks()
    looks.told({"a"})
    looks.failed({"a"}, error, NOON)
    looks.told({"a"})
    assert looks.due(after(waits - 1)) == set()
    assert looks.due(after(waits)) == {"a"}


@pytest.mark.parametrize("error", [Rejected("the source lies in the trash"), None])
def test_what_asking_again_does_not_mend_is_left_to_the_next_run(error):
    looks = Looks()
    looks.told({"a", "b"})
    looks.failed({"a", "stranger"}, error, NOON)
    assert looks.due(after(10_000)) == {"b"}
