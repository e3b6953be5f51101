"""What a load says later, what a task continues, and the backlog of every day."""

from pathlib import Path

from alembic import op

revision = "0002"
down_revision = "0001"

SQL = Path(__file__).parent.parent / "sql"


def upgrade() -> None:
    op.execute((SQL / "0002_warehouse.sql").read_text(encoding="utf-8"))
