"""When a beat is due: without drift, and what was missed once, not as often as it was missed."""


def next_due(due: float, period: float, now: float) -> float:
    """The first moment of the grid `due, due + period, …` after `now` (seconds of one monotonic clock)."""
    if now < due:
        return due
    following = due + ((now - due) // period + 1) * period
    return following if following > now else following + period  # floor division of floats may fall one short
