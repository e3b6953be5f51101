"""All simulators in one process: a server per system, each on a port and in a thread of its own."""

import asyncio
import json
import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from simulators.clock import WorldClock
from simulators.control import Control
from simulators.faults import Faults, System
from simulators.gestta.app import Gestta
from simulators.gestta.behaviour import Behaviour as GesttaBehaviour
from simulators.gestta.tokens import Tokens
from simulators.ledger import Ledger, LedgerMiddleware, note
from simulators.notion.app import create_app
from simulators.notion.settings import NotionSettings
from simulators.notion.webhooks import Webhooks
from simulators.notion.workspace import Workspace
from simulators.notion_door import NotionDoor
from simulators.office import Register
from simulators.playing import FaultMiddleware
from simulators.portal.app import Behaviour as PortalBehaviour
from simulators.portal.app import Portal
from simulators.pulse import Pulse
from simulators.settings import Settings
from simulators.slack import Slack
from simulators.world.world import World

Clock = Callable[[], datetime]


class _Protocol(H11Protocol):
    """Hands the connection to the app, for the fault that cuts it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


class Server:
    """One ASGI app on one socket, in a thread."""

    def __init__(self, name: str, app: ASGIApp, host: str, port: int) -> None:
        self._socket = socket.create_server((host, port), backlog=128)
        self.url = f"http://{host}:{self._socket.getsockname()[1]}"
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                http=_Protocol,
                lifespan="off",
                access_log=False,
                log_config=None,
                log_level="error",
                timeout_graceful_shutdown=1,
                server_header=False,
            )
        )
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._server.serve([self._socket])), name=f"{name} server", daemon=True
        )

    def start(self) -> None:
        self._thread.start()

    def ask_to_stop(self) -> None:
        self._server.should_exit = True

    def join(self) -> None:
        self._thread.join(5)
        self._socket.close()

    def close(self) -> None:
        """Give back the port of a server that never started."""
        self._socket.close()


class Running:
    """The simulators while they run: `urls` by system, the world and every system to look into."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.clock = WorldClock(clock)
        clock, now = self.clock, clock()
        self.settings = settings
        self.world = World(
            seed=settings.seed,
            tasks_per_quarter=settings.tasks_per_quarter,
            clients=settings.clients,
            people=settings.people,
            now=now,
        )
        self.workspace = Workspace(settings.seed, clock)
        self.register = Register(self.workspace, self.world, now)
        self.webhooks = Webhooks(self.workspace, seed=settings.seed)
        self.world.mirror = self.register
        self.faults, self.ledger = Faults(clock), Ledger(clock)
        self.pulse = Pulse(self.world, per_minute=settings.events_per_minute, clock=clock)
        self.gestta = Gestta(
            self.world,
            Tokens(
                person=self.world.people[0],
                office_id=f"{settings.seed:024x}",
                life=settings.gestta_token_life,
                first=settings.gestta_token.get_secret_value(),
                clock=clock,
            ),
            email=settings.gestta_email,
            password=settings.gestta_password.get_secret_value(),
            behaviour=GesttaBehaviour(report_max_days=settings.report_max_days),
            clock=clock,
        )
        self.slack = Slack(token=settings.slack_token.get_secret_value(), channel=settings.slack_channel, clock=clock)
        self.portal = Portal(
            email=settings.portal_email,
            password=settings.portal_password.get_secret_value(),
            behaviour=PortalBehaviour(refresh_takes=settings.refresh_takes),
            clock=clock,
        )
        self.urls: dict[str, str] = {}
        self._servers: list[Server] = []
        try:
            self._bind()
        except OSError:
            for server in self._servers:
                server.close()
            raise
        for server in self._servers:
            server.start()
        self.pulse.start()

    def _bind(self) -> None:
        settings = self.settings
        notion = create_app(self.workspace, token=settings.notion_token.get_secret_value(), settings=NotionSettings())
        self.notion = NotionDoor(self.workspace, notion.state.api, self.webhooks)
        self._serve("gestta", self._watched("gestta", self.gestta.app()), settings.gestta_port)
        self._serve("notion", self._watched("notion", _CountsRows(notion)), settings.notion_port)
        self._serve("slack", self._watched("slack", self.slack.app()), settings.slack_port)
        self._serve("portal", self._watched("portal", self.portal.app()), settings.portal_port)
        self.control = Control(
            world=self.world,
            gestta=self.gestta,
            notion=self.notion,
            slack=self.slack,
            portal=self.portal,
            faults=self.faults,
            ledger=self.ledger,
            pulse=self.pulse,
            clock=self.clock,
            urls=self.urls,
            databases={"Clientes": self.register.clients_database_id, "Pessoas": self.register.people_database_id},
        )
        self._serve("control", self.control.app(), settings.control_port)

    def _watched(self, system: System, app: ASGIApp) -> ASGIApp:
        faulty = FaultMiddleware(app, system=system, faults=self.faults)
        return LedgerMiddleware(faulty, system=system, ledger=self.ledger)

    def _serve(self, name: str, app: ASGIApp, port: int) -> None:
        try:
            server = Server(name, app, self.settings.host, port)
        except OSError as error:
            raise OSError(
                error.errno,
                f"port {port} of the {name} simulator cannot be had ({error.strerror}); set SIM_{name.upper()}_PORT",
            ) from error
        self._servers.append(server)
        self.urls[name] = server.url

    def stop(self) -> None:
        """End every server and the world's heartbeat; safe to call twice."""
        self.faults.stopping = self.gestta.stopping = True
        self.pulse.stop()
        self.webhooks.stop()
        for server in self._servers:
            server.ask_to_stop()
        for server in self._servers:
            server.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class _CountsRows:
    """Tells the ledger which rows a Notion list answer holds."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b""

        async def listen(message: Message) -> None:
            nonlocal body
            if message["type"] == "http.response.body":
                body += message.get("body", b"")
                if not message.get("more_body", False):
                    # Before the last byte leaves: who has the whole answer finds its rows in the ledger.
                    self._count(scope, body)
            await send(message)

        await self.app(scope, receive, listen)

    def _count(self, scope: Scope, body: bytes) -> None:
        answer: Any = json.loads(body) if body.startswith(b"{") else {}
        rows = answer.get("results")
        if isinstance(rows, list):
            note(scope, [row["id"] for row in rows if "id" in row])


def start(settings: Settings, clock: Clock | None = None) -> Running:
    """Start all systems and return when every port answers. `clock` gives aware datetimes.

    Raises OSError, naming the port and its variable, where one is taken.
    """
    return Running(settings, clock or (lambda: datetime.now(UTC)))
