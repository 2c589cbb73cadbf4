"""Platforms that register themselves: one-time links, approval, and deployments learnt from launches."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    for name in ("awaits_approval", "learns_deployments"):
        op.add_column("platform", sa.Column(name, sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("platform", sa.Column("product", sa.Text()))
    op.create_table(
        "platform_invitation",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("used_at", TIME),
        sa.Column("platform_id", sa.Uuid(), sa.ForeignKey("platform.id", ondelete="SET NULL")),
        sa.Column("tenant_id", sa.Uuid(), sa.ForeignKey("tenant.id", ondelete="CASCADE"), nullable=False, index=True),
        sa.Column("created_at", TIME, server_default=sa.func.now(), nullable=False),
        sa.UniqueConstraint("digest"),
    )


def downgrade() -> None:
    op.drop_table("platform_invitation")
    for name in ("product", "learns_deployments", "awaits_approval"):
        op.drop_column("platform", name)
