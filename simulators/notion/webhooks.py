"""Webhooks: subscriptions as the connection's settings page makes them, and events delivered over HTTP."""

import hashlib
import heapq
import hmac
import http.client
import ipaddress
import itertools
import random
import secrets
import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from time import monotonic
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass as validated

from simulators.notion.changes import Change, aggregated
from simulators.notion.model import Json
from simulators.notion.render import dump
from simulators.notion.versions import IN_TRASH
from simulators.notion.workspace import Workspace

ATTEMPTS = 8
KEPT_DELIVERIES = 2_000
Order = Literal["as_happened", "newest_first", "shuffled"]


@validated(frozen=True, config=ConfigDict(extra="forbid"))
class Options:
    """How a subscription is served; `event_types` None is all.

    Changes are collected for `window_seconds` and told together; in which `order`, and each in how many `copies`, is
    ours to choose, for Notion promises neither order nor once. A refused delivery is tried again, up to eight times,
    the first time after `retry_seconds` and each time after twice as long.
    """

    event_types: tuple[str, ...] | None = None
    api_version: str = IN_TRASH
    window_seconds: float = 0.0
    order: Order = "as_happened"
    copies: int = 1
    retry_seconds: float = 1.0

    def changed(self, values: dict[str, Any]) -> "Options":
        """Raises ValueError for what is no option or not of its type."""
        unknown = values.keys() - self.__dataclass_fields__.keys()
        if unknown:
            raise ValueError(f"no such option of a subscription: {', '.join(sorted(unknown))}")
        return replace(self, **values)


AS_NOTION_DOES = Options()


@dataclass(slots=True)
class Subscription:
    """Where events go, what waits to be told and what was."""

    id: str
    url: str
    token: str
    options: Options
    verified: bool = False
    pending: list[Change] = field(default_factory=list)
    flush_at: float | None = None
    deliveries: deque[Json] = field(default_factory=lambda: deque(maxlen=KEPT_DELIVERIES))

    def told(self) -> Json:
        """Without the token: that goes to the url alone, and a person brings it back."""
        return {
            "id": self.id,
            "url": self.url,
            "state": "active" if self.verified else "pending_verification",
            **asdict(self.options),
            "deliveries": list(self.deliveries),
        }


def signature(body: bytes, token: str) -> str:
    """The header X-Notion-Signature: over the raw bytes, with the verification token as the key."""
    return f"sha256={hmac.new(token.encode(), body, hashlib.sha256).hexdigest()}"


