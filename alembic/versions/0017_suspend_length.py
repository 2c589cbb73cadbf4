"""How long an activity's suspend data is: authors are told when it goes beyond what SCORM 1.2 promises."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "runtime_state", sa.Column("suspend_length", sa.Integer(), server_default=sa.text("0"), nullable=False)
    )


def downgrade() -> None:
    op.drop_column("runtime_state", "suspend_length")
