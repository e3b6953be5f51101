"""What a Brazilian accounting office owes every month and year for its clients, and when.

Due days as kept by offices in 2026: day of the month after the period, earlier or later when banks are
closed. They shape a believable world and are no legal advice.
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from simulators.world.calendar import (
    add_months,
    business_days_before,
    last_day,
    nth_business_day,
    on_or_after,
    on_or_before,
)

FISCAL, CONTABIL, PESSOAL, SOCIETARIO, FINANCEIRO = range(5)
DEPARTMENTS = ("Fiscal", "Contábil", "Pessoal", "Societário", "Financeiro")

SIMPLES, PRESUMIDO, REAL, MEI, ISENTA = (
    "Simples Nacional", "Lucro Presumido", "Lucro Real", "MEI", "Imune ou Isenta",
)  # fmt: skip
ALL = (SIMPLES, PRESUMIDO, REAL, MEI, ISENTA)
NORMAL = (PRESUMIDO, REAL)
EMPLOYERS = (SIMPLES, PRESUMIDO, REAL, ISENTA)
QUARTERS = (3, 6, 9, 12)


@dataclass(frozen=True, slots=True)
class Deadline:
    """The law's day, counted from the first day of the period's month."""

    months_after: int
    rule: Literal["earlier", "later", "nth", "last"]
    day: int = 0

    def of(self, period: date) -> date:
        month = add_months(period, self.months_after)
        if self.rule == "nth":
            return nth_business_day(month, self.day)
        if self.rule == "last":
            return on_or_before(last_day(month))
        day = month.replace(day=self.day)
        return on_or_before(day) if self.rule == "earlier" else on_or_after(day)


@dataclass(frozen=True, slots=True)
class Obligation:
    name: str
    department: int
    regimes: tuple[str, ...]
    deadline: Deadline
    lead: int = 3
    """Business days between the office's own deadline and the law's."""
    months: tuple[int, ...] = ()
    """The periods' months; empty: every month."""
    fine: bool = True
    automatic: bool = True

    def due(self, period: date) -> date:
        return business_days_before(self.deadline.of(period), self.lead)


MONTHLY = (
    Obligation("PGDAS-D e DAS", FISCAL, (SIMPLES,), Deadline(1, "later", 20)),
    Obligation("DAS-MEI", FISCAL, (MEI,), Deadline(1, "later", 20)),
    Obligation("EFD-Reinf", FISCAL, EMPLOYERS, Deadline(1, "later", 15), lead=2),
    Obligation("DCTFWeb e MIT", FISCAL, EMPLOYERS, Deadline(1, "last"), lead=4),
    Obligation("PIS e COFINS", FISCAL, NORMAL, Deadline(1, "earlier", 25)),
    Obligation("EFD-Contribuições", FISCAL, NORMAL, Deadline(2, "nth", 10)),
    Obligation("SPED Fiscal (EFD ICMS/IPI)", FISCAL, NORMAL, Deadline(1, "later", 20)),
    Obligation("Apuração de ICMS", FISCAL, NORMAL, Deadline(1, "earlier", 12), lead=2),
    Obligation("ISS", FISCAL, NORMAL, Deadline(1, "later", 10), lead=2),
    Obligation("DeSTDA", FISCAL, (SIMPLES,), Deadline(1, "later", 28)),
    Obligation("IRPJ e CSLL por estimativa", CONTABIL, (REAL,), Deadline(1, "last")),
    Obligation("Folha de pagamento", PESSOAL, EMPLOYERS, Deadline(1, "nth", 5), lead=2),
    Obligation("Adiantamento salarial", PESSOAL, EMPLOYERS, Deadline(0, "earlier", 20), lead=2, fine=False),
    Obligation("eSocial: fechamento", PESSOAL, EMPLOYERS, Deadline(1, "later", 15)),
    Obligation("FGTS Digital", PESSOAL, EMPLOYERS, Deadline(1, "earlier", 20)),
    Obligation("Pró-labore e INSS", PESSOAL, (*EMPLOYERS, MEI), Deadline(1, "earlier", 20)),
    Obligation("Balancete", CONTABIL, EMPLOYERS, Deadline(2, "last"), lead=5, fine=False, automatic=False),
    Obligation("Conciliação bancária", CONTABIL, ALL, Deadline(1, "nth", 15), fine=False, automatic=False),
    Obligation("Honorários", FINANCEIRO, ALL, Deadline(1, "later", 10), lead=4, fine=False),
)
YEARLY = (
    Obligation("IRPJ e CSLL trimestral", CONTABIL, (PRESUMIDO,), Deadline(1, "last"), months=QUARTERS),
    Obligation("DEFIS", CONTABIL, (SIMPLES,), Deadline(3, "last"), lead=8, months=(12,)),
    Obligation("DASN-SIMEI", FISCAL, (MEI,), Deadline(5, "last"), lead=8, months=(12,)),
    Obligation("ECD", CONTABIL, (*NORMAL, ISENTA), Deadline(6, "last"), lead=10, months=(12,)),
    Obligation("ECF", CONTABIL, (*NORMAL, ISENTA), Deadline(7, "last"), lead=10, months=(12,)),
    Obligation("13º salário: 1ª parcela", PESSOAL, EMPLOYERS, Deadline(0, "earlier", 30), lead=4, months=(11,)),
    Obligation("13º salário: 2ª parcela", PESSOAL, EMPLOYERS, Deadline(0, "earlier", 20), lead=4, months=(12,)),
)
MANUAL = (
    Obligation("Conferência de notas fiscais", FISCAL, ALL, Deadline(1, "nth", 6), 0, fine=False, automatic=False),
    Obligation("Importação de extratos", CONTABIL, ALL, Deadline(1, "nth", 8), 0, fine=False, automatic=False),
    Obligation("Conferência de ponto", PESSOAL, ALL, Deadline(1, "nth", 2), 0, fine=False, automatic=False),
    Obligation("Consulta de certidões", SOCIETARIO, ALL, Deadline(1, "nth", 12), 0, fine=False, automatic=False),
    Obligation("Parcelamentos", FISCAL, ALL, Deadline(1, "last"), 2, automatic=False),
    Obligation("Cobrança de documentos", FINANCEIRO, ALL, Deadline(1, "nth", 4), 0, fine=False, automatic=False),
)
# name, department, subtype
ORDERS = (
    ("Alteração contratual", SOCIETARIO, "WORKFLOW"),
    ("Abertura de filial", SOCIETARIO, "WORKFLOW"),
    ("Emissão de certidão negativa", SOCIETARIO, "TEMPLATE"),
    ("Admissão de funcionário", PESSOAL, "TEMPLATE"),
    ("Rescisão", PESSOAL, "TEMPLATE"),
    ("Férias", PESSOAL, "TEMPLATE"),
    ("Recálculo de guia", FISCAL, "TEMPLATE"),
    ("Dúvida do cliente", FISCAL, "FREE"),
    ("Declaração de faturamento", CONTABIL, "TEMPLATE"),
    ("Renegociação de honorários", FINANCEIRO, "FREE"),
)
