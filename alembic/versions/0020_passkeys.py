"""Passkeys; recovery codes of people who have no authenticator."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    # The release before reads `seed` only of rows that are confirmed, and those have one.
    op.alter_column("second_factor", "seed", nullable=True)
    op.create_table(
        "passkey",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("user_id", sa.Uuid(), sa.ForeignKey("user.id", ondelete="CASCADE"), nullable=False, index=True),
        sa.Column("credential_id", sa.Text(), nullable=False, unique=True),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("is_synced", sa.Boolean(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("last_used_at", TIME),
        sa.Column("tenant_id", sa.Uuid(), sa.ForeignKey("tenant.id", ondelete="CASCADE"), nullable=False, index=True),
        sa.Column("created_at", TIME, server_default=sa.func.now(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("passkey")
    op.execute("DELETE FROM second_factor WHERE seed IS NULL")
    op.alter_column("second_factor", "seed", nullable=False)
