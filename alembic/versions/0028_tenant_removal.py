"""Tenants that are removed; the audit log outlives them, so its tenant is no longer a foreign key."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)

#: Months that were detached have the key of their own, and would lose their rows to it in silence.
_FORGET_TENANT = """
DO $$
DECLARE reference record;
BEGIN
    FOR reference IN
        SELECT c.conrelid::regclass AS log, c.conname AS name
          FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid JOIN pg_namespace n ON n.oid = t.relnamespace
         WHERE c.contype = 'f' AND c.confrelid = 'tenant'::regclass AND c.conparentid = 0
           AND (t.oid = 'audit_event'::regclass OR n.nspname = 'audit_partition')
    LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', reference.log, reference.name);
    END LOOP;
END $$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(_FORGET_TENANT)
    op.create_table(
        "tenant_removal",
        sa.Column("tenant_id", sa.Uuid(), primary_key=True),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="queued", nullable=False),
        sa.Column("progress", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("expected", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("counts", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("stores", postgresql.ARRAY(sa.Integer()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("run", sa.Uuid()),
        sa.Column("leased_until", TIME),
        sa.Column("finished_at", TIME),
        sa.Column("created_at", TIME, server_default=sa.func.now(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("tenant_removal")
    op.create_foreign_key("audit_event_tenant_id_fkey", "audit_event", "tenant", ["tenant_id"], ["id"])
