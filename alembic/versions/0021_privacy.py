"""Exports and erasures of personal data, how long things are kept, and whose a document is."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
JSONB = postgresql.JSONB()


def _tenant_id(**more: object) -> sa.Column:
    return sa.Column("tenant_id", sa.Uuid(), sa.ForeignKey("tenant.id", ondelete="CASCADE"), nullable=False, **more)


def upgrade() -> None:
    op.create_table(
        "privacy_job",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="queued", nullable=False),
        sa.Column("progress", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("identities", JSONB, nullable=False),
        sa.Column("treatment", sa.Text()),
        sa.Column("pseudonym", sa.Text(), nullable=False),
        sa.Column("expected", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("counts", JSONB, server_default="{}", nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("requested_by_user", sa.Uuid(), sa.ForeignKey("user.id", ondelete="SET NULL")),
        sa.Column("run", sa.Uuid()),
        sa.Column("leased_until", TIME),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("error", sa.Text()),
        sa.Column("began_at", TIME),
        sa.Column("finished_at", TIME),
        sa.Column("object_key", sa.Text()),
        sa.Column("size", sa.BigInteger()),
        sa.Column("expires_at", TIME),
        sa.Column("certificate", JSONB),
        sa.Column("signature", sa.Text()),
        _tenant_id(index=True),
        sa.Column("created_at", TIME, server_default=sa.func.now(), nullable=False),
    )
    op.create_index("privacy_job_tenant_id_created_at_idx", "privacy_job", ["tenant_id", "created_at", "id"])
    op.create_index(
        "privacy_job_expires_at_idx", "privacy_job", ["expires_at"], postgresql_where=sa.text("object_key IS NOT NULL")
    )
    op.create_table(
        "retention",
        _tenant_id(primary_key=True),
        sa.Column("days", JSONB, server_default="{}", nullable=False),
        sa.Column("revision", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("changed_at", TIME, nullable=False),
    )
    op.add_column("lrs_document", sa.Column("agent", sa.LargeBinary()))
    op.create_index(
        "lrs_document_agent_idx", "lrs_document", ["store", "agent"], postgresql_where=sa.text("agent IS NOT NULL")
    )


def downgrade() -> None:
    op.drop_column("lrs_document", "agent")
    op.drop_table("retention")
    op.drop_table("privacy_job")
