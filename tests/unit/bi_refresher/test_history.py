"""Reading Power BI's refresh history, in either language."""

import pytest

from services.bi_refresher.portal.pages import Entry, Status, history
from services.bi_refresher.refresh import RefreshFailed

PORTUGUESE = ["Tipo", "Início", "Fim", "Status", "Mensagem"]
ENGLISH = ["Type", "Start", "End", "Status", "Message"]


@pytest.mark.parametrize(
    ("head", "words", "status"),
    [
        pytest.param(PORTUGUESE, "Concluído", Status.COMPLETED, id="concluído"),
        pytest.param(PORTUGUESE, "Com falha", Status.FAILED, id="com falha"),
        pytest.param(PORTUGUESE, "Em andamento", Status.RUNNING, id="em andamento"),
        pytest.param(ENGLISH, "Completed", Status.COMPLETED, id="completed"),
        pytest.param(ENGLISH, "Disabled", Status.FAILED, id="disabled"),
        pytest.param(ENGLISH, "Cancelled", Status.FAILED, id="cancelled"),
        pytest.param(ENGLISH, "Queued by magic", Status.UNKNOWN, id="a word nobody knows is no success"),
    ],
)
def test_a_line_of_the_history_is_known_by_its_start(head, words, status):
    rows = [head, ["Sob demanda", "02/03/2026, 12:00:00", "", words, "gateway offline"]]
    assert history(rows) == [Entry("02/03/2026, 12:00:00", status, f"{words}: gateway offline")]


def test_columns_may_come_in_another_order():
    rows = [["Status", "Hora de início"], ["Concluído", "12:00"]]
    assert history(rows) == [Entry("12:00", Status.COMPLETED, "Concluído")]


def test_a_table_without_a_status_is_said_to_be_unknown():
    with pytest.raises(RefreshFailed, match="não reconheço as colunas do histórico: A, B"):
        history([["A", "B"], ["1", "2"]])
