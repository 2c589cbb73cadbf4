"""Tables of the LRS: stores, credentials, statements with their search terms, documents, attachments.

Partitions live in the schema lrs_partition; `hub.xapi_lrs.storage.partitions` makes those of later quarters.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from hub.xapi_lrs.storage.partitions import create_partitions

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def _tenant_id() -> sa.Column:
    return sa.Column("tenant_id", sa.Uuid(), sa.ForeignKey("tenant.id", ondelete="CASCADE"), nullable=False, index=True)


def _created_at() -> sa.Column:
    return sa.Column("created_at", TIME, server_default=sa.func.now(), nullable=False)


def upgrade() -> None:
    _create_stores()
    _create_statements()
    _create_knowledge()
    _create_documents()
    op.execute("CREATE SCHEMA lrs_partition")
    create_partitions(op.get_bind())


def _create_stores() -> None:
    op.create_table(
        "lrs_store",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("number", sa.Integer(), sa.Identity(), nullable=False, unique=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("last_stored", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("dangling", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("term_key", sa.LargeBinary(), nullable=False),
        _tenant_id(),
        _created_at(),
        sa.UniqueConstraint("tenant_id", "name"),
        postgresql_with={"fillfactor": 10},
    )
    op.create_table(
        "lrs_credential",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("store_id", sa.Uuid(), sa.ForeignKey("lrs_store.id", ondelete="CASCADE"), nullable=False, index=True),
        sa.Column("key", sa.Text(), nullable=False, unique=True),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("requests_per_minute", sa.Integer()),
        sa.Column("last_used_at", TIME),
        sa.Column("revoked_at", TIME),
        _tenant_id(),
        _created_at(),
    )


def _create_statements() -> None:
    op.create_table(
        "lrs_statement_id",
        sa.Column("store", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("stored", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "lrs_statement",
        sa.Column("store", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("stored", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("is_voided", sa.Boolean(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        postgresql_partition_by="RANGE (stored)",
    )
    op.create_table(
        "lrs_term",
        sa.Column("term", sa.BigInteger(), nullable=False),
        sa.Column("stored", sa.BigInteger(), nullable=False),
        sa.Column("verb", sa.BigInteger(), nullable=False),
        sa.Column("via", sa.SmallInteger(), nullable=False),
        postgresql_partition_by="RANGE (stored)",
    )
    op.create_index("lrs_term_term_stored_idx", "lrs_term", ["term", "stored"], postgresql_include=["verb"])
    op.create_table(
        "lrs_reference",
        sa.Column("store", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("target_id", sa.Uuid(), primary_key=True),
        sa.Column("source_id", sa.Uuid(), primary_key=True),
        sa.Column("stored", sa.BigInteger(), nullable=False),
        sa.Column("is_voiding", sa.Boolean(), nullable=False),
    )


def _create_knowledge() -> None:
    for table, column in (("lrs_activity", "definition"), ("lrs_agent", "names")):
        op.create_table(
            table,
            sa.Column("store", sa.Integer(), primary_key=True, autoincrement=False),
            sa.Column("term", sa.BigInteger(), primary_key=True, autoincrement=False),
            sa.Column(column, sa.LargeBinary(), nullable=False),
        )


def _create_documents() -> None:
    op.create_table(
        "lrs_document",
        sa.Column("id", sa.Uuid(), primary_key=True, server_default=sa.text("gen_random_uuid()")),
        sa.Column("store", sa.Integer(), nullable=False),
        sa.Column("owner", sa.LargeBinary(), nullable=False),
        sa.Column("registration", sa.Uuid()),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("etag", sa.Text(), nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
    )
    op.create_index(
        "lrs_document_key",
        "lrs_document",
        [
            "store",
            "owner",
            sa.text("coalesce(registration, '00000000-0000-0000-0000-000000000000')"),
            "name",
        ],
        unique=True,
    )
    op.create_table(
        "lrs_attachment",
        sa.Column("store", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("sha2", sa.Text(), primary_key=True),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("object_key", sa.Text(), nullable=False),
        _created_at(),
    )


def downgrade() -> None:
    for table in (
        "lrs_attachment",
        "lrs_document",
        "lrs_agent",
        "lrs_activity",
        "lrs_reference",
        "lrs_term",
        "lrs_statement",
        "lrs_statement_id",
        "lrs_credential",
        "lrs_store",
    ):
        op.drop_table(table)
    op.execute("DROP SCHEMA lrs_partition")
