"""The token that Notion is asked with: one that is refused gives way, one that a person supplies is tried."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from services.notion_extractor.credentials import Credentials
from services.notion_extractor.notion_api import NotionApi
from services.notion_extractor.telling import Access, Teller
from shared.contracts.envelope import Envelope
from shared.contracts.events import AuthFailed, AuthRecovered, Fact, TokenSupplied
from shared.errors import AuthRejected, Transient

log = structlog.get_logger()


@dataclass(slots=True)
class Tokens:
    """Whoever reads asks through `use`; a token that begins to work wakes the run."""

    credentials: Credentials[NotionApi]
    tell: Teller
    now: Callable[[], datetime]
    wake: threading.Event = field(default_factory=threading.Event)

    @property
    def none_is_left(self) -> bool:
        """Whether the token was refused and there is no other."""
        return self.tell.access is Access.REFUSED and not self.credentials.has_news()

    def use(self, read: Callable[[NotionApi], None]) -> None:
        """`read` with the token in use; a refused one gives way to the next there is, and `read` begins anew."""
        while True:
            try:
                read(self.credentials.api())
            except AuthRejected as error:
                if not self.gave_way(error):
                    raise
            else:
                return

    def gave_way(self, error: AuthRejected) -> bool:
        """Whether there is another token than the one that was refused; a missing capability is no token's."""
        if error.status != 401:
            return False
        self.credentials.refused()
        return self.credentials.has_news()

    def try_supplied(self) -> None:
        """For `--once`: before anything is read."""
        try:
            if self.credentials.try_supplied():
                log.info("a supplied token works and is used from now on")
        except AuthRejected as error:
            log.warning("a supplied token was refused and is deleted, the old one stays", hint=error.hint)
        except Transient as error:
            log.warning("a supplied token could not be tried", reason=str(error))

    def look(self) -> None:
        """Every few seconds: try a supplied token that nobody announced; while the token in use is refused, look
        whether another one lies there (a file was replaced)."""
        if self.credentials.has_unannounced(self.now()):
            try:
                answer = self._taken("TOKENS_DIR")
            except Transient as error:
                log.info("a supplied token could not be tried yet", reason=str(error))
            else:
                if isinstance(answer, AuthFailed):
                    # Nobody waits for the answer, and while the old one goes on it is no incident.
                    log.warning("a supplied token was refused and is deleted, the old one stays", hint=answer.hint)
                if answer is not None:
                    self.tell.answered(answer)
        if self.tell.access is Access.REFUSED and self.credentials.has_news():
            self.wake.set()

    def on_token(self, event: Envelope[TokenSupplied]) -> Iterator[Fact]:
        """Try a supplied token now; a good one starts a catch-up run."""
        answer = self._taken(event.data.by)
        taken = self.credentials.took_supplied_since(event.time)
        if answer is None and taken and self.tell.access is Access.GOOD:
            # Taken already, perhaps by this message before it could be answered: said again it counts once.
            answer = AuthRecovered(system="notion", hint="o token em uso funciona")
        if answer is None:
            log.info("a token was announced but none lies there: it was taken already", by=event.data.by)
        else:
            yield answer

    def _taken(self, by: str) -> AuthRecovered | AuthFailed | None:
        try:
            taken = self.credentials.try_supplied()
        except AuthRejected as error:
            working = self.tell.access is Access.GOOD
            return AuthFailed(system="notion", status=error.status, hint=error.hint, still_working=working)
        if not taken:
            return None
        self.tell.access = Access.GOOD
        self.wake.set()
        return AuthRecovered(system="notion", hint=f"token fornecido por {by}")
