"""The index of statements in blocks: posting lists instead of a row for each term of each statement.

Only adds: the release before goes on writing `lrs_term`. `hub migrate` then files what is stored.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from hub.xapi_lrs.storage.partitions import create_partitions

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

NUMBERS = postgresql.ARRAY(sa.BigInteger())


def upgrade() -> None:
    op.add_column("lrs_statement", sa.Column("terms", NUMBERS))
    op.create_table(
        "lrs_inherited",
        sa.Column("store", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("stored", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("target_id", sa.Uuid(), primary_key=True),
        sa.Column("terms", NUMBERS, nullable=False),
    )
    op.create_table(
        "lrs_block",
        sa.Column("store", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("last", sa.BigInteger(), primary_key=True, autoincrement=False),
    )
    op.create_table(
        "lrs_posting",
        sa.Column("term", sa.BigInteger(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("stored", NUMBERS, nullable=False),
        sa.Column("verbs", NUMBERS, nullable=False),
        postgresql_partition_by="RANGE (last)",
    )
    op.create_index("lrs_posting_term_last_idx", "lrs_posting", ["term", "last"])
    create_partitions(op.get_bind())
    # What a release before wrote stays as long as that may still serve; a new database has no such release.
    if not op.get_bind().execute(sa.text("SELECT EXISTS (SELECT FROM lrs_statement)")).scalar():
        op.drop_table("lrs_term")


def downgrade() -> None:
    op.execute("CREATE TABLE IF NOT EXISTS lrs_term (term bigint, stored bigint, verb bigint, via smallint)")
    for table in ("lrs_posting", "lrs_block", "lrs_inherited"):
        op.drop_table(table)
    op.drop_column("lrs_statement", "terms")
