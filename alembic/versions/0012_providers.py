"""Identity providers, and who people are there."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
TEXTS = postgresql.ARRAY(sa.Text())


def _owned_by(table: str, column: str, **options: bool) -> sa.Column:
    key = sa.ForeignKey(f"{table}.id", ondelete="CASCADE")
    return sa.Column(column, sa.Uuid(), key, nullable=False, **options)


def _made_at() -> sa.Column:
    return sa.Column("created_at", TIME, server_default=sa.func.now(), nullable=False)


def upgrade() -> None:
    op.create_table(
        "identity_provider",
        sa.Column("id", sa.Uuid(), primary_key=True),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("kind", "name", "issuer")),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("client_id", "client_secret")),
        sa.Column("domains", TEXTS, nullable=False),
        sa.Column("default_roles", TEXTS, nullable=False),
        sa.Column("rules", postgresql.JSONB(), nullable=False),
        sa.Column("makes_accounts", sa.Boolean(), nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.true(), nullable=False),
        _owned_by("tenant", "tenant_id", index=True),
        _made_at(),
    )
    op.create_table(
        "external_identity",
        _owned_by("identity_provider", "provider_id", primary_key=True),
        sa.Column("subject", sa.Text(), primary_key=True),
        _owned_by("user", "user_id", index=True),
        sa.Column("made_account", sa.Boolean(), nullable=False),
        _owned_by("tenant", "tenant_id", index=True),
        _made_at(),
    )


def downgrade() -> None:
    op.drop_table("external_identity")
    op.drop_table("identity_provider")
