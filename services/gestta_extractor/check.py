"""What the doctor asks of this service: its own settings and credentials, tried for real."""

import threading
from datetime import datetime

from services.gestta_extractor import token as tokens
from services.gestta_extractor.credentials import FORBIDDEN_LOGIN, WRONG_LOGIN, Login
from services.gestta_extractor.due import OFFICE_TIME
from services.gestta_extractor.gestta_api import GesttaApi, Refused
from services.gestta_extractor.settings import Settings
from services.gestta_extractor.sources import from_settings, kept, login
from services.gestta_extractor.token import Token
from shared import clock
from shared.checks import Check, landing_works, tell
from shared.clock import ReadClock
from shared.errors import AuthRejected, Rejected, Transient
from shared.extraction.supplied import SuppliedTokens
from shared.landing import Landing

NAME = "gestta token"
MISSING = "não há token do Gestta: forneça um com `console token set gestta`, ou defina GESTTA_EMAIL e GESTTA_PASSWORD"


def main(settings: Settings) -> int:
    """One JSON line per check; 0 when all is well."""
    return tell([landing_works(settings.landing_url), _token(settings)])


def _token(settings: Settings) -> Check:
    api = GesttaApi(settings.gestta_api_url, requests_per_hour=settings.gestta_requests_per_hour, reads=ReadClock())
    way = login(settings, api, Landing(settings.landing_url), threading.Event())
    try:
        if way is not None and way.way == "password":
            token = tokens.read(_log_in(settings, way))
            if said := _refusal(api, token, clock.now()):
                return Check(NAME, False, f"o login funciona, mas o token que ele dá é recusado: {said}")
            return _works(token, way)
        return _at_hand(settings, api, way)
    except AuthRejected as refused:
        return Check(NAME, False, refused.hint)
    except (Transient, Rejected) as error:
        return Check(NAME, False, f"o Gestta em {settings.gestta_api_url} não respondeu como esperado: {error}")


def _log_in(settings: Settings, way: Login) -> str:
    try:
        text = way.ask(way.email, way.password)
    except Refused as refused:
        hint = WRONG_LOGIN if refused.status == 401 else FORBIDDEN_LOGIN
        raise AuthRejected("gestta", refused.status, hint) from None
    # A login that works is no longer closed: the extractor tries it again.
    kept(settings).change(closed=None)
    return text


def _at_hand(settings: Settings, api: GesttaApi, way: Login | None) -> Check:
    """The tokens that are there already: a browser's sign-in is not repeated to look at it."""
    now = clock.now()
    state = kept(settings).state()
    texts = (
        SuppliedTokens(settings.tokens_dir, "gestta").good(),
        state.login if way else "",
        from_settings(settings)(),
    )
    said = MISSING
    for text in filter(None, texts):
        token = tokens.read(text)
        known = token.digest in state.refused
        refusal = tokens.why_refused(token, now) if known else tokens.problem(token, now) or _refusal(api, token, now)
        said = refusal or said
        if not refusal:
            return _works(token, way)
    if way is not None and state.closed is not None:
        said = state.closed.hint
    if way is not None:
        said = f"{said}. O extrator entra pelo Onvio sozinho quando não há token"
    return Check(NAME, False, said)


def _refusal(api: GesttaApi, token: Token, now: datetime) -> str:
    try:
        api.me(token.value)
    except Refused as refused:
        return tokens.why_refused(token, now, status=refused.status)
    return ""


def _works(token: Token, way: Login | None) -> Check:
    until = f" até {token.expires_at.astimezone(OFFICE_TIME):%d/%m %H:%M}" if token.expires_at else ""
    whose = ", ".join(
        f"{what} {value[:80]}" for what, value in (("papel", token.role), ("escritório", token.office_name)) if value
    )
    renews = "ninguém o renova automaticamente" if way is None else "renovado por login"
    return Check(NAME, True, f"o token do Gestta funciona{until} ({whose + '; ' if whose else ''}{renews})")
