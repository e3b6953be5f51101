"""A visit to Onvio that comes back with Gestta's token."""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from services.gestta_extractor import token as tokens
from services.gestta_extractor.sign_in import pages
from services.gestta_extractor.token import Token
from shared.browser.errors import PageFailed, Stopped
from shared.browser.evidence import Shelf
from shared.browser.screen import Screen, Way
from shared.browser.visit import Visit
from shared.errors import AuthRejected, Transient

VISIT_SECONDS = 180.0
LOST_SECONDS = 15.0
"""Nothing known on the page for so long: the dashboard may not lead a stranger to the door by itself."""
OLD_SECONDS = 15.0
"""So long a token of an earlier visit, left in the profile, is not taken: the app may be about to replace it."""
CLOCKS_DIFFER = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Onvio:
    """Onvio behind `url`. The profile is kept, so that it need not ask for everything every day."""

    url: str
    profile: Path
    shelf: Shelf
    now: Callable[[], datetime]
    stop: threading.Event
    visit_seconds: float = VISIT_SECONDS

    def login(self, email: str, password: str) -> str:
        """The web app's token. Raises `AuthRejected` (with evidence) where it is refused or a second factor is asked
        for, and `Transient` where the pages do not do what is known of them."""
        visit = Visit(
            page="a página do Onvio",
            setting="GESTTA_ONVIO_URL",
            task="a entrada pelo Onvio",
            profile=self.profile,
            shelf=self.shelf,
            folder="evidence/gestta",
            now=self.now,
            stop=self.stop,
            seconds=self.visit_seconds,
            hide=(email, password),
            hears_requests=True,
        )
        try:
            with visit() as screen:
                return self._fetch(screen, email, password)
        except PageFailed as failure:
            seen = f" (imagem da tela: {failure.evidence})" if failure.evidence else ""
            raise Transient(f"não consegui entrar pelo Onvio: {failure.reason}{seen}") from None
        except Stopped:
            raise Transient("a entrada pelo Onvio foi interrompida: o serviço está parando") from None

    def _fetch(self, screen: Screen, email: str, password: str) -> str:
        screen.driver.get(f"{self.url}/staff/#/dashboard-core-center")
        began, begun = self.now(), time.monotonic()
        known, is_lost = begun, False
        came: float | None = None
        done: set[Way] = set()
        # Before the visit's own end, where only the reason "took too long" would be left.
        while time.monotonic() < begun + self.visit_seconds - LOST_SECONDS:
            texts = pages.found(screen)
            came = came or (time.monotonic() if texts else None)
            waited = time.monotonic() - came if came is not None else 0.0
            token = newest(map(tokens.read, texts), began=began, now=self.now(), waited=waited)
            if token is not None:
                return token.value
            if pages.step(screen, email, password, done, home=self.url):
                known = time.monotonic()
            elif time.monotonic() > known + LOST_SECONDS and not is_lost and not pages.is_gestta_open(done):
                is_lost = True
                screen.driver.get(f"{self.url}/login/#/")
            screen.pause(0.3)
        if pages.asks_again(screen, done):
            raise AuthRejected(
                "gestta",
                401,
                "o Onvio continua pedindo a senha, sem dizer por quê: confira GESTTA_EMAIL e GESTTA_PASSWORD",
            )
        if pages.is_gestta_open(done):
            raise PageFailed("o Gestta abriu, mas não guardou nenhum token que sirva")
        raise PageFailed("não encontrei o caminho até o Gestta")


def newest(found: Iterable[Token], *, began: datetime, now: datetime, waited: float) -> Token | None:
    """The token of this visit; one of an earlier visit only after it was waited for in vain."""
    usable = [token for token in found if token.is_jwt and tokens.problem(token, now) is None]
    for token in usable:
        if token.issued_at is None or token.issued_at >= began - CLOCKS_DIFFER:
            return token
    return usable[0] if usable and waited > OLD_SECONDS else None
