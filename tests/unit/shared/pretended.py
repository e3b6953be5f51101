"""A time that moves as the test tells it, and waits that are only noted."""


class Hands:
    """A clock that waiting and answering move."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now

    def forward(self, seconds):
        self.now += seconds


class Waits(list[float]):
    """Remembers how long somebody would have waited."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)
