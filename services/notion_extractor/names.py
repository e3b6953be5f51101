"""What people call the fields of a register or of tasks, and the states of a task, in Portuguese and English."""

import re
import unicodedata

from shared.contracts.vocabulary import Role

# As `bare` writes them; of each field the first that exists counts.
KNOWN: dict[Role, dict[str, tuple[str, ...]]] = {
    "clients": {
        "client_code": (
            "codigo dominio",
            "cod dominio",
            "codigo do cliente",
            "codigo cliente",
            "codigo",
            "client code",
            "customer code",
            "code",
        ),
        "trade_name": (
            "nome fantasia",
            "fantasia",
            "razao social",
            "nome",
            "trade name",
            "company name",
            "company",
            "name",
        ),
        "client_manager": (
            "gestao de clientes",
            "gestor de clientes",
            "gestor",
            "gestao",
            "client manager",
            "account manager",
            "manager",
        ),
        "client_state": ("estado", "uf", "state"),
        "client_since": (
            "1 competencia",
            "1a competencia",
            "primeira competencia",
            "inicio",
            "data de inicio",
            "cliente desde",
            "first period",
            "client since",
            "start date",
            "start",
            "since",
        ),
        "client_document": ("cnpj", "cnpj cpf", "cpf cnpj", "documento", "document", "tax id"),
    },
    "tasks": {
        "source_status": ("status", "situacao", "etapa", "state"),
        "owner": ("responsavel", "responsaveis", "assignee", "owner", "pessoa"),
        "department": ("departamento", "setor", "area", "department", "team"),
        "due_date": ("prazo", "vencimento", "data", "meta", "due", "due date", "date"),
        "legal_due_date": ("prazo legal", "data legal", "legal due date"),
        "competence": ("competencia", "competence"),
        "completed_at": ("concluida em", "concluido em", "conclusao", "completed at", "done at"),
        "client_code": ("codigo do cliente", "codigo dominio", "codigo", "client code"),
        "client_document": ("cnpj", "documento"),
    },
}
# Notion's own three groups of a status property; "cancelled" is an option, not a group.
GROUPS = {"to do": "open", "in progress": "in_progress", "complete": "done"}
WORDS = {
    "cancelado": "cancelled",
    "cancelada": "cancelled",
    "cancelled": "cancelled",
    "canceled": "cancelled",
    "bloqueado": "blocked",
    "bloqueada": "blocked",
    "impedido": "blocked",
    "blocked": "blocked",
    "a fazer": "open",
    "nao iniciada": "open",
    "nao iniciado": "open",
    "not started": "open",
    "em andamento": "in_progress",
    "fazendo": "in_progress",
    "in progress": "in_progress",
    "feito": "done",
    "concluido": "done",
    "concluida": "done",
    "done": "done",
}


def bare(name: str) -> str:
    """As the names here are written: no accents, no punctuation, lower case."""
    # Ordinals go first: NFKD would make a plain `a` of the ª in "1ª Competência".
    decomposed = unicodedata.normalize("NFKD", re.sub("[ªº]", " ", name.lower()))
    plain = "".join(c for c in decomposed if not unicodedata.combining(c))
    return re.sub(r"[^a-z0-9]+", " ", plain).strip()
