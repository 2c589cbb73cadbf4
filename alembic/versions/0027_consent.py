"""What learners agree to before they are recorded, and who agreed to what."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "consent_notice",
        sa.Column("tenant_id", sa.Uuid(), sa.ForeignKey("tenant.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("version", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("is_asked", sa.Boolean(), nullable=False),
        sa.Column("created_at", TIME, server_default=sa.func.now(), nullable=False),
    )
    op.create_table(
        "consent",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("tenant_id", sa.Uuid(), sa.ForeignKey("tenant.id", ondelete="CASCADE"), nullable=False, index=True),
        sa.Column("learner_id", sa.Uuid(), sa.ForeignKey("learner.id", ondelete="CASCADE"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("given_at", TIME, server_default=sa.func.now(), nullable=False),
        sa.Column("withdrawn_at", TIME),
        sa.ForeignKeyConstraint(["tenant_id", "version"], ["consent_notice.tenant_id", "consent_notice.version"]),
    )
    op.create_index("consent_learner_id_given_at_idx", "consent", ["learner_id", "given_at"])


def downgrade() -> None:
    op.drop_table("consent")
    op.drop_table("consent_notice")
