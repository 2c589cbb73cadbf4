"""What people allow programs: clients with redirect addresses and keys, grants, refresh tokens, personal tokens."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
TEXTS = postgresql.ARRAY(sa.Text())


def _owned_by(table: str, column: str) -> sa.Column:
    key = sa.ForeignKey(f"{table}.id", ondelete="CASCADE")
    return sa.Column(column, sa.Uuid(), key, nullable=False, index=True)


def upgrade() -> None:
    op.alter_column("oauth_client", "secret_digest", nullable=True)
    op.add_column("oauth_client", sa.Column("authentication", sa.Text(), server_default="secret", nullable=False))
    op.add_column("oauth_client", sa.Column("jwks", postgresql.JSONB()))
    op.add_column("oauth_client", sa.Column("redirect_uris", TEXTS, server_default="{}", nullable=False))
    op.add_column("oauth_token", sa.Column("revoked_at", TIME))
    op.create_table(
        "oauth_grant",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _owned_by("oauth_client", "oauth_client_id"),
        _owned_by("user", "user_id"),
        sa.Column("scopes", TEXTS, nullable=False),
        sa.Column("session_digest", sa.Text()),
        sa.Column("last_used_at", TIME),
        sa.Column("ended_at", TIME),
        _owned_by("tenant", "tenant_id"),
        sa.Column("created_at", TIME, server_default=sa.func.now(), nullable=False),
    )
    op.create_table(
        "oauth_refresh_token",
        sa.Column("digest", sa.Text(), primary_key=True),
        _owned_by("oauth_grant", "grant_id"),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("used_at", TIME),
        _owned_by("tenant", "tenant_id"),
    )
    op.create_table(
        "personal_token",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _owned_by("user", "user_id"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False, unique=True),
        sa.Column("scopes", TEXTS, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("last_used_at", TIME),
        sa.Column("revoked_at", TIME),
        _owned_by("tenant", "tenant_id"),
        sa.Column("created_at", TIME, server_default=sa.func.now(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("personal_token")
    op.drop_table("oauth_refresh_token")
    op.drop_table("oauth_grant")
    op.drop_column("oauth_token", "revoked_at")
    op.drop_column("oauth_client", "redirect_uris")
    op.drop_column("oauth_client", "jwks")
    op.drop_column("oauth_client", "authentication")
    op.execute("DELETE FROM oauth_client WHERE secret_digest IS NULL")
    op.alter_column("oauth_client", "secret_digest", nullable=False)
