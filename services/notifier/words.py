"""The sentences of each kind of incident, in Brazilian Portuguese."""

from dataclasses import dataclass

_CONSOLE = "python -m services.console"
SYSTEMS = {"gestta": "Gestta", "notion": "Notion", "powerbi": "Power BI", "slack": "Slack", "warehouse": "banco"}


@dataclass(frozen=True, slots=True)
class Words:
    """What is said of a kind of incident; `{name}` is the system or queue, escaped."""

    wrong: str
    effect: str
    todo: tuple[str, ...]
    over: str


WORDS = {
    "auth": Words(
        "{name} recusou a nossa credencial",
        "O painel continua com os dados da última leitura de {name}; nada se perde e nada novo entra até a troca.",
        (),
        "{name} voltou a aceitar a credencial",
    ),
    "expiring": Words(
        "A credencial de {name} vai expirar",
        "Por enquanto nada muda. Depois do prazo, o painel para de receber dados novos de {name}.",
        (),
        "A credencial de {name} foi renovada",
    ),
    "source": Words(
        "Não estamos conseguindo ler {name}",
        "As partes abaixo ficam como na última leitura boa; o resto do painel segue atualizado.",
        (
            "Espere a próxima leitura: o sistema tenta de novo sozinho.",
            f"Se continuar, rode `{_CONSOLE} doctor`, que diz o que está errado e o que fazer.",
        ),
        "{name} voltou a ser lido por inteiro",
    ),
    "removals": Words(
        "Muitos registros sumiram de {name} de uma vez",
        "Nenhum foi retirado do painel: a retirada espera a decisão de uma pessoa.",
        (
            "Confira em {name} se eles foram mesmo excluídos.",
            f"Depois rode `{_CONSOLE} removals approve` (retirar do painel) ou `{_CONSOLE} removals reject` (manter).",
        ),
        "{name}: nenhuma retirada espera mais a decisão de uma pessoa",
    ),
    "drift": Words(
        "{name} mudou o formato dos dados",
        "O que ainda foi entendido entrou no painel; campos que mudaram podem estar vazios.",
        ("Veja os campos abaixo e corrija o mapeamento (NOTION_MAPPING) ou avise quem cuida do sistema.",),
        "{name}: nenhuma nova mudança de formato nas últimas 24 horas",
    ),
    "report": Words(
        "O relatório do {name} não foi atualizado",
        "O relatório mostra dados antigos; o painel ao vivo continua certo. Uma nova tentativa é feita sozinha.",
        (f"Se continuar, rode `{_CONSOLE} doctor` e veja a imagem da tela indicada abaixo.",),
        "O relatório do {name} voltou a ser atualizado",
    ),
    "message": Words(
        "Há mensagens que não puderam ser processadas em `{name}`",
        "Os dados dessas mensagens ainda não estão no painel. Elas estão guardadas e não se perdem.",
        (
            f"Rode `{_CONSOLE} dead list` para ver o motivo de cada uma.",
            f"Corrigida a causa, rode `{_CONSOLE} dead redrive` para processá-las de novo.",
        ),
        "Não há mais mensagens paradas em `{name}`",
    ),
    "warehouse": Words(
        "O sistema não alcança {name}",
        "O painel não recebe dados novos enquanto isso. As leituras ficam guardadas e entram quando voltar.",
        (
            "Verifique se o serviço está no ar (`docker compose ps`) e se há espaço em disco.",
            f"Rode `{_CONSOLE} doctor` para ver o que falta.",
        ),
        "O sistema voltou a alcançar {name}",
    ),
    "broker": Words(
        "O RabbitMQ não responde",
        "Os serviços não conversam: o painel para de receber dados novos. Nada se perde, tudo segue quando voltar.",
        ("Verifique se o RabbitMQ está no ar (`docker compose ps`) e se há espaço em disco e memória.",),
        "O RabbitMQ voltou a responder",
    ),
    "silence": Words(
        "{name} está sem leitura completa há tempo demais",
        "As partes abaixo do painel estão velhas, embora ninguém tenha avisado de erro.",
        (
            "Veja se o extrator está rodando (`docker compose ps`) e o que ele diz no log.",
            f"Rode `{_CONSOLE} doctor`.",
        ),
        "{name} voltou a ser lido",
    ),
    "consumer": Words(
        "Ninguém está atendendo a fila `{name}`",
        "O serviço dessa fila parou. As mensagens esperam e são processadas quando ele voltar.",
        ("Verifique o serviço com `docker compose ps` e suba-o de novo com `docker compose up -d`.",),
        "A fila `{name}` voltou a ser atendida",
    ),
    "backlog": Words(
        "A fila `{name}` só cresce",
        "O serviço dessa fila não está dando conta, ou travou: o painel atrasa.",
        ("Veja o log do serviço e, se ele estiver parado, reinicie-o.",),
        "A fila `{name}` voltou a andar",
    ),
}

CREDENTIALS = {
    "gestta": (
        "Entre no Gestta pelo navegador com o usuário do robô e copie um novo token.",
        f"Rode `{_CONSOLE} token set gestta` e cole o token quando for pedido.",
        "A leitura recomeça sozinha em seguida, e este canal avisa.",
    ),
    "notion": (
        "Em notion.so/my-integrations, abra a integração e copie o token (ou crie outro).",
        f"Rode `{_CONSOLE} token set notion` e cole o token quando for pedido.",
        "Confira se as bases continuam compartilhadas com a integração.",
    ),
    "powerbi": (
        "Confira BI_EMAIL e BI_PASSWORD e entre uma vez no Power BI pelo navegador com essa conta.",
        "Grave a senha nova no arquivo do segredo e reinicie o `bi_refresher`.",
    ),
}
CREDENTIAL_DEFAULT = (f"Rode `{_CONSOLE} doctor`, que diz qual credencial falta e o que fazer.",)
PLACES = {"database": "o banco de dados", "landing": "a pasta dos dados lidos (landing)"}
UNANNOUNCED = "a fila tem mensagens paradas que nenhum serviço avisou"
