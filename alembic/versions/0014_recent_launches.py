"""Launches of a tenant by the time at which they were opened: what goes on, day by day."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("launch_tenant_id_opened_at_idx", "launch", ["tenant_id", "opened_at"])


def downgrade() -> None:
    op.drop_index("launch_tenant_id_opened_at_idx")
