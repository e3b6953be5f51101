"""What people read in Slack, in Brazilian Portuguese. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from services.notifier.incidents import Incident, Member
from services.notifier.policy import Reason
from services.notifier.words import CREDENTIAL_DEFAULT, CREDENTIALS, PLACES, SYSTEMS, UNANNOUNCED, WORDS, Words
from shared.errors import Transient

BLOCK_LIMIT = 3000
"""Characters that Slack takes in the text of one section (docs.slack.dev, section block)."""
_QUOTE_LIMIT = 400
_SHOWN = 8
# Brazil has had no daylight saving since 2019, and slim images carry no time zone data.
BRASILIA = timezone(timedelta(hours=-3))


@dataclass(frozen=True, slots=True)
class Message:
    """A Slack message: `text` for the notification on a phone, `blocks` for the channel."""

    text: str
    blocks: tuple[dict[str, Any], ...]


class MaybeSent(Transient):
    """No answer came: the message may be in the channel or not."""


def compose(incident: Incident, reason: Reason, *, now: datetime) -> Message:
    """The message that says `reason` of `incident`; `reason` must be one that speaks."""
    words = WORDS[incident.kind]
    name = _name(incident)
    if reason is Reason.RECOVERED:
        return _recovery(incident, words, name, now)
    mark = "🟡" if incident.kind in ("expiring", "drift") else "🔴"
    again = "Continua: " if reason is Reason.REMINDER else ""
    title = f"{mark} *{again}{words.wrong.format(name=name)}*"
    since = f"*Desde:* {_when(incident.opened_at)} ({_span(now - incident.opened_at)})"
    effect = f"*No painel:* {words.effect.format(name=name)}"
    todo = CREDENTIALS.get(incident.subject, CREDENTIAL_DEFAULT) if _is_credential(incident) else words.todo
    steps = "\n".join(f"{n}. {step.format(name=name)}" for n, step in enumerate(todo, 1))
    sections = (
        f"{title}\n{since}\n{effect}",
        f"*O que se sabe:*\n{_known(incident)}",
        f"*O que fazer:*\n{steps}",
    )
    again_in = "lembrete" if reason is Reason.REMINDER else "primeiro aviso"
    return _message(f"{mark} {again}{words.wrong.format(name=name)}", sections, incident, again_in)


def trial(*, now: datetime) -> Message:
    """What `--check` posts: it takes the way of a real alert, so that it cannot pass where one would fail."""
    text = f"⚪ *Teste do Projeto Operacional* ({_when(now)})\nOs avisos chegam a este canal. Não é preciso fazer nada."
    return Message("⚪ Teste do Projeto Operacional", (_section(text),))


def escape(text: str) -> str:
    """`&`, `<` and `>` as Slack wants them, so that no text from outside becomes a link or calls a person."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _recovery(incident: Incident, words: Words, name: str, now: datetime) -> Message:
    ended = incident.closed_at or now
    title = words.over.format(name=name)
    text = (
        f"✅ *{title}*\n"
        f"Durou {_span(ended - incident.opened_at)}: de {_when(incident.opened_at)} a {_when(ended)}. "
        "Não é preciso fazer mais nada."
    )
    return _message(f"✅ {title}", (text,), incident, "resolvido")


def _message(text: str, sections: tuple[str, ...], incident: Incident, footer: str) -> Message:
    foot = f"{escape(incident.key)} · {footer} · docs/runbook.md#{incident.kind}"
    context = {"type": "context", "elements": [{"type": "mrkdwn", "text": _cut(foot, BLOCK_LIMIT)}]}
    return Message(_cut(text, BLOCK_LIMIT), (*map(_section, sections), context))


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": _cut(text, BLOCK_LIMIT)}}


def _is_credential(incident: Incident) -> bool:
    return incident.kind in ("auth", "expiring")


def _name(incident: Incident) -> str:
    if incident.kind == "warehouse":
        return PLACES.get(incident.subject, escape(incident.subject))
    return SYSTEMS.get(incident.subject, escape(incident.subject))


def _known(incident: Incident) -> str:
    failing = incident.failing
    lines = [_member(incident, name, member) for name, member in list(failing.items())[:_SHOWN]]
    if len(failing) > _SHOWN:
        lines.append(f"… e mais {len(failing) - _SHOWN}.")
    return "\n".join(lines) or "• (sem detalhes)"


def _member(incident: Incident, name: str, member: Member) -> str:
    details = member.details
    match incident.kind:
        case "auth":
            said = f"• resposta {details.get('status', '?')}: {_quote(details.get('hint', ''))}"
            return said + _evidence(details)
        case "expiring":
            return f"• expira em {_when(datetime.fromisoformat(details['expires_at']))}: {_quote(details['hint'])}"
        case "silence":
            read = details.get("last_read_at")
            last = _when(datetime.fromisoformat(read)) if read else "nunca"
            every = timedelta(seconds=int(details.get("every", "0")))
            return f"• `{_quote(name)}`: última leitura {last}, deveria ser a cada {_span(every)}"
        case "consumer" | "backlog":
            return f"• mensagens esperando: {details.get('messages', '?')}"
        case "message" if details.get("unannounced"):
            return f"• {UNANNOUNCED}: {details.get('messages', '?')}"
        case "message":
            kind = _quote(details.get("event_type", ""))
            return f"• {member.times} vez(es) `{kind}`, a última: {_quote(details.get('reason', ''))}"
        case "warehouse" | "broker" | "report":
            return f"• {_quote(details.get('reason', ''))}" + _evidence(details)
        case _:
            fields = f" (campos: {_quote(details['fields'])})" if details.get("fields") else ""
            return f"• `{_quote(name)}`: {_quote(details.get('reason', ''))}{fields}"


def _evidence(details: Mapping[str, str]) -> str:
    return f"\n• imagem da tela: `{_quote(details['evidence'])}`" if details.get("evidence") else ""


def _quote(text: str) -> str:
    """Text from outside on one line: short, escaped, without marks that would end our own code marks."""
    line = " ".join(text.replace("`", "'").split())
    return escape(line if len(line) <= _QUOTE_LIMIT else line[: _QUOTE_LIMIT - 1] + "…")


def _cut(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    kept = text[: limit - 1]
    # Not in the middle of an escaped character.
    start = kept.rfind("&", limit - 6)
    return (kept[:start] if start >= 0 and ";" not in kept[start:] else kept) + "…"


def _when(moment: datetime) -> str:
    return moment.astimezone(BRASILIA).strftime("%d/%m/%Y às %H:%M")


def _span(length: timedelta) -> str:
    minutes = int(length.total_seconds()) // 60
    if minutes < 1:
        return "menos de 1 min"
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes:02d} min"
    return f"{hours // 24} dias"
