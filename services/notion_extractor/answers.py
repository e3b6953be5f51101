"""Questions put side by side, their answers one after the other."""

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Generic, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")


class Answers(Generic[Q, A]):
    """Each question is asked in a thread of its own; whoever asks takes the answers as they come.

    Nobody waits for the answers that he does not take: the threads are daemons, and some may stand before a gate that
    Notion has shut for an hour.
    """

    def __init__(self, answer: Callable[[Q], A]) -> None:
        self._answer = answer
        self._come: SimpleQueue[tuple[Q, A | BaseException]] = SimpleQueue()
        self.awaited = 0
        """Answers that `next` has not given yet."""

    def ask(self, question: Q) -> None:
        """Ask; the answer comes by `next`."""
        self.awaited += 1
        threading.Thread(target=self._put, args=(question,), name="ask", daemon=True).start()

    def next(self) -> tuple[Q, A]:
        """A question and its answer, as soon as there is one. Raises what asking raised."""
        question, answer = self._come.get()
        self.awaited -= 1
        if isinstance(answer, BaseException):
            raise answer
        return question, answer

    def _put(self, question: Q) -> None:
        try:
            self._come.put((question, self._answer(question)))
        except BaseException as error:  # noqa: BLE001  whoever asked raises it
            self._come.put((question, error))
