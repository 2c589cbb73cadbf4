"""Courses of platforms with their rosters; which attempt counts; what is read back from gradebooks."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def _reference(name: str, target: str, **options: object) -> sa.Column:
    return sa.Column(name, sa.Uuid(), sa.ForeignKey(f"{target}.id", ondelete="CASCADE"), **options)


def _tenant() -> sa.Column:
    return _reference("tenant_id", "tenant", nullable=False, index=True)


def _made() -> sa.Column:
    return sa.Column("created_at", TIME, server_default=sa.func.now(), nullable=False)


def upgrade() -> None:
    op.create_table(
        "lti_context",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _reference("platform_id", "platform", nullable=False, index=True),
        _reference("deployment_id", "deployment", nullable=False),
        sa.Column("context_id", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Text()) for name in ("title", "memberships_url", "groups_url")),
        _tenant(),
        _made(),
        sa.UniqueConstraint("deployment_id", "context_id"),
    )
    op.create_table(
        "roster",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _reference("lti_context_id", "lti_context", nullable=False, index=True),
        sa.Column("fetched_at", TIME),
        *(sa.Column(name, sa.Text()) for name in ("differences_url", "error")),
        _tenant(),
        _made(),
    )
    op.create_table(
        "roster_member",
        _reference("roster_id", "roster", primary_key=True),
        sa.Column("user_id", sa.Text(), primary_key=True),
        *(sa.Column(name, sa.Text()) for name in ("name", "email")),
        sa.Column("is_learner", sa.Boolean(), nullable=False),
        sa.Column("groups", postgresql.ARRAY(sa.Text()), nullable=False),
        _tenant(),
    )
    op.add_column("resource_link", sa.Column("lti_context_id", sa.Uuid()))
    op.create_foreign_key(
        "resource_link_lti_context_id_fkey",
        "resource_link",
        "lti_context",
        ["lti_context_id"],
        ["id"],
        ondelete="SET NULL",
    )
    op.create_index("resource_link_lti_context_id_idx", "resource_link", ["lti_context_id"])
    op.add_column("resource_link", sa.Column("counting", sa.Text(), server_default="last", nullable=False))
    for name in ("resource_id", "tag"):
        op.add_column("line_item", sa.Column(name, sa.Text()))
    op.add_column("line_item", sa.Column("score_maximum", sa.Numeric()))
    for name in ("checked_at", "results_at"):
        op.add_column("line_item", sa.Column(name, TIME))
    op.add_column("line_item", sa.Column("results", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False))
    for name in ("started_at", "submitted_at"):
        op.add_column("score_delivery", sa.Column(name, TIME))
    op.add_column("score_delivery", sa.Column("comment", sa.Text()))


def downgrade() -> None:
    for name in ("comment", "submitted_at", "started_at"):
        op.drop_column("score_delivery", name)
    for name in ("results", "results_at", "checked_at", "score_maximum", "tag", "resource_id"):
        op.drop_column("line_item", name)
    op.drop_column("resource_link", "counting")
    op.drop_column("resource_link", "lti_context_id")
    for name in ("roster_member", "roster", "lti_context"):
        op.drop_table(name)
