"""Which token to use now, and when to log in for another. Decisions.

A token that a person supplied and that worked goes first until it is refused or near its end; then the order is: a
login, else what is left of a supplied one, else the setting's, else the one that was in use before.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import TypeGuard

from services.gestta_extractor.token import Token

JUST_NOW = timedelta(minutes=1)
EARLY_DEATHS = 6
EARLY_DEATHS_WITHIN = timedelta(hours=1)
"""Tokens of logins that die before their time may be a second user of the account: each login ends the other's."""
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


class Do(Enum):
    """What else than using a token."""

    LOG_IN = "log in"


@dataclass(frozen=True, slots=True)
class Hand:
    """Everything there is to choose from."""

    may_log_in: bool
    supplied: Token | None = None
    """Given by a person, and it worked."""
    login: Token | None = None
    """Of the last login."""
    logged_in_at: datetime | None = None
    setting: Token | None = None
    last: Token | None = None
    """The one in use until now."""
    refused: Collection[str] = frozenset()
    """Digests."""


def choose(hand: Hand, now: datetime) -> Token | Do | None:
    """A token to use, or that a login is due, or None where only a person can help."""
    if is_usable(hand.supplied, hand.refused, now) and not hand.supplied.is_due(now):
        return hand.supplied
    if is_usable(hand.login, hand.refused, now):
        # A clock that goes ahead makes a new token look old: not a reason to log in at every call.
        fresh = hand.logged_in_at is not None and now - hand.logged_in_at < JUST_NOW
        if fresh or not hand.login.is_due(now):
            return hand.login
    if hand.may_log_in:
        return Do.LOG_IN
    left = (hand.supplied, hand.login, hand.setting, hand.last)
    return next((token for token in left if is_usable(token, hand.refused, now)), None)


def is_usable(token: Token | None, refused: Collection[str], now: datetime) -> TypeGuard[Token]:
    """Whether it may work: nobody refused it, its time is not over, and it can be sent."""
    return token is not None and token.is_sendable and not token.is_expired(now) and token.digest not in refused


def closed_until(status: int, now: datetime) -> datetime | None:
    """When a login that was refused so may be tried again; None: when the credentials change or a person says so.

    A wrong password (401) is never repeated, that locks accounts. A second factor or a missing permission (403) may be
    gone tomorrow. Anything else may be over in an hour.
    """
    return {401: None, 403: now + DAY}.get(status, now + HOUR)


def is_closed(until: datetime | None, now: datetime) -> bool:
    """Whether a login that was closed `until` is still so."""
    return until is None or now < until


def die_too_early(deaths: Collection[datetime], now: datetime) -> bool:
    """Whether logging in again would be a loop: so many tokens of logins died before their time."""
    return sum(now - death < EARLY_DEATHS_WITHIN for death in deaths) >= EARLY_DEATHS
