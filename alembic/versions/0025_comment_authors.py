"""Comments say by whom they were made under the name that all such rows have."""

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column("lms_comment", "author", new_column_name="created_by")


def downgrade() -> None:
    op.alter_column("lms_comment", "created_by", new_column_name="author")
