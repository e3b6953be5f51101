"""Gestta over HTTP: the calls that read, and the refusal of every other."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.gestta import lists
from simulators.gestta.behaviour import Behaviour
from simulators.gestta.login import Account
from simulators.gestta.onvio import Onvio
from simulators.gestta.report import Report
from simulators.gestta.rows import Writer
from simulators.gestta.search import Search
from simulators.gestta.style import Style
from simulators.gestta.tokens import Tokens
from simulators.gestta.wire import body_of, rows_as
from simulators.ledger import mark, note
from simulators.world.world import World

Clock = Callable[[], datetime]
READS = ("GET", "HEAD", "OPTIONS")


class Gestta:
    """One office's account."""

    def __init__(
        self, world: World, tokens: Tokens, *, email: str, password: str, behaviour: Behaviour, clock: Clock
    ) -> None:
        self.world = world
        self.tokens = tokens
        self.account = Account(email=email, password=password, tokens=tokens)
        self.behaviour = behaviour
        self.clock = clock
        self.stopping = False
        """Set at the end: whoever is kept waiting is let go."""
        self.onvio = Onvio(self.account, tokens, clock)
        self._report = Report(world, clock)
        self._search = Search(world, clock)

    def app(self) -> Starlette:
        behind_the_token = [
            Route("/core/company/user/me", self._guarded(self.me), methods=["GET"]),
            Route("/core/report", self._guarded(self.reports), methods=["GET"]),
            Route("/core/customer/task/report", self._guarded(self.report), methods=["POST"]),
            Route("/core/customer/task/search", self._guarded(self.search), methods=["POST"]),
            Route("/core/customer/task/{task_id}", self._guarded(self.task), methods=["GET"]),
        ]
        for root in ("/admin", "/core"):
            behind_the_token += [
                Route(f"{root}/customer", self._guarded(self.customers), methods=["GET"]),
                Route(f"{root}/company/user", self._guarded(self.users), methods=["GET"]),
                Route(f"{root}/company/department", self._guarded(self.departments), methods=["GET"]),
                Route(f"{root}/company/task", self._guarded(self.templates), methods=["GET"]),
            ]
        onvio = self.onvio.routes(lambda: self.behaviour.lock_after)
        known = [Route("/core/login", self.login, methods=["POST"]), *behind_the_token, *onvio]
        return Starlette(routes=known, exception_handlers={404: violation, 405: violation})

    def _guarded(self, handler: Callable[[Request], Any]) -> Callable[[Request], Any]:
        async def guarded(request: Request) -> Response:
            given = request.headers.get("authorization")
            if not self.tokens.accepts(given):
                mark(request.scope, "dead_token" if given else "no_token")
                return JSONResponse({"code": "unauthorized"}, self.behaviour.refuse_with)
            response: Response = await handler(request)
            return response

        return guarded

    async def login(self, request: Request) -> Response:
        return self.account.login(request, await body_of(request), self.behaviour)

    async def me(self, _request: Request) -> Response:
        person = self.world.people[0]
        return JSONResponse(
            {
                "_id": person.id,
                "name": person.name,
                "email": person.email,
                "role": "COMPANY_ADMIN",
                "company": {"name": "Contabilidade Faz-de-Conta", "status": "PRODUCTION"},
            }
        )

    async def reports(self, _request: Request) -> Response:
        return JSONResponse([{"_id": f"{7:024x}", "name": "Tarefas", "type": "CUSTOMER_TASK"}])

    async def report(self, request: Request) -> Response:
        body = await body_of(request)
        return await self._report.answer(request, body, self.behaviour, stopping=lambda: self.stopping)

    async def search(self, request: Request) -> Response:
        answer, self.behaviour = self._search.answer(request, await body_of(request), self.behaviour)
        return answer

    async def task(self, request: Request) -> Response:
        if self.behaviour.lookup_forbidden:
            return JSONResponse({"code": "forbidden"}, 403)
        world, behaviour = self.world, self.behaviour
        with world.lock:
            task = world.tasks.get(request.path_params["task_id"])
            writer = Writer(world.clients, world.people, self.clock())
            if task is not None:
                note(request.scope, [task.id], of="task", changed=world.changed)
        if task is None:
            return JSONResponse({"code": "customer_task.not.found"}, 404)
        row = Style.of(behaviour).spoilt(task.id, writer.whole(task, behaviour.search_parents))
        return rows_as({"data": row} if behaviour.task_under_data else row)

    async def customers(self, request: Request) -> Response:
        return lists.customers(request, self.world.clients)

    async def users(self, request: Request) -> Response:
        return lists.users(request, self.world.people)

    async def departments(self, _request: Request) -> Response:
        return lists.departments()

    async def templates(self, request: Request) -> Response:
        with self.world.lock:
            return lists.templates(request, self.world.by_due())


async def violation(request: Request, error: Exception) -> Response:
    """Whatever a reader has no business calling: refused, and written into the ledger as such."""
    request.scope["ledger"].violation = True
    if request.method in READS:
        return JSONResponse({"code": "not.found"}, 404)
    mark(request.scope, "write_attempt")
    # A known address with another method, or an address of its own: nobody is to write through either.
    is_known = getattr(error, "status_code", 404) == 405
    return JSONResponse({"code": "forbidden"}, 405 if is_known else 403)
