"""What a Behaviour makes of rows: their shape, what they hold besides, what is spoilt of them."""

import json
from dataclasses import dataclass
from typing import Any

from simulators.gestta.behaviour import Behaviour, Spoil
from simulators.gestta.rows import Writer
from simulators.gestta.shapes import shaped
from simulators.world.model import Task

OFFICE_SINCE = "2019-03-12T14:25:36.000Z"


@dataclass(frozen=True, slots=True)
class Style:
    """The part of a Behaviour that a row's text depends on: equal styles write equal rows."""

    shape: str
    company_date: str
    extra: dict[str, Any]
    spoils: dict[str, Spoil]

    @classmethod
    def of(cls, behaviour: Behaviour) -> "Style":
        return cls(behaviour.report_shape, behaviour.company_date, behaviour.row_extra, behaviour.row_spoils)

    def texts(self, writer: Writer, tasks: list[Task]) -> list[str]:
        """The report's rows as JSON texts."""
        if self.shape == "flat" and not self.company_date and not self.extra and not self.spoils:
            return [writer.flat(task) for task in tasks]
        return [json.dumps(self._reported(json.loads(writer.flat(task)))) for task in tasks]

    def _reported(self, row: dict[str, Any]) -> dict[str, Any]:
        task_id = row["id"]
        if self.company_date:
            row[f"company.{self.company_date}"] = OFFICE_SINCE
        return self.spoilt(task_id, shaped(row, self.shape))

    def spoilt(self, task_id: str, row: dict[str, Any]) -> dict[str, Any]:
        """The row of any endpoint with what is added to all and what is spoilt of this one."""
        row = row | self.extra
        spoil = self.spoils.get(task_id)
        if spoil is not None:
            row = {key: value for key, value in (row | spoil.set).items() if key not in spoil.drop}
        return row
