"""Microsoft's sign-in, whichever of its pages comes next."""

import time

from services.bi_refresher.refresh import RefreshFailed
from shared.browser.screen import Screen, Way, Ways, css
from shared.errors import AuthRejected

EMAIL = css("#i0116", "input[name=loginfmt]")
PASSWORD = css("#i0118", "input[name=passwd]", "input[type=password]")
NEXT = css("#idSIButton9", "input[type=submit]", "button[type=submit]")
STAY = css("#KmsiCheckboxField", "#idBtn_Back")
OWN_EMAIL = css("#email", "input[type=email]:not([name=loginfmt])")
OWN_NEXT = css("#submitBtn", "button[type=submit]", "input[type=submit]")
OTHER_ACCOUNT = css("#otherTile", "#otherTileText")
REFUSED = css("#usernameError", "#passwordError", "#i0116Error", "#i0118Error", "form [role=alert]")
SECOND_FACTOR = css("#idDiv_SAOTCAS_Title", "#idDiv_SAOTCC_Description", "#idRichContext_DisplaySign")

SIGN_IN_SECONDS = 90.0
LOST_SECONDS = 15.0
"""Nothing known on the page for so long: some sign-ins end on a home page instead of the page that was asked for."""


def sign_in(screen: Screen, url: str, *, email: str, password: str, ready: Ways) -> None:
    """Open `url` and do what is asked until something of `ready` shows; nothing when the profile is signed in.

    The password is given once: a second try could lock the account.
    Raises `AuthRejected` (401: refused, 403: a second factor is asked for) and `RefreshFailed`.
    """
    screen.driver.get(url)
    begun = known = time.monotonic()
    done: set[Way] = set()
    again = False
    while time.monotonic() < begun + SIGN_IN_SECONDS:
        if screen.sees(ready):
            return
        if _step(screen, email, password, done):
            known = time.monotonic()
        elif time.monotonic() > known + LOST_SECONDS and not again:
            again = True
            screen.driver.get(url)
        screen.pause(0.2)
    raise RefreshFailed(f"depois de {SIGN_IN_SECONDS:.0f} s a página do BI ainda não mostra o botão de atualizar")


def _step(screen: Screen, email: str, password: str, done: set[Way]) -> bool:
    """Do what the page asks for; whether it is one of the sign-in's."""
    if screen.sees(SECOND_FACTOR):
        raise AuthRejected(
            "powerbi",
            403,
            "o portal pede um segundo fator (autenticador): uma pessoa precisa entrar uma vez com o perfil guardado "
            "em BI_PROFILE_DIR",
        )
    if refusal := screen.text(REFUSED):
        raise AuthRejected(
            "powerbi", 401, f"o portal recusou o acesso, confira BI_EMAIL e BI_PASSWORD: {refusal[:200]}"
        )
    if screen.sees(PASSWORD):
        _give(screen, PASSWORD, NEXT, password, done)
    elif screen.sees(EMAIL):
        _give(screen, EMAIL, NEXT, email, done)
    elif screen.sees(STAY):
        screen.click(NEXT, "botão “continuar conectado”")
    elif screen.sees(OTHER_ACCOUNT):
        screen.click(OTHER_ACCOUNT, "“usar outra conta”")
    elif screen.sees(OWN_EMAIL):
        _give(screen, OWN_EMAIL, OWN_NEXT, email, done)
    else:
        return False
    return True


def _give(screen: Screen, field: Ways, button: Ways, value: str, done: set[Way]) -> None:
    if field[0] in done:
        return
    if not value:
        raise AuthRejected("powerbi", 401, "o portal pede para entrar: preencha BI_EMAIL e BI_PASSWORD")
    # The field may go stale between the steps; then the next look finds the page as it is.
    if screen.type(field, value):
        screen.click(button, "botão de avançar")
        done.add(field[0])
