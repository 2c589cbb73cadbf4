"""Addresses that are proven."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("user", sa.Column("email_verified_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    op.drop_column("user", "email_verified_at")
