"""Sessions at browsers, and the duty book: wishes, links, rules in force, who answers for what, planned work."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_NS = sa.BigInteger


def _number() -> sa.Column[int]:
    return sa.Column("number", sa.Integer, primary_key=True, autoincrement=True)


def upgrade() -> None:
    """Makes the tables."""
    op.add_column("progress", sa.Column("seen", _NS, nullable=False, server_default="0"))
    op.add_column("progress", sa.Column("owner", sa.String(100), nullable=False, server_default=""))
    op.create_table(
        "sessions",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("user", sa.String(64), sa.ForeignKey("users.name"), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("created", _NS, nullable=False),
        sa.Column("seen", _NS, nullable=False),
        sa.Column("expires", _NS, nullable=False),
    )
    op.create_table(
        "secrets",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("value", sa.String(200), nullable=False),
        sa.Column("created", _NS, nullable=False),
    )
    op.create_table(
        "used_links",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("time", _NS, nullable=False),
        sa.Column("page", sa.String(700), nullable=False),
    )
    op.create_table(
        "wishes",
        _number(),
        sa.Column("id", sa.String(100), nullable=False, unique=True),
        sa.Column("time", _NS, nullable=False),
        sa.Column("who", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("taken", _NS, nullable=False),
        sa.Column("outcome", sa.String(200), nullable=False),
    )
    op.create_table(
        "oncall_rules",
        _number(),
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("time", _NS, nullable=False),
        sa.Column("who", sa.String(64), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_table(
        "duty_changes",
        _number(),
        sa.Column("roster", sa.String(64), nullable=False),
        sa.Column("person", sa.String(64), nullable=False),
        sa.Column("start", _NS, nullable=False),
        sa.Column("end", _NS, nullable=False),
        sa.Column("time", _NS, nullable=False),
        sa.Column("who", sa.String(64), nullable=False),
        sa.Column("why", sa.String(500), nullable=False),
        sa.Column("withdrawn", _NS, nullable=False),
    )
    op.create_table(
        "responsible",
        sa.Column("site", sa.String(64), primary_key=True),
        sa.Column("holder", sa.String(64), nullable=False),
        sa.Column("since", _NS, nullable=False),
    )
    op.create_table(
        "handovers",
        _number(),
        sa.Column("time", _NS, nullable=False),
        sa.Column("giver", sa.String(64), nullable=False),
        sa.Column("taker", sa.String(64), nullable=False),
        sa.Column("sites", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("ended", _NS, nullable=False),
    )
    op.create_table(
        "comments",
        _number(),
        sa.Column("time", _NS, nullable=False),
        sa.Column("user", sa.String(64), nullable=False),
        sa.Column("occurrence", sa.String(500), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
    )
    op.create_index("comments_occurrence", "comments", ["occurrence"])
    op.create_table(
        "incident_steps",
        _number(),
        sa.Column("incident", sa.String(300), nullable=False),
        sa.Column("phase", sa.String(64), nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("text", sa.String(1000), nullable=False),
        sa.Column("done", sa.Boolean, nullable=False),
        sa.Column("time", _NS, nullable=False),
        sa.Column("user", sa.String(64), nullable=False),
    )
    op.create_index("incident_steps_incident", "incident_steps", ["incident"])
    op.create_table(
        "shift_notes",
        _number(),
        sa.Column("time", _NS, nullable=False),
        sa.Column("user", sa.String(64), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("lists", sa.Text, nullable=False),
    )
    op.create_table(
        "work_windows",
        _number(),
        sa.Column("target", sa.String(400), nullable=False),
        sa.Column("start", _NS, nullable=False),
        sa.Column("end", _NS, nullable=False),
        sa.Column("time", _NS, nullable=False),
        sa.Column("who", sa.String(64), nullable=False),
        sa.Column("why", sa.String(500), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("command", sa.Text, nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
    )


def downgrade() -> None:
    """Drops them."""
    for name in (
        "work_windows", "shift_notes", "incident_steps",
        "comments", "handovers", "responsible", "duty_changes", "oncall_rules", "wishes", "used_links",
        "secrets", "sessions",
    ):  # fmt: skip
        op.drop_table(name)
    op.drop_column("progress", "owner")
    op.drop_column("progress", "seen")
