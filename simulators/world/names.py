"""Names that nobody bears: plainly invented people and companies."""

GIVEN = (
    "Alba", "Bento", "Clarice", "Dario", "Elvira", "Fausto", "Gilda", "Heitor", "Iara", "Joca", "Lia",
    "Mirela", "Nilo", "Olívia", "Pérola", "Quirino", "Rosaura", "Saulo", "Tainá", "Ubirajara", "Vilma", "Zeca",
)  # fmt: skip
SURNAMES = (
    "Imaginária", "de Mentirinha", "Faz-de-Conta", "da Fábula", "Inventada", "do Exemplo", "de Papelão",
    "Quimera", "da Silva-Teste", "Fictícia", "d'Ávila-Conto", "Sem-Registro",
)  # fmt: skip
ROLES = ("Analista", "Assistente", "Supervisora", "Coordenador", "Gerente")

TRADES = (
    "Padaria", "Oficina", "Clínica", "Mercearia", "Transportadora", "Livraria", "Floricultura", "Estúdio",
    "Pousada", "Construtora", "Lavanderia", "Cafeteria", "Marcenaria", "Escola", "Distribuidora", "Sorveteria",
)  # fmt: skip
IMAGES = (
    "Nuvem", "Parafuso", "Girassol", "Farol", "Tamanduá", "Pipoca", "Cometa", "Jabuticaba", "Moinho", "Caracol",
    "Trovão", "Origami", "Lamparina", "Bússola", "Pé-de-Moleque", "Arco-da-Velha", "Sabiá", "Carrossel",
)  # fmt: skip
COLOURS = ("Azul", "Dourado", "de Vidro", "do Sótão", "Invisível", "de Feltro", "Ao Contrário", "sem Rumo", "& Cia")
FORMS = ("Ltda", "S/A", "ME", "EPP", "Eireli")


def person(index: int) -> str:
    """The names of the first 264 people differ; after that a number does."""
    given, surname = GIVEN[index % len(GIVEN)], SURNAMES[(index // len(GIVEN) + index) % len(SURNAMES)]
    around = index // (len(GIVEN) * len(SURNAMES))
    return f"{given} {surname}" + (f" {around + 1}" if around else "")


def trade_name(index: int) -> str:
    trade = TRADES[index % len(TRADES)]
    image = IMAGES[(index // len(TRADES) + index) % len(IMAGES)]
    colour = COLOURS[(index // (len(TRADES) * len(IMAGES)) + index // 5) % len(COLOURS)]
    return f"{trade} {image} {colour}"


def legal_name(index: int) -> str:
    return f"{trade_name(index)} Fictícia {FORMS[index % len(FORMS)]}"
