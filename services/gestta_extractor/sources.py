"""Where tokens come from, as the settings say: a login of one kind or the other, the tokens' folder, GESTTA_TOKEN."""

import os
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from services.gestta_extractor.credentials import Credentials, Login
from services.gestta_extractor.gestta_api import GesttaApi
from services.gestta_extractor.kept import Kept
from services.gestta_extractor.settings import Settings
from shared import clock
from shared.extraction.supplied import SuppliedTokens
from shared.landing import Landing

BROWSER_RESTS = timedelta(minutes=10)


def credentials(settings: Settings, api: GesttaApi, landing: Landing, stop: threading.Event) -> Credentials:
    """All of them, in their order."""
    return Credentials(
        login=login(settings, api, landing, stop),
        opens=api.me,
        supplied=SuppliedTokens(settings.tokens_dir, "gestta"),
        from_settings=from_settings(settings),
        kept=kept(settings),
    )


def kept(settings: Settings) -> Kept:
    """What outlives a restart."""
    return Kept(settings.tokens_dir / "gestta.token.kept")


def login(settings: Settings, api: GesttaApi, landing: Landing, stop: threading.Event) -> Login | None:
    """The login that the settings choose, where they hold an account."""
    if not settings.gestta_email or not settings.gestta_password:
        return None
    password = settings.gestta_password.get_secret_value()
    if settings.gestta_login == "password":
        return Login("password", settings.gestta_email, password, api.login)
    # The browser and its client are loaded for offices that need them alone.
    from services.gestta_extractor.sign_in.onvio import Onvio

    onvio = Onvio(
        url=settings.gestta_onvio_url,
        profile=settings.tokens_dir / "gestta.profile",
        shelf=landing,
        now=clock.now,
        stop=stop,
    )
    return Login("onvio", settings.gestta_email, password, onvio.login, again_after=BROWSER_RESTS)


def from_settings(settings: Settings) -> Callable[[], str | None]:
    """GESTTA_TOKEN; its file is read anew each time, since somebody may replace it."""
    given = settings.gestta_token.get_secret_value() if settings.gestta_token else None
    path = os.environ.get("GESTTA_TOKEN_FILE")

    def read() -> str | None:
        if not path:
            return given
        try:
            return Path(path).read_text(encoding="utf-8", errors="replace").strip() or None
        except OSError:
            return given

    return read
