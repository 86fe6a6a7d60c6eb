"""Progress, decisions and outgoing messages."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Makes the tables."""
    op.create_table(
        "progress",
        sa.Column("source", sa.String(200), primary_key=True),
        sa.Column("positions", sa.Text, nullable=False),
        sa.Column("now", sa.BigInteger, nullable=False),
        sa.Column("state", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "decisions",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("time", sa.BigInteger, nullable=False),
        sa.Column("problem", sa.String(500), nullable=False),
        sa.Column("occurrence", sa.String(500), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("why", sa.String(120), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("decisions_occurrence", "decisions", ["occurrence"])
    op.create_index("decisions_problem", "decisions", ["problem"])
    op.create_table(
        "outgoing",
        sa.Column("page", sa.String(700), primary_key=True),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("not_before", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )


def downgrade() -> None:
    """Drops them."""
    for name in ("outgoing", "decisions", "progress"):
        op.drop_table(name)
