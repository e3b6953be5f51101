"""Where tokens come from, as the settings say: a login, the tokens' folder, GESTTA_TOKEN."""

import os
from collections.abc import Callable
from pathlib import Path

from services.gestta_extractor.credentials import Credentials, Login
from services.gestta_extractor.gestta_api import GesttaApi
from services.gestta_extractor.kept import Kept
from services.gestta_extractor.settings import Settings
from shared.extraction.supplied import SuppliedTokens


def credentials(settings: Settings, api: GesttaApi) -> Credentials:
    """All of them, in their order."""
    return Credentials(
        login=login(settings, api),
        opens=api.me,
        supplied=SuppliedTokens(settings.tokens_dir, "gestta"),
        from_settings=from_settings(settings),
        kept=kept(settings),
    )


def kept(settings: Settings) -> Kept:
    """What outlives a restart."""
    return Kept(settings.tokens_dir / "gestta.token.kept")


def login(settings: Settings, api: GesttaApi) -> Login | None:
    """The login that the settings choose, where they hold an account."""
    if not settings.gestta_email or not settings.gestta_password:
        return None
    password = settings.gestta_password.get_secret_value()
    return Login("password", settings.gestta_email, password, api.login)


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
