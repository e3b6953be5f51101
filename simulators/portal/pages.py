"""The portal's pages as HTML; every value that comes from outside is escaped here."""

import html
import json
from collections.abc import Mapping

STYLE = """
body { margin: 0; font: 14px "Segoe UI", system-ui, sans-serif; color: #252423; background: #f3f2f1 }
main { padding: 24px } .card { background: #fff; max-width: 440px; margin: 12vh auto; padding: 44px }
input[type=email], input[type=password] { display: block; width: 100%; padding: 6px; margin: 12px 0 }
button, input[type=submit] { padding: 6px 18px; cursor: pointer } [hidden] { display: none !important }
header { background: #fff; padding: 12px 24px; border-bottom: 1px solid #e1dfdd; position: relative }
[role=menu] { position: absolute; background: #fff; border: 1px solid #c8c6c4; display: grid; z-index: 2 }
[role=menuitem] { border: 0; background: #fff; text-align: left }
[role=dialog] { position: fixed; inset: 10vh 10vw; background: #fff; padding: 20px; overflow: auto; z-index: 3 }
td, th { text-align: left; padding: 4px 16px 4px 0 } [role=alert] { color: #a4262c }
.toast { position: fixed; top: 0; left: 0; right: 0; height: 110px; background: #fff4ce; padding: 12px; z-index: 5 }
.cookies { position: fixed; inset: 0; background: #000a; color: #fff; z-index: 9; padding: 40vh 20vw }
"""


def document(title: str, body: str, *, language: str = "pt-BR", script: str = "") -> str:
    """One whole page; `title` is escaped, `body` and `script` are markup already."""
    return (
        f'<!doctype html>\n<html lang="{html.escape(language)}"><head><meta charset="utf-8">'
        f"<title>{html.escape(title)}</title><style>{STYLE}</style></head>\n"
        f"<body>{body}\n<script>{script}</script></body></html>"
    )


def own_email(words: Mapping[str, str], language: str) -> str:
    """The portal's own page before Microsoft's."""
    body = (
        f'<div class="card"><h1>Power BI</h1><form method="post" action="/singleSignOn">'
        f'<label for="email">{words["own_email"]}</label><input type="email" id="email" name="email">'
        f'<button type="submit" id="submitBtn">{words["send"]}</button></form></div>'
    )
    return document("Power BI", body, language=language)


def account_picker(words: Mapping[str, str], language: str) -> str:
    body = (
        f'<div class="card"><h1>{words["pick"]}</h1>'
        f'<div role="button" tabindex="0" id="otherTile" onclick="location.href=\'/login?other=1\'">'
        f"{words['other']}</div></div>"
    )
    return document(words["pick"], body, language=language)


# Both steps live in one page: the second takes the first one's place a moment after the button, as Microsoft's
# script does, so that elements found before it are stale after it.
SIGN_IN = """
const words = WORDS, card = document.getElementById('lightbox');
let email = '';
function step(kind, id, name, label, button, error, submit) {
  card.replaceChildren();
  const title = document.createElement('h1'); title.textContent = label;
  const form = document.createElement('form'); form.noValidate = true;
  const input = document.createElement('input');
  Object.assign(input, {type: kind, id: id, name: name, autocomplete: 'off'});
  const go = document.createElement('input');
  Object.assign(go, {type: 'submit', id: 'idSIButton9', value: button});
  form.append(input, go); card.append(title, form); input.focus();
  form.onsubmit = async (event) => {
    event.preventDefault();
    go.disabled = true;
    const answer = await submit(input.value);
    if (answer.next) { setTimeout(answer.next, 400); return; }
    go.disabled = false;
    document.getElementById(error)?.remove();
    const alert = document.createElement('div');
    alert.id = error; alert.setAttribute('role', 'alert'); alert.textContent = answer.error;
    form.prepend(alert);
  };
}
async function post(path, body) {
  const response = await fetch(path, {method: 'POST', headers: {'Content-Type': 'application/json'},
    body: JSON.stringify(body)});
  return response.json();
}
function askPassword() {
  step('password', 'i0118', 'passwd', words.password, words.sign_in, 'passwordError', async (value) => {
    const answer = await post('/login/password', {email: email, password: value});
    return answer.ok ? {next: () => location.assign(answer.to)} : {error: words.wrong_password};
  });
}
setTimeout(() => step('email', 'i0116', 'loginfmt', words.email, words.next, 'usernameError', async (value) => {
  const answer = await post('/login/email', {email: value});
  email = value;
  return answer.ok ? {next: askPassword} : {error: words.unknown_email};
}), 150);
"""


def sign_in(words: Mapping[str, str], language: str) -> str:
    body = '<div class="card"><div id="lightbox"></div></div>'
    return document(words["sign_in"], body, language=language, script=SIGN_IN.replace("WORDS", _js(dict(words))))


