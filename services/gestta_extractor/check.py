"""What the doctor asks of this service: its own settings and credentials, tried for real."""

from services.gestta_extractor import token as tokens
from services.gestta_extractor.gestta_api import GesttaApi, Refused
from services.gestta_extractor.settings import Settings
from shared import clock
from shared.checks import Check, landing_works, tell
from shared.clock import ReadClock
from shared.errors import Rejected, Transient
from shared.extraction.supplied import SuppliedTokens


def main(settings: Settings) -> int:
    """One JSON line per check; 0 when all is well."""
    return tell([landing_works(settings.landing_url), _token(settings)])


def _token(settings: Settings) -> Check:
    api = GesttaApi(settings.gestta_api_url, requests_per_hour=settings.gestta_requests_per_hour, reads=ReadClock())
    supplied = SuppliedTokens(settings.tokens_dir, "gestta")
    text = supplied.good() or (settings.gestta_token.get_secret_value() if settings.gestta_token else None)
    try:
        if settings.gestta_email and settings.gestta_password:
            text = api.login(settings.gestta_email, settings.gestta_password.get_secret_value())
        if text is None:
            return Check(
                "gestta token",
                False,
                "não há token do Gestta: forneça um com `console token set gestta`, "
                "ou defina GESTTA_EMAIL e GESTTA_PASSWORD",
            )
        token = tokens.read(text)
        api.me(token.value)
    except Refused as refused:
        return Check(
            "gestta token",
            False,
            f"o Gestta recusou o acesso ({refused.status}): copie `ngStorage-jwt` do navegador e forneça com "
            "`console token set gestta`, ou confira GESTTA_EMAIL e GESTTA_PASSWORD",
        )
    except (Transient, Rejected) as error:
        return Check(
            "gestta token", False, f"o Gestta em {settings.gestta_api_url} não respondeu como esperado: {error}"
        )
    until = f" até {token.expires_at.astimezone():%d/%m %H:%M}" if token.expires_at else ""
    renews = "renovado por login" if settings.gestta_email else "ninguém o renova automaticamente"
    soon = token.expires_at is not None and token.expires_at <= clock.now()
    return Check("gestta token", not soon, f"o token do Gestta funciona{until} ({renews})")
