"""The robot's account: by `POST /core/login`, and by the password that Onvio's sign-in asks for."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from simulators.gestta.behaviour import Behaviour
from simulators.gestta.tokens import Tokens
from simulators.ledger import mark

RIGHT, WRONG, LOCKED = "login", "login_refused", "login_locked"


class Account:
    """E-mail and password, and how many wrong ones were tried; both may be changed while it runs."""

    def __init__(self, *, email: str, password: str, tokens: Tokens) -> None:
        self.email = email
        self.password = password
        self.wrong = 0
        """Wrong passwords since the last right one."""
        self._tokens = tokens

    def tried(self, email: object, password: object, *, lock_after: int, closed: bool = False) -> str:
        """RIGHT, WRONG or LOCKED; a locked account is so whatever the password. Every wrong one counts."""
        if lock_after and self.wrong >= lock_after:
            return LOCKED
        if closed or (email, password) != (self.email, self.password):
            self.wrong += 1
            return WRONG
        self.wrong = 0
        return RIGHT

    def login(self, request: Request, body: dict[str, Any], behaviour: Behaviour) -> Response:
        """An empty body and the token in a header."""
        outcome = self.tried(
            body.get("email"),
            body.get("password"),
            lock_after=behaviour.lock_after,
            closed=behaviour.login_closed,
        )
        mark(request.scope, outcome)
        if outcome == LOCKED:
            return JSONResponse({"code": "user.locked"}, 403)
        if outcome == WRONG:
            return JSONResponse({"code": "unauthorized"}, 401)
        token = self._tokens.issue().token
        return Response(status_code=behaviour.login_status, headers={"authorization": f"JWT {token}"})
