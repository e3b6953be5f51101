"""The two tables, their history, what the machinery remembers, and the views of BI."""

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None

SQL = Path(__file__).parent.parent / "sql"


def upgrade() -> None:
    for name in ("0001_operacional.sql", "0001_ops.sql", "0001_bi.sql", "0001_grants.sql"):
        op.execute((SQL / name).read_text(encoding="utf-8"))
