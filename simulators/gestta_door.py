"""The control door's part that turns Gestta: its behaviour, its account, its tokens."""

from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.asked import Refused, life, plain, values_of
from simulators.gestta.app import Gestta


class GesttaDoor:
    """Everything of Gestta that can be turned from outside."""

    def __init__(self, gestta: Gestta) -> None:
        self.gestta = gestta

    def routes(self) -> list[Route]:
        return [
            Route("/gestta/settings", self.set, methods=["POST"]),
            Route("/onvio/settings", self.set_onvio, methods=["POST"]),
            Route("/gestta/account", self.account, methods=["POST"]),
            Route("/gestta/token/expire", self.expire, methods=["POST"]),
            Route("/gestta/token/issue", self.issue, methods=["POST"]),
            Route("/gestta/token/revoke", self.revoke, methods=["POST"]),
        ]

    async def set(self, request: Request) -> Response:
        """Any settings of `Behaviour`, and `token_life`; what is not named stays. Answers with all of them."""
        gestta, values = self.gestta, await values_of(request)
        token_life = life(values.pop("token_life", None))
        gestta.behaviour = gestta.behaviour.changed(values)
        if token_life is not None:
            gestta.tokens.life = token_life
        return plain(asdict(gestta.behaviour) | {"token_life": gestta.tokens.life.total_seconds()})

    async def set_onvio(self, request: Request) -> Response:
        """Any settings of `OnvioBehaviour`; `{"end_sessions": true}` makes everybody sign in again."""
        onvio, values = self.gestta.onvio, await values_of(request)
        if values.pop("end_sessions", False):
            onvio.end_sessions()
        if "session_life" in values:
            values["session_life"] = life(values["session_life"])
        onvio.behaviour = onvio.behaviour.changed(values)
        told = asdict(onvio.behaviour)
        return plain(told | {"session_life": onvio.behaviour.session_life.total_seconds()})

    async def account(self, request: Request) -> Response:
        """`{"password": "…"}` changes it and tells the old one, `{"unlock": true}` forgives every wrong one."""
        values, account = await values_of(request), self.gestta.account
        before = account.password
        account.password = str(values.get("password", before))
        if values.get("unlock"):
            account.wrong = 0
        return JSONResponse({"email": account.email, "password": before, "wrong": account.wrong})

    async def expire(self, _request: Request) -> Response:
        self.gestta.tokens.expire_all()
        return Response(status_code=204)

    async def issue(self, request: Request) -> Response:
        issued = self.gestta.tokens.issue(
            life(request.query_params.get("life")), request.query_params.get("kind", "core")
        )
        return JSONResponse({"token": issued.token, "expires_at": issued.expires_at.isoformat()})

    async def revoke(self, request: Request) -> Response:
        """`{"token": "…"}` dies at once; every other one lives on."""
        token = (await values_of(request)).get("token")
        if not token:
            raise Refused("which token?")
        self.gestta.tokens.revoke(str(token))
        return Response(status_code=204)