def second_factor(words: Mapping[str, str], language: str, number: int) -> str:
    body = (
        f'<div class="card"><div id="idDiv_SAOTCAS_Title" role="heading">{words["approve"]}</div>'
        f'<div id="idDiv_SAOTCAS_Description">{words["approve_how"]}</div>'
        f'<div id="idRichContext_DisplaySign">{number}</div></div>'
    )
    script = (
        "setInterval(async () => { const answer = await (await fetch('/login/second-factor/state')).json();"
        " if (answer.ok) location.assign(answer.to); }, 500);"
    )
    return document(words["approve"], body, language=language, script=script)


def stay_signed_in(words: Mapping[str, str], language: str) -> str:
    body = (
        f'<div class="card"><h1>{words["stay"]}</h1><form method="post" action="/login/kmsi">'
        f'<label><input type="checkbox" id="KmsiCheckboxField" name="DontShowAgain" value="true">'
        f"{words['dont_show']}</label><p>"
        f'<input type="submit" id="idBtn_Back" name="answer" value="{words["no"]}">'
        f'<input type="submit" id="idSIButton9" name="answer" value="{words["yes"]}"></p></form></div>'
    )
    return document(words["stay"], body, language=language)


MODEL = """
const words = WORDS, at = (id) => document.getElementById(id);
at('refresh').onclick = () => { at('menu').hidden = !at('menu').hidden; };
function toast(text, seconds) {
  const box = document.createElement('div'); box.className = 'toast'; box.setAttribute('role', 'status');
  const close = document.createElement('button'); close.textContent = 'x';
  close.setAttribute('aria-label', words.close); close.onclick = () => box.remove();
  box.append(text + ' ', close); document.body.append(box);
  setTimeout(() => box.remove(), seconds * 1000);
}
at('refresh-now').onclick = async () => {
  at('menu').hidden = true;
  await fetch(location.pathname.replace('/details', '/refresh'), {method: 'POST'});
  toast(words.started, 2);
};
at('schedule').onclick = () => { at('menu').hidden = true; };
async function fill() {
  const rows = await (await fetch(location.pathname.replace('/details', '/history'))).json();
  const shown = (iso) => iso ? new Date(iso).toLocaleString(LANGUAGE) : '';
  at('rows').replaceChildren(...rows.map((row) => {
    const line = document.createElement('tr');
    for (const text of [words.on_demand, shown(row.start), shown(row.end), words[row.status], row.message]) {
      const cell = document.createElement('td'); cell.textContent = text; line.append(cell);
    }
    return line;
  }));
}
at('history').onclick = async () => { await fill(); at('dialog').hidden = false; };
at('close').onclick = () => { at('dialog').hidden = true; };
at('accept')?.addEventListener('click', () => { document.cookie = 'cookies=1; path=/'; at('cookies').remove(); });
if (TOAST > 0) toast(words.notice, TOAST);
"""


def model(words: Mapping[str, str], language: str, *, toast_seconds: float, cookie_banner: bool) -> str:
    """The semantic model's page: a menu that refreshes, and the history in a dialog."""
    head = "".join(f'<th scope="col">{column}</th>' for column in words["columns"].split("|"))
    cookies = ""
    if cookie_banner:
        accept = f'<button id="accept">{words["accept"]}</button>'
        cookies = f'<div class="cookies" id="cookies"><p>{words["cookies"]}</p>{accept}</div>'
    body = f"""
<header>
  <button id="refresh" aria-haspopup="menu" aria-label="{words["refresh"]}" data-testid="refresh-menu">
    {words["refresh"]} ▾</button>
  <div id="menu" role="menu" hidden>
    <button id="refresh-now" role="menuitem" aria-label="{words["refresh_now"]}">{words["refresh_now"]}</button>
    <button id="schedule" role="menuitem" aria-label="{words["schedule"]}">{words["schedule"]}</button>
  </div>
  <button id="history" aria-label="{words["history"]}">{words["history"]}</button>
</header>
<main><p>{words["kind"]}</p><h1>{words["title"]}</h1></main>
<div id="dialog" role="dialog" aria-modal="true" aria-label="{words["history"]}" hidden>
  <h2>{words["history"]}</h2>
  <table><thead><tr>{head}</tr></thead><tbody id="rows"></tbody></table>
  <button id="close">{words["close"]}</button>
</div>{cookies}"""
    script = MODEL.replace("WORDS", _js(dict(words))).replace("LANGUAGE", _js(language))
    return document(
        f"{words['title']} - Power BI", body, language=language, script=script.replace("TOAST", str(toast_seconds))
    )


def report(status: str, last: str) -> str:
    """A plain report page of another tool: one button, and the time of the last refresh."""
    body = (
        f'<main><h1>Relatório operacional</h1><p>Situação: <span id="status">{html.escape(status)}</span></p>'
        f'<p>Última atualização: <time id="last-refresh">{html.escape(last)}</time></p>'
        f'<form method="post" action="/page/refresh"><button type="submit" id="atualizar">Atualizar</button></form>'
        f"</main>"
    )
    return document("Relatório operacional", body)


def _js(value: object) -> str:
    """A value for a script element; `<` never closes it."""
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")
