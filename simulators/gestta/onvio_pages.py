"""Onvio's pages and Gestta's first one, as markup and script."""

import html
import json

from simulators.portal.pages import document

STAFF_HOME = "/staff/#/dashboard-core-center"
GATE = "/dominio/auth/redirect"

HELPERS = """
const at = (id) => document.getElementById(id);
function made(tag, values, ...inside) {
  const element = Object.assign(document.createElement(tag), values); element.append(...inside); return element;
}
async function post(path, body) {
  const response = await fetch(path, {method: 'POST', headers: {'Content-Type': 'application/json'},
    body: JSON.stringify(body)});
  return response.json();
}
function screen(title, field, submit) {
  const input = made('input', {autocomplete: 'off', ...field});
  const form = made('form', {noValidate: true}, input, made('button', {type: 'submit', textContent: 'Continuar'}));
  at('screen').replaceChildren(made('h1', {textContent: title}), form);
  form.onsubmit = async (event) => {
    event.preventDefault();
    const answer = await submit(input.value);
    if (answer.next) { setTimeout(answer.next, 300); return; }
    at('error-element-' + field.id)?.remove();
    const error = made('span', {id: 'error-element-' + field.id, textContent: answer.error});
    error.setAttribute('role', 'alert'); form.append(error);
  };
}
"""

# The button comes by script, a moment after the page.
LOGIN = """
setTimeout(() => {
  const go = made('button', {id: 'trauth-continue-signin-btn', type: 'button', textContent: 'Entrar'});
  go.onclick = () => location.assign('/auth/u/login');
  at('screen').replaceChildren(made('h1', {textContent: 'Onvio'}), go);
}, 150);
"""

# Both screens live in one page: the password's takes the name's place a moment after its button, so that what was found
# before is stale after it. Nobody is told whether the name exists until the password was given.
CREDENTIALS = """
let name = '';
screen('Entrar', {id: 'username', name: 'username', type: 'text'}, async (value) => {
  name = value;
  return {next: () => screen('Digite sua senha', {id: 'password', name: 'password', type: 'password'},
    async (value) => {
      const answer = await post('/auth/u/password', {username: name, password: value});
      return answer.to ? {next: () => location.assign(answer.to)} : {error: answer.error};
    })};
});
"""

SECOND_FACTOR = """
const email = made('button', {type: 'button', textContent: 'E-mail', value: 'email'});
email.onclick = () => screen('Verifique seu e-mail',
  {id: 'otp-code-input', name: 'code', type: 'text', inputMode: 'numeric'}, async (value) => {
    const answer = await post('/auth/u/mfa', {code: value});
    return answer.to ? {next: () => location.assign(answer.to)} : {error: answer.error};
  });
at('screen').replaceChildren(
  made('h1', {textContent: 'Selecione um método para verificar sua identidade'}), email);
"""

DASHBOARD = """
at('menu')?.addEventListener('click', () => { at('links').hidden = !at('links').hidden; });
if (given.popup === 'window') window.open('/news', '_blank');
if (given.popup === 'dialog') setTimeout(() => {
  const close = made('button', {type: 'button', textContent: 'x'}); close.setAttribute('aria-label', 'Fechar');
  const box = made('div', {id: 'news'}, made('h2', {textContent: 'Novidades do Onvio'}), close);
  box.setAttribute('role', 'dialog'); box.setAttribute('aria-modal', 'true'); box.style.inset = '0';
  close.onclick = () => box.remove(); document.body.append(box);
}, 200);
"""

GESTTA = """
setTimeout(async () => {
  localStorage.setItem('user-jwt', given.messenger);
  localStorage.setItem('ngStorage-jwt', JSON.stringify('JWT ' + given.token));
  at('screen').replaceChildren(made('h1', {textContent: 'Tarefas'}));
  await fetch('/core/company/user/me', {headers: {Authorization: 'JWT ' + given.token}});
}, given.delay);
"""


def _page(title: str, script: str, **given: object) -> str:
    return document(title, '<div class="card" id="screen"></div>', script=_given(given) + HELPERS + script)


def _given(values: dict[str, object]) -> str:
    # `<` never closes the script.
    return f"const given = {json.dumps(values)};".replace("<", "\\u003c")


def login() -> str:
    return _page("Onvio", LOGIN)


def credentials(*, captcha: bool) -> str:
    if captcha:
        box = (
            '<div class="card"><h1>Entrar</h1><div class="g-recaptcha" data-captcha-provider="x">Não sou um robô</div>'
        )
        return document("Entrar | Onvio", f"{box}</div>")
    return _page("Entrar | Onvio", CREDENTIALS)


def second_factor() -> str:
    return _page("Verificação | Onvio", SECOND_FACTOR)


def dashboard(*, link: str, menu: bool, new_tab: bool, popup: str) -> str:
    """The staff's dashboard; the link to Gestta in plain sight, or behind the hamburger menu."""
    target = ' target="_blank" rel="opener"' if new_tab else ""
    button = '<button id="menu" type="button" class="hamburger" aria-label="Menu">☰</button>' if menu else ""
    link = f'<a href="{html.escape(link)}"{target}>Gestta</a>'
    nav = f'<nav id="links"{" hidden" if menu else ""}>{link}</nav>'
    body = f"<header>{button}{nav}</header><main><h1>Central de trabalho</h1></main>"
    return document("Onvio", body, script=_given({"popup": popup}) + HELPERS + DASHBOARD)


def news() -> str:
    return document("Novidades", "<main><h1>Novidades do Onvio</h1></main>")


def gestta(*, token: str, messenger: str, delay_seconds: float) -> str:
    """The web app: a moment after it opened, both tokens lie in the browser, and the first request carries one."""
    return _page("Gestta", GESTTA, messenger=messenger, token=token, delay=round(delay_seconds * 1000))


def denied() -> str:
    return document("Gestta", "<main><h1>Usuário sem acesso ao Gestta</h1></main>")
