"""Questions put side by side, their answers one after the other."""

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")

MOMENT = 1.0
"""Seconds between two calls of what is done meanwhile."""


def nothing() -> None:
    """What is done meanwhile where nothing is to be done."""


class Answers(Generic[Q, A]):
    """Each question is asked in a thread of its own; whoever asks takes the answers as they come.

    Nobody waits for the answers that he does not take: the threads are daemons, and some may stand before a gate that
    Notion has shut for an hour. Whoever waits for an answer does something `meanwhile`, over and over.
    """

    def __init__(self, answer: Callable[[Q], A], meanwhile: Callable[[], None] = nothing) -> None:
        self._answer = answer
        self._meanwhile = meanwhile
        self._come: SimpleQueue[tuple[Q, A | BaseException]] = SimpleQueue()
        self.awaited = 0
        """Answers that `next` has not given yet."""

    def ask(self, question: Q) -> None:
        """Ask; the answer comes by `next`."""
        self.awaited += 1
        threading.Thread(target=self._put, args=(question,), name="ask", daemon=True).start()

    def next(self) -> tuple[Q, A]:
        """A question and its answer, as soon as there is one. Raises what asking, or `meanwhile`, raised."""
        question, answer = self._waited_for()
        self.awaited -= 1
        if isinstance(answer, BaseException):
            raise answer
        return question, answer

    def _waited_for(self) -> tuple[Q, A | BaseException]:
        while True:
            self._meanwhile()
            try:
                return self._come.get(timeout=MOMENT)
            except Empty:
                continue

    def _put(self, question: Q) -> None:
        try:
            self._come.put((question, self._answer(question)))
        except BaseException as error:  # noqa: BLE001  whoever asked raises it
            self._come.put((question, error))
