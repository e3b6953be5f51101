"""`POST /core/login`: one account, its password, and how many wrong ones it bears."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from simulators.gestta.behaviour import Behaviour
from simulators.gestta.tokens import Tokens
from simulators.ledger import mark


class Account:
    """The robot's account; its two values may be changed while it runs."""

    def __init__(self, *, email: str, password: str, tokens: Tokens) -> None:
        self.email = email
        self.password = password
        self.wrong = 0
        """Wrong passwords since the last right one."""
        self._tokens = tokens

    def login(self, request: Request, body: dict[str, Any], behaviour: Behaviour) -> Response:
        """An empty body and the token in a header; a locked account is refused whatever the password."""
        if behaviour.lock_after and self.wrong >= behaviour.lock_after:
            mark(request.scope, "login_locked")
            return JSONResponse({"code": "user.locked"}, 403)
        if behaviour.login_closed or body.get("email") != self.email or body.get("password") != self.password:
            self.wrong += 1
            mark(request.scope, "login_refused")
            return JSONResponse({"code": "unauthorized"}, 401)
        self.wrong = 0
        mark(request.scope, "login")
        token = self._tokens.issue().token
        return Response(status_code=behaviour.login_status, headers={"authorization": f"JWT {token}"})
