"""Small pictures of packages."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("package", sa.Column("thumbnail", sa.Text()))
    op.create_table(
        "package_thumbnail",
        sa.Column("package_id", sa.Uuid(), sa.ForeignKey("package.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("image", sa.LargeBinary(), nullable=False),
        sa.Column("is_chosen", sa.Boolean(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), sa.ForeignKey("tenant.id", ondelete="CASCADE"), nullable=False, index=True),
    )


def downgrade() -> None:
    op.drop_table("package_thumbnail")
    op.drop_column("package", "thumbnail")
