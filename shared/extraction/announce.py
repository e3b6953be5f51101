"""What an extractor has to say, said whenever the road is open: reading never waits for the broker."""

from collections import deque
from collections.abc import Iterator
from datetime import timedelta

import structlog

from shared.contracts.envelope import Envelope
from shared.contracts.events import Fact
from shared.errors import Rejected
from shared.landing import Landing
from shared.messaging.codec import decode
from shared.messaging.service import Every

log = structlog.get_logger()


class Announcer:
    """Batches lie in the landing, with the news that came with them, until all of it is confirmed; other news waits
    here.

    That is lost with the process: the next run finds the same trouble and says it again.
    """

    def __init__(self, landing: Landing, system: str) -> None:
        self._landing = landing
        self._system = system
        self._batches: deque[str] = deque()
        self._news: deque[Envelope[Fact]] = deque(maxlen=1000)
        self._complete = False
        self.every = Every("announce", timedelta(minutes=1), self.beat, on_open=True)

    def batch_landed(self, batch_ref: str) -> None:
        """There is a batch to announce."""
        self._batches.append(batch_ref)
        self.every.wake.set()

    def note(self, envelope: Envelope[Fact]) -> None:
        """There is news."""
        self._news.append(envelope)
        self.every.wake.set()

    def beat(self) -> Iterator[Envelope[Fact]]:
        """Everything unsaid, oldest first; a batch is marked when the broker has confirmed its facts.

        At start, and after a road that closed in the middle, the landing itself is asked what was not said.
        """
        if not self._complete:
            # Cleared before the landing is asked: what lands meanwhile is appended, and said twice at worst.
            self._batches.clear()
            self._batches.extend(self._landing.unsaid(self._system))
        self._complete = False
        while self._batches:
            try:
                content = self._landing.manifest(self._batches[0]).content
                events = [decode(said.encode()) for said in (content["event"], *content.get("news", ()))]
            except (Rejected, KeyError) as error:
                log.warning("a batch cannot be announced", batch_ref=self._batches.popleft(), reason=str(error))
                continue
            yield from events
            self._landing.mark_said(self._batches.popleft())
        while self._news:
            yield self._news[0]
            self._news.popleft()
        self._complete = True
