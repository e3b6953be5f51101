"""No hour has more requests than GESTTA_REQUESTS_PER_HOUR."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gestta_extractor.budget import HOUR, Budget, Spent


@given(st.integers(1, 5), st.lists(st.floats(0, 900), max_size=40))
def test_any_sixty_minutes_hold_at_most_the_hours_requests(requests, gaps):
    budget, now, made = Budget(requests), 0.0, []
    for gap in gaps:
        now += gap
        if budget.left(now) > 0:
            budget.take(now)
            made.append(now)
        else:
            with pytest.raises(Spent):
                budget.take(now)
    assert all(sum(start <= t < start + HOUR for t in made) <= requests for start in made)


def test_what_was_used_an_hour_ago_may_be_used_again():
    budget = Budget(2)
    budget.take(0)
    budget.take(10)
    assert budget.left(HOUR - 1) == 0
    assert budget.left(HOUR) == 1
    assert budget.left(HOUR + 10) == 2
