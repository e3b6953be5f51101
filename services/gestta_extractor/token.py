"""What a Gestta token says of itself, however it was pasted, and what is wrong with it. Decisions."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt

from services.gestta_extractor.due import OFFICE_TIME

RENEW_BEFORE = timedelta(minutes=30)
"""So long before its end a token is renewed; one that lives shorter, in the last tenth of its life."""

_JWT = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*", re.ASCII)
_INVISIBLE = re.compile(r"[\s\u00ad\u200b-\u200f\u2060\ufeff]+")
_SENDABLE = re.compile(r"[\x21-\x7e]{20,8192}")
_SHORTER = 0.85
"""In one office the web app's token has 1,025 characters and the messenger's 750."""

_COPY = (
    "no navegador, com o Gestta aberto, copie o valor inteiro de `ngStorage-jwt` "
    "(F12, Application, Local Storage, app.gestta.com.br)"
)


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it is sent, without `JWT ` in front."""

    value: str
    expires_at: datetime | None = None
    issued_at: datetime | None = None
    is_jwt: bool = False
    is_several: bool = False
    """More than one token was pasted."""
    role: str = ""
    office: str = ""
    """The office's id."""
    office_name: str = ""

    def __repr__(self) -> str:
        return f"Token(expires_at={self.expires_at})"

    @property
    def digest(self) -> str:
        """By which a refused token is known without being kept."""
        return hashlib.sha256(self.value.encode()).hexdigest()

    @property
    def is_sendable(self) -> bool:
        """Whether it can be a token at all: one word that a header may carry. One that is no JWT may be, some day."""
        return not self.is_several and bool(_SENDABLE.fullmatch(self.value))

    def is_expired(self, now: datetime) -> bool:
        return self.expires_at is not None and self.expires_at <= now

    def is_due(self, now: datetime) -> bool:
        """Whether it is time to renew it. One that does not say how long it lives is used to its end."""
        if self.expires_at is None:
            return False
        life = self.expires_at - self.issued_at if self.issued_at is not None else timedelta(0)
        return now >= self.expires_at - max(min(RENEW_BEFORE, life / 10), timedelta(0))

    def is_near_end(self, now: datetime, warning: timedelta) -> bool:
        """Within `warning` of its end. One that never lived longer than twice that would always be: it never is."""
        if self.expires_at is None or self.is_expired(now):
            return False
        if self.issued_at is not None and self.expires_at - self.issued_at < 2 * warning:
            return False
        return self.expires_at - now <= warning


def read(text: str) -> Token:
    """A token however it was pasted: with `JWT ` or `Bearer `, in quotes, as the web app's storage keeps it, broken
    over lines, as a whole line of the browser's list."""
    compact = _INVISIBLE.sub("", text)
    found = sorted(set(_JWT.findall(compact)), key=compact.index)
    value = found[0] if found else _bare(compact)
    claims = _claims(value)
    company = claims.get("company") if claims is not None else None
    company = company if isinstance(company, Mapping) else {}
    return Token(
        value,
        _moment((claims or {}).get("exp")),
        _moment((claims or {}).get("iat")),
        is_jwt=claims is not None,
        is_several=len(found) > 1,
        role=_text((claims or {}).get("role")),
        office=_text(company.get("_id")),
        office_name=_text(company.get("name")),
    )


def problem(token: Token, now: datetime) -> str | None:
    """Why it need not even be sent, as a sentence for the person who gave it; None where it may work."""
    if token.is_several:
        return f"foram colados vários tokens de uma vez: {_COPY}, e só ele"
    if token.is_expired(now) and token.expires_at is not None:
        return f"o token expirou em {_when(token.expires_at)}: entre de novo no Gestta e, {_COPY}"
    if token.value.startswith("eyJ") and not token.is_jwt:
        return f"o token veio cortado ou alterado: {_COPY}"
    if not token.is_sendable:
        return f"o que foi colado não é um token do Gestta: {_COPY}"
    return None


def why_refused(token: Token, now: datetime, *, status: int = 401, worked: Token | None = None) -> str:
    """Why Gestta did not take it, as a sentence for the person who must bring another; `worked` is one it took."""
    if said := problem(token, now):
        return said
    if not token.is_jwt:
        return f"o Gestta recusou, e não parece um token dele: {_COPY}"
    if _looks_like_messengers(token, worked):
        return f"parece ser o `user-jwt`, o token do mensageiro, que não abre as tarefas: {_COPY}"
    if status == 403:
        return "o Gestta não deixa esta conta ler as tarefas (403): confira as permissões do usuário do token"
    return (
        "o token não expirou, mas o Gestta não o aceita: foi revogado (alguém saiu da conta ou trocou a senha) ou é o "
        f"`user-jwt`, do mensageiro: {_COPY}"
    )


def other_office(token: Token, last: str) -> str | None:
    """A warning where `token` is of another office than the `last` one; None where that cannot be said."""
    if not token.office or not last or token.office == last:
        return None
    name = f" ({token.office_name[:80]})" if token.office_name else ""
    return (
        f"o token em uso é de outro escritório{name}: as tarefas lidas agora são dele. Se não foi de propósito, "
        "forneça já um token do escritório certo"
    )


def _looks_like_messengers(token: Token, worked: Token | None) -> bool:
    """The web app's token names the office; the messenger's is a good deal shorter. Both only inferred."""
    if not token.office:
        return True
    return worked is not None and bool(worked.office) and len(token.value) < _SHORTER * len(worked.value)


def _bare(text: str) -> str:
    text = text.strip("'\"")
    for prefix in ("jwt", "bearer"):
        if text.lower().startswith(prefix):
            text = text[len(prefix) :]
    return text.strip("'\"")


def _claims(value: str) -> Mapping[str, Any] | None:
    try:
        return jwt.decode(value, options={"verify_signature": False})
    except (jwt.PyJWTError, RecursionError):
        return None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _when(moment: datetime) -> str:
    return moment.astimezone(OFFICE_TIME).strftime("%d/%m/%Y às %H:%M")


def _moment(seconds: object) -> datetime | None:
    if not isinstance(seconds, (int, float)) or isinstance(seconds, bool):
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return None
