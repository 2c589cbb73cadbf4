"""Platforms whose learners statements do not name."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("platform", sa.Column("uses_pseudonyms", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("learner", sa.Column("pseudonym", sa.Text()))


def downgrade() -> None:
    op.drop_column("learner", "pseudonym")
    op.drop_column("platform", "uses_pseudonyms")