class Webhooks:
    """Tells subscribers what happens in a workspace, from a thread of its own that starts with the first of them."""

    def __init__(self, workspace: Workspace, *, seed: int = 0) -> None:
        self._workspace = workspace
        self._subscriptions: dict[str, Subscription] = {}
        self._due: list[tuple[float, int, Subscription, Json]] = []
        self._number = itertools.count()
        self._random = random.Random(seed)
        self._changed = threading.Condition()
        self._stopped = False
        self._thread: threading.Thread | None = None
        workspace.watchers.append(self._take)

    def subscribe(self, url: str, options: Options = AS_NOTION_DOES) -> Subscription:
        """A subscription that waits for its verification; the url is sent its token.

        Raises ValueError for an address that is not of this machine, OSError where the url does not take the token.
        """
        _check_loopback(url)
        ids = self._workspace.ids
        subscription = Subscription(ids.uuid("subscription"), url, f"secret_{secrets.token_hex(16)}", options)
        _hand_over(subscription)
        with self._changed:
            self._subscriptions[subscription.id] = subscription
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="notion webhooks", daemon=True)
                self._thread.start()
        return subscription

    def send_token(self, subscription_id: str) -> None:
        """The token once more. Raises OSError where it is not answered with 2xx."""
        _hand_over(self._subscriptions[subscription_id])

    def verify(self, subscription_id: str, token: str) -> bool:
        """What a person does who pastes the token back; events flow from then on."""
        with self._changed:
            subscription = self._subscriptions[subscription_id]
            subscription.verified = subscription.verified or hmac.compare_digest(token, subscription.token)
            return subscription.verified

    def __contains__(self, subscription_id: str) -> bool:
        return subscription_id in self._subscriptions

    def remove(self, subscription_id: str) -> None:
        with self._changed:
            del self._subscriptions[subscription_id]

    def told(self) -> list[Json]:
        with self._changed:
            return [subscription.told() for subscription in self._subscriptions.values()]

    def stop(self) -> None:
        """Ends the thread; what was not delivered is lost."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()

    def _take(self, change: Change) -> None:
        with self._changed:
            for subscription in self._subscriptions.values():
                wanted = subscription.options.event_types
                if subscription.verified and (wanted is None or change.type in wanted):
                    subscription.pending.append(change)
                    if subscription.flush_at is None:
                        subscription.flush_at = monotonic() + subscription.options.window_seconds
            self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._stopped and (seconds := self._wait()) != 0:
                    self._changed.wait(seconds)
                if self._stopped:
                    return
                self._flush()
                ready = [heapq.heappop(self._due) for _ in range(len(self._due)) if self._due[0][0] <= monotonic()]
            for _, _, subscription, event in ready:
                self._deliver(subscription, event)

    def _wait(self) -> float | None:
        """Seconds until something is due; None where nothing is."""
        moments = [s.flush_at for s in self._subscriptions.values() if s.flush_at is not None]
        moments += [self._due[0][0]] if self._due else []
        return max(0.0, min(moments) - monotonic()) if moments else None

    def _flush(self) -> None:
        now = monotonic()
        for subscription in self._subscriptions.values():
            if subscription.flush_at is None or subscription.flush_at > now:
                continue
            changes, subscription.pending, subscription.flush_at = subscription.pending, [], None
            told = aggregated(changes) if subscription.options.window_seconds else changes
            events = [self._event(subscription, change) for change in told]
            for event in self._arranged(subscription, events):
                heapq.heappush(self._due, (now, next(self._number), subscription, event))

    def _arranged(self, subscription: Subscription, events: list[Json]) -> Iterable[Json]:
        events = [event for event in events for _ in range(subscription.options.copies)]
        order = subscription.options.order
        if order == "shuffled":
            self._random.shuffle(events)
        return reversed(events) if order == "newest_first" else events

    def _event(self, subscription: Subscription, change: Change) -> Json:
        workspace = self._workspace
        own = workspace.user(workspace.bot_id).get("bot", {})
        return {
            "id": workspace.ids.uuid("event"),
            "timestamp": change.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "workspace_id": workspace.workspace_id,
            "workspace_name": own.get("workspace_name", ""),
            "subscription_id": subscription.id,
            "integration_id": workspace.bot_id,
            "authors": [{"id": workspace.bot_id, "type": "bot"}],
            "attempt_number": 1,
            "api_version": subscription.options.api_version,
            "entity": {"id": change.entity_id, "type": change.entity_type},
            "data": {"parent": change.parent, **change.data},
            "type": change.type,
        }

    def _deliver(self, subscription: Subscription, event: Json) -> None:
        body = dump(event)
        attempt = event["attempt_number"]
        delivery: Json = {"event": event["id"], "type": event["type"], "entity": event["entity"]["id"]}
        try:
            status = _post(subscription.url, body, {"X-Notion-Signature": signature(body, subscription.token)})
            outcome: Json = {"status": status}
        except OSError as error:
            status, outcome = 0, {"status": None, "error": str(error)}
        with self._changed:
            subscription.deliveries.append({**delivery, "attempt": attempt, **outcome})
            if not 200 <= status < 300 and attempt < ATTEMPTS:
                due = monotonic() + subscription.options.retry_seconds * 2 ** (attempt - 1)
                again = {**event, "attempt_number": attempt + 1}
                heapq.heappush(self._due, (due, next(self._number), subscription, again))


def _hand_over(subscription: Subscription) -> None:
    """The one request of the handshake."""
    status = _post(subscription.url, dump({"verification_token": subscription.token}), {})
    if not 200 <= status < 300:
        raise OSError(f"{subscription.url} answered {status} to its verification token")


def _check_loopback(url: str) -> None:
    host = urlsplit(url).hostname or ""
    try:
        inside = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        inside = False
    if urlsplit(url).scheme != "http" or not inside:
        raise ValueError(f"webhooks stay on this machine (http://127.0.0.1:…): {url}")


def _post(url: str, body: bytes, headers: Json) -> int:
    """The status of the answer; a redirect is not followed. Raises OSError where there is none."""
    address = urlsplit(url)
    path = address.path + (f"?{address.query}" if address.query else "")
    connection = http.client.HTTPConnection(address.hostname or "", address.port or 80, timeout=10)
    try:
        connection.request("POST", path or "/", body, {"Content-Type": "application/json", **headers})
        return connection.getresponse().status
    except http.client.HTTPException as error:
        raise OSError(f"no answer that is HTTP: {error!r}") from error
    finally:
        connection.close()
