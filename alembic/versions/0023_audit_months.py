"""The audit log in months, and only ever added to.

What is there becomes the first partition, up to the end of this month, without a row being moved. A release that knows
nothing of it adds rows as before.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from hub.db.audit_months import REST, SCHEMA, create_months

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.execute(f"CREATE SCHEMA {SCHEMA}")
    op.execute("ALTER TABLE audit_event RENAME TO audit_before")
    op.execute(f"ALTER TABLE audit_before SET SCHEMA {SCHEMA}")
    op.execute(f"DROP INDEX {SCHEMA}.audit_event_tenant_id_idx")
    op.execute(f"ALTER INDEX {SCHEMA}.audit_event_tenant_id_at_idx RENAME TO audit_before_tenant_id_at_idx")
    op.execute(f"ALTER TABLE {SCHEMA}.audit_before DROP CONSTRAINT audit_event_pkey")
    op.execute(f"ALTER TABLE {SCHEMA}.audit_before DROP CONSTRAINT audit_event_tenant_id_fkey")
    op.create_table(
        "audit_event",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("at", TIME, server_default=sa.func.now(), primary_key=True),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Text(), nullable=False),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("target", sa.Text()),
        sa.Column("address", sa.Text()),
        sa.Column("request_id", sa.Text()),
        sa.Column("details", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), sa.ForeignKey("tenant.id", ondelete="CASCADE"), nullable=False, index=True),
        postgresql_partition_by="RANGE (at)",
    )
    op.create_index("audit_event_tenant_id_at_idx", "audit_event", ["tenant_id", "at"])
    op.execute(
        f"""
        DO $$ BEGIN
            EXECUTE format(
                'ALTER TABLE audit_event ATTACH PARTITION {SCHEMA}.audit_before FOR VALUES FROM (MINVALUE) TO (%L)',
                (date_trunc('month', now() AT TIME ZONE 'UTC') + interval '1 month') AT TIME ZONE 'UTC'
            );
        END $$
        """
    )
    op.execute(f"CREATE TABLE {SCHEMA}.{REST} PARTITION OF audit_event DEFAULT")
    create_months(op.get_bind())
    op.execute(
        """
        CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'the audit log is only ever added to' USING ERRCODE = 'insufficient_privilege';
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit_event"
        " FOR EACH ROW EXECUTE FUNCTION audit_is_append_only()"
    )


def downgrade() -> None:
    raise NotImplementedError("The audit log is not put together again: restore a backup.")
