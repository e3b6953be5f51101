"""Where the sources do not fit together: how often, who, and the words for it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

NAMES_SHOWN = 200
WORDS = {
    "clients_without_page": (
        "Clientes sem página no Notion",
        "Têm tarefas (no Gestta ou no Notion), mas o cadastro não tem página com o código (ou o CNPJ/CPF) deles.",
    ),
    "pages_without_client": (
        "Páginas do cadastro sem tarefas",
        "Nenhuma tarefa, do Gestta ou do Notion, tem o código (ou o CNPJ/CPF) delas.",
    ),
    "codes_used_twice": (
        "Códigos em mais de uma página",
        "O painel usa a página editada por último.",
    ),
    "flags_against_dates": (
        "Tarefas em que o Gestta diz uma coisa e as datas outra",
        "Atrasada, no prazo ou concluída em atraso: o painel calcula pelas datas.",
    ),
    "parts_at_odds": (
        "Tarefas abertas em que relatório e busca do Gestta discordam",
        "Lidos quase juntos; o painel mostra o que foi lido por último. O número é o do campo com mais casos.",
    ),
}
VIEWS = {"flags_against_dates": "ops.flags_at_odds", "parts_at_odds": "ops.parts_at_odds"}
FIELDS = {
    "title": "Tarefa",
    "status": "Situação",
    "department": "Departamento",
    "owner": "Responsável",
    "client_code": "Código do cliente",
    "due_date": "Meta",
    "legal_due_date": "Prazo legal",
}


@dataclass(frozen=True, slots=True)
class Named:
    """One of those behind a count: a client or a page, or a field with how many tasks and one of them."""

    name: str | None
    detail: str | None
    url: str | None = None

    @property
    def link(self) -> str | None:
        """Its address, if it is one that a page may link to."""
        return self.url if self.url and self.url.startswith(("https://", "http://")) else None


@dataclass(frozen=True, slots=True)
class Problem:
    """One kind of misfit, as it is now; all of `found` that are not too many are named."""

    problem: str
    count: int
    found: Sequence[Named]

    @property
    def named(self) -> Sequence[Named]:
        return self.found[:NAMES_SHOWN]

    @property
    def view(self) -> str | None:
        """Where all of them are, if these are not all."""
        return VIEWS.get(self.problem, "ops.clients_at_odds") if len(self.found) > NAMES_SHOWN else None

    @property
    def title(self) -> str:
        return WORDS.get(self.problem, (self.problem, ""))[0]

    @property
    def meaning(self) -> str:
        return WORDS.get(self.problem, (self.problem, ""))[1]


@dataclass(frozen=True, slots=True)
class Quality:
    """Everything on the analyst's page, as it was at `at`."""

    at: datetime
    problems: Sequence[Problem]


def in_order(problems: Sequence[Problem]) -> list[Problem]:
    """As the words have them; what nobody here knows comes last."""
    known = list(WORDS)
    return sorted(problems, key=lambda one: known.index(one.problem) if one.problem in known else len(known))
