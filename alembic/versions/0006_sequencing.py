"""What sequencing keeps: the state of the activity tree, and what learners share between courses."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def _shared(name: str) -> sa.Column:
    return sa.Column(name, postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False)


def upgrade() -> None:
    op.add_column("learner", _shared("objectives"))
    op.add_column("learner", _shared("shared_data"))
    op.add_column("attempt", sa.Column("sequencing", postgresql.JSONB()))
    op.add_column("attempt", _shared("shared_data"))
    op.add_column("runtime_state", sa.Column("said", sa.Text(), server_default="{}", nullable=False))


def downgrade() -> None:
    op.drop_column("runtime_state", "said")
    op.drop_column("attempt", "shared_data")
    op.drop_column("attempt", "sequencing")
    op.drop_column("learner", "shared_data")
    op.drop_column("learner", "objectives")
