"""The pages between Onvio's door and Gestta's token: what each is known by, and what it wants done.

Seen of the real ones: `onvio.com.br/login/#/` with a button, `auth.thomsonreuters.com` with the user's name and, on a
second screen, the password; at times a second factor; the staff dashboard, whose link to Gestta may hide in a menu.
"""

from urllib.parse import urlsplit

from shared.browser.errors import PageFailed
from shared.browser.screen import OVERLAYS, Screen, Way, css, named, saying
from shared.errors import AuthRejected

CONTINUE = css("#trauth-continue-signin-btn", "[id*=continue-signin]")
USERNAME = css("input[name=username]", "#username", "input[type=email]", "input[name=email]")
PASSWORD = css("input[name=password]", "#password", "input[type=password]")
SUBMIT = [*css("button[type=submit]", "input[type=submit]"), *named("Entrar", "Acessar", "Login", "Continuar")]
REFUSED = css("[id^=error-element]", "form [role=alert]", "form .alert-danger", "form [class*=error-message]")
SECOND_FACTOR = [
    *css("input[name=code]", "#code", "#otp-code-input", "[name=otp-code-input]", "[autocomplete=one-time-code]"),
    *saying("verificar sua identidade", "Verifique sua identidade", "Verify your identity"),
]
CAPTCHA = css("iframe[src*=captcha]", "iframe[title*=captcha i]", "[data-captcha-provider]", ".g-recaptcha")
POP_UP = [
    *css("[role=dialog] [aria-label=Fechar]", "[role=dialog] [aria-label=Close]", "[role=dialog] .close"),
    *css(".modal.show .close", ".modal.in .close", "[data-dismiss=modal]"),
    *named("Agora não", "Lembrar mais tarde"),
]
GESTTA = css("a[href*='/dominio/auth/redirect']")
MENU = [*css("[data-testid*=hamburger]", "[class*=hamburger]", "[aria-label*=menu i]"), *named("Menu")]

DOORS = ("onvio.com.br", "thomsonreuters.com", "gestta.com.br")
"""Whose pages may be given the password, beside the host of GESTTA_ONVIO_URL."""

STORED = """
try { return localStorage.getItem("ngStorage-jwt"); } catch (error) { return null; }
"""


def found(screen: Screen) -> list[str]:
    """What may be the token: from the web app's storage in any window, and from what its pages sent to the API.

    The messenger's is neither: it lies under another name, and goes to another place.
    """
    stored = screen.through_windows(lambda: screen.driver.execute_script(STORED))
    sent = [
        headers.get("Authorization", headers.get("authorization", ""))
        for address, headers in screen.asked()
        if "/core/" in address or "/admin/" in address
    ]
    return [*([str(stored)] if stored else []), *(text for text in sent if text.startswith("JWT "))]


def is_door(address: str, home: str) -> bool:
    """Whether the page at `address` may be given the password of an office whose Onvio is at `home`."""
    page, own = urlsplit(address), urlsplit(home)
    if page.netloc == own.netloc:
        return page.scheme == own.scheme
    host = page.hostname or ""
    return page.scheme == "https" and any(host == door or host.endswith(f".{door}") for door in DOORS)


def step(screen: Screen, email: str, password: str, done: set[Way], *, home: str) -> bool:
    """Do what the page asks for; whether it is one of those known. E-mail and password are given once each.

    Raises `AuthRejected` (401: refused, 403: a second factor or a captcha is asked for), `PageFailed` where a page of
    somebody else asks for them.
    """
    if screen.sees(SECOND_FACTOR):
        raise AuthRejected(
            "gestta",
            403,
            "o Onvio pede um segundo fator, que o robô não tem: forneça o token com `console token set gestta`, ou "
            "use uma conta sem segundo fator",
        )
    if screen.sees(CAPTCHA):
        raise AuthRejected(
            "gestta", 403, "o Onvio pede um captcha: forneça o token com `console token set gestta` e tente amanhã"
        )
    if USERNAME[0] in done and (refusal := screen.text(REFUSED)):
        said = refusal.replace(email, "…").replace(password, "…")[:200]
        raise AuthRejected("gestta", 401, f"o Onvio recusou o acesso, confira GESTTA_EMAIL e GESTTA_PASSWORD: {said}")
    if (screen.sees(PASSWORD) or screen.sees(USERNAME)) and not is_door(screen.driver.current_url, home):
        host = urlsplit(screen.driver.current_url).hostname
        raise PageFailed(f"uma página de {host} pede a senha, e ela não é do Onvio nem do Gestta")
    if screen.sees(PASSWORD):
        # Some doors ask for both on one screen.
        _fill(screen, USERNAME, email, done)
        _give(screen, PASSWORD, password, done)
    elif screen.sees(USERNAME):
        _give(screen, USERNAME, email, done)
    elif screen.sees(CONTINUE):
        screen.click(CONTINUE, "botão de entrar do Onvio")
    elif screen.sees(POP_UP):
        screen.click(POP_UP, "botão de fechar o aviso")
    elif screen.sees(GESTTA):
        _once(screen, GESTTA, "atalho para o Gestta", done)
    elif screen.sees(MENU):
        _once(screen, MENU, "menu do Onvio", done)
    else:
        return False
    return True


def asks_again(screen: Screen, done: set[Way]) -> bool:
    """Whether the password was given and the door is still, or again, closed: no reason to give it once more."""
    return PASSWORD[0] in done and (screen.sees(PASSWORD) or screen.sees(USERNAME)) is not None


def is_gestta_open(done: set[Way]) -> bool:
    """Whether the way to Gestta was taken."""
    return GESTTA[0] in done


def _give(screen: Screen, field: list[Way], value: str, done: set[Way]) -> None:
    if field[0] not in done and _fill(screen, field, value, done):
        screen.click(SUBMIT, "botão de entrar")


def _fill(screen: Screen, field: list[Way], value: str, done: set[Way]) -> bool:
    # The field may go stale between the steps; then the next look finds the page as it is.
    if field[0] in done or not screen.type(field, value):
        return False
    done.add(field[0])
    return True


def _once(screen: Screen, what: list[Way], name: str, done: set[Way]) -> None:
    if what[0] not in done:
        # A box may come over the page between the look and the click.
        screen.click(what, name, covers=[*OVERLAYS, *POP_UP])
        done.add(what[0])
