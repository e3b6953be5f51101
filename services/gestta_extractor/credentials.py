"""The token in use, where the next one comes from, and what was learnt of the others. Which one: `choice`."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from services.gestta_extractor import token as tokens
from services.gestta_extractor.choice import (
    EARLY_DEATHS,
    Do,
    Hand,
    choose,
    closed_until,
    die_too_early,
    is_closed,
    is_usable,
)
from services.gestta_extractor.gestta_api import Refused
from services.gestta_extractor.kept import Closed, Kept, State, account_of, is_same_account
from services.gestta_extractor.token import Token
from shared.errors import AuthRejected, Rejected, Transient
from shared.extraction.supplied import SuppliedTokens

log = structlog.get_logger()

WRONG_LOGIN = "o Gestta recusou o e-mail ou a senha: confira GESTTA_EMAIL e GESTTA_PASSWORD e se a conta está ativa"
FORBIDDEN_LOGIN = "o Gestta não deixa esta conta entrar (403): confira um segundo fator e as permissões da conta"
TOO_MANY = (
    "os tokens do login são revogados logo depois de criados: outra pessoa ou outro programa entra com a mesma conta? "
    "Use uma conta só para o robô"
)
UNEXPECTED = 0
"""Stands for a status where the login answered, and not as it should."""
NOTHING = "não há token do Gestta: forneça um com `console token set gestta`, ou defina GESTTA_EMAIL e GESTTA_PASSWORD"


@dataclass(frozen=True, slots=True)
class Login:
    """A way to get a token without a person."""

    way: str
    """Its name, as in GESTTA_LOGIN."""
    email: str
    password: str = field(repr=False)
    ask: Callable[[str, str], str]
    """Raises `Refused` or `AuthRejected` (with its own hint) where it is refused, `Transient`, `Rejected`."""
    again_after: timedelta = timedelta(seconds=30)
    """How long it rests after it did not work for a passing reason."""


class Credentials:
    """Threads may share it; one alone calls `get`. A refused token is remembered (by a digest) and never sent again."""

    def __init__(
        self,
        *,
        login: Login | None,
        opens: Callable[[str], object],
        supplied: SuppliedTokens,
        from_settings: Callable[[], str | None],
        kept: Kept,
    ) -> None:
        self._login = login
        self._opens = opens
        self._supplied = supplied
        self._from_settings = from_settings
        self._kept = kept
        self._lock = threading.RLock()
        self._last: Token | None = None
        self._before: Token | None = None
        self._worked: Token | None = None
        self._fresh = ""
        """Digest of the login's token until it is asked for a second time: so it worked."""
        self._deaths: list[datetime] = []
        self._rests_until: datetime | None = None
        self._trouble = ""
        self._hints: dict[str, tuple[int, str]] = {}
        self._warning: str | None = None
        self._account = ""

    @property
    def renews_itself(self) -> bool:
        """Whether nobody has to bring tokens."""
        with self._lock:
            return self._login is not None and self._state().closed is None

    def get(self, now: datetime) -> Token:
        """A token that may work. Raises `AuthRejected` where only a person can help, with what to do, and `Transient`
        where a login may help later."""
        with self._lock:
            chosen = choose(self._hand(now), now)
            if isinstance(chosen, Token) and chosen == self._last:
                self._worked, self._fresh = chosen, ""
        if chosen is Do.LOG_IN and self._login is not None:
            # Without the lock: a browser takes a minute, and a person may supply a token meanwhile.
            outcome = _asked(self._login)
            with self._lock:
                self._learn(outcome, self._login, now)
        with self._lock:
            chosen = choose(self._hand(now), now)
            if not isinstance(chosen, Token):
                raise self._nothing_left(now)
            self._use(chosen)
            return chosen

    def refused(self, token: Token, now: datetime, *, status: int = 401) -> None:
        """This one was refused."""
        with self._lock:
            hint = tokens.why_refused(token, now, status=status, worked=self._worked)
            self._remember_refused(token, status, hint, now)
            if self._good() == token:
                self._supplied.forget()
            if self._of_login() == token:
                self._kept.change(login="")
                if token.digest == self._fresh:
                    self._close(UNEXPECTED, f"o login funciona, mas o token que ele dá é recusado: {hint}", now)
                elif not token.is_expired(now):
                    self._deaths = [*self._deaths[-EARLY_DEATHS:], now]
            log.warning("Gestta refused a token, it is not sent again", status=status, reason=hint)

    def try_supplied(self, now: datetime) -> Token | None:
        """Try the newly supplied token, if there is one, before it replaces one that works.

        Raises `AuthRejected` with the reason when it does not work (the old one stays), `Transient` if Gestta is away.
        """
        with self._lock:
            text = self._supplied.new()
            if text is None:
                return None
            token = tokens.read(text)
            hint = tokens.problem(token, now)
            if hint is None and token.digest in self._state().refused:
                hint = f"este token já foi recusado: {tokens.why_refused(token, now, worked=self._worked)}"
            if hint is not None:
                self._supplied.refuse()
                raise AuthRejected("gestta", 401, hint, expires_at=token.expires_at)
            try:
                self._opens(token.value)
            except Refused as refused:
                hint = tokens.why_refused(token, now, status=refused.status, worked=self._worked)
                self._remember_refused(token, refused.status, hint, now)
                self._supplied.refuse()
                raise AuthRejected("gestta", refused.status, hint, expires_at=token.expires_at) from None
            except Rejected as error:
                # The call that tries tokens changed: not the token's fault, and the next read tells.
                log.warning("a supplied token could not be tried, it is taken untried", reason=str(error))
            self._supplied.accept()
            self._use(token)
            self._worked = token
            return token

    def took_supplied_since(self, moment: datetime) -> bool:
        """Whether a token that was supplied then or later works."""
        return self._supplied.was_taken_since(moment)

    def waits_since(self) -> datetime | None:
        """Since when a supplied token lies there that nobody tried: perhaps nobody could say that it does."""
        return self._supplied.waits_since()

    def has_news(self, now: datetime) -> bool:
        """Whether there is a way on that was not refused yet: looked at while everything else is dead."""
        with self._lock:
            return choose(self._hand(now), now) is not None

    def still_working(self, now: datetime) -> bool:
        """Whether the token in use goes on."""
        with self._lock:
            return is_usable(self._last, self._state().refused, now)

    def take_warning(self) -> str | None:
        """What is to be told of the token in use, once."""
        with self._lock:
            warning, self._warning = self._warning, None
            return warning

    def _learn(self, outcome: Token | Exception, login: Login, now: datetime) -> None:
        match outcome:
            case Refused(status=status):
                self._close(status, WRONG_LOGIN if status == 401 else FORBIDDEN_LOGIN, now)
            case AuthRejected():
                self._close(outcome.status, outcome.hint, now, outcome.evidence)
            case Rejected():
                self._close(UNEXPECTED, f"o login no Gestta não responde como esperado: {outcome}", now)
            case Exception():
                self._rests_until, self._trouble = now + login.again_after, str(outcome)
                log.warning("the login did not work, it is tried again", reason=self._trouble)
            case Token() if hint := self._no_use(outcome, now):
                self._close(UNEXPECTED, f"o login funciona, mas o token que ele dá não serve: {hint}", now)
            case Token():
                self._rests_until = None
                self._fresh = outcome.digest
                self._kept.change(login=outcome.value, logged_in_at=now, closed=None)
                log.info("logged in to Gestta", token_expires_at=outcome.expires_at)

    def _no_use(self, token: Token, now: datetime) -> str | None:
        if token.is_expired(now):
            return "já chega vencido; o relógio desta máquina está certo?"
        if token.digest in self._state().refused:
            return "é o mesmo que o Gestta recusou"
        return tokens.problem(token, now)

    def _close(self, status: int, hint: str, now: datetime, evidence: str | None = None) -> None:
        closed = Closed(hint, status, closed_until(status, now), evidence)
        self._kept.change(closed=closed, login="")
        log.warning("Gestta refused the login, it is not tried again", status=status, until=closed.until, reason=hint)

    def _nothing_left(self, now: datetime) -> AuthRejected | Transient:
        last = next((token for token in (self._good(), self._of_setting(), self._last) if token is not None), None)
        expires_at = last.expires_at if last is not None else None
        closed = self._state().closed
        if self._login is not None and closed is not None and is_closed(closed.until, now):
            return AuthRejected(
                "gestta", closed.status or 401, closed.hint, expires_at=expires_at, evidence=closed.evidence
            )
        if self._rests_until is not None and now < self._rests_until:
            return Transient(self._trouble)
        if self._login is not None and die_too_early(self._deaths, now):
            return AuthRejected("gestta", 401, TOO_MANY, expires_at=expires_at)
        if last is None:
            return AuthRejected("gestta", 401, NOTHING)
        status, hint = self._hints.get(last.digest) or (401, tokens.why_refused(last, now, worked=self._worked))
        return AuthRejected("gestta", status, hint, expires_at=expires_at)

    def _remember_refused(self, token: Token, status: int, hint: str, now: datetime) -> None:
        self._hints[token.digest] = (status, hint)
        self._kept.change(refused={**self._state().refused, token.digest: now})

    def _use(self, token: Token) -> None:
        if token != self._last:
            self._last, self._before = token, self._last
        if warning := tokens.other_office(token, self._state().office):
            self._warning = warning
            log.warning("the token in use is of another office than the last", office=token.office)
        if token.office:
            self._kept.change(office=token.office)

    def _hand(self, now: datetime) -> Hand:
        state = self._state()
        rests = self._rests_until is not None and now < self._rests_until
        closed = state.closed is not None and is_closed(state.closed.until, now)
        return Hand(
            may_log_in=self._login is not None and not (rests or closed or die_too_early(self._deaths, now)),
            supplied=self._good(),
            login=self._of_login(),
            logged_in_at=state.logged_in_at,
            setting=self._of_setting(),
            last=self._before if self._last is not None and self._last.digest in state.refused else self._last,
            refused=state.refused.keys(),
        )

    def _state(self) -> State:
        """What is remembered, if it is of these credentials."""
        state = self._kept.state()
        if self._login is None or state.account == self._account != "":
            return state
        secret = (self._login.way, self._login.email, self._login.password)
        if state.account and is_same_account(state.account, *secret):
            self._account = state.account
            return state
        self._account = self._account or account_of(*secret)
        return self._kept.change(account=self._account, login="", logged_in_at=None, closed=None)

    def _of_login(self) -> Token | None:
        text = self._state().login if self._login is not None else ""
        return tokens.read(text) if text else None

    def _good(self) -> Token | None:
        text = self._supplied.good()
        return tokens.read(text) if text else None

    def _of_setting(self) -> Token | None:
        text = self._from_settings()
        return tokens.read(text) if text else None


def _asked(login: Login) -> Token | Refused | AuthRejected | Rejected | Transient:
    """What the login answers: a token, or the error that says why not."""
    try:
        return tokens.read(login.ask(login.email, login.password))
    except (Refused, AuthRejected, Rejected, Transient) as error:
        return error
