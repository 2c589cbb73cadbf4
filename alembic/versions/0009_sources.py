"""More ways in: uploads in pieces, straight to the store, and from an address; versions that share their objects."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def _tenant_id() -> sa.Column:
    return sa.Column("tenant_id", sa.Uuid(), sa.ForeignKey("tenant.id", ondelete="CASCADE"), nullable=False, index=True)


def upgrade() -> None:
    op.alter_column("import_job", "archive_sha256", nullable=True)
    op.add_column("import_job", sa.Column("source_url", sa.Text()))
    op.add_column("import_job", sa.Column("fetch_url", sa.Text()))
    op.add_column("import_job", sa.Column("upload_id", sa.Uuid()))
    op.create_index("package_version_archive_sha256_idx", "package_version", ["tenant_id", "archive_sha256"])
    op.create_table(
        "incoming_upload",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("received", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("is_direct", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("package_external_id", sa.Text()),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("job_id", sa.Uuid()),
        _tenant_id(),
        sa.Column("created_at", TIME, server_default=sa.func.now(), nullable=False),
    )
    op.create_index("incoming_upload_expires_at_idx", "incoming_upload", ["expires_at"])
    op.create_table(
        "upload_piece",
        sa.Column("upload_id", sa.Uuid(), sa.ForeignKey("incoming_upload.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("start", sa.BigInteger(), primary_key=True),
        sa.Column("object_key", sa.Text(), nullable=False),
        _tenant_id(),
    )


def downgrade() -> None:
    op.drop_table("upload_piece")
    op.drop_table("incoming_upload")
    op.drop_index("package_version_archive_sha256_idx", "package_version")
    op.execute("DELETE FROM import_job WHERE archive_sha256 IS NULL")
    for column in ("upload_id", "fetch_url", "source_url"):
        op.drop_column("import_job", column)
    op.alter_column("import_job", "archive_sha256", nullable=False)
