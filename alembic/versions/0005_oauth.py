"""OAuth clients and the tokens given to them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
TEXTS = postgresql.ARRAY(sa.Text())


def _tenant_id() -> sa.Column:
    return sa.Column("tenant_id", sa.Uuid(), sa.ForeignKey("tenant.id", ondelete="CASCADE"), nullable=False, index=True)


def upgrade() -> None:
    op.create_table(
        "oauth_client",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("client_id", sa.Text(), nullable=False, unique=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("secret_digest", sa.Text(), nullable=False),
        sa.Column("grants", TEXTS, nullable=False),
        sa.Column("scopes", TEXTS, nullable=False),
        sa.Column("store_id", sa.Uuid()),
        sa.Column("last_used_at", TIME),
        sa.Column("revoked_at", TIME),
        _tenant_id(),
        sa.Column("created_at", TIME, server_default=sa.func.now(), nullable=False),
    )
    op.create_table(
        "oauth_token",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("oauth_client_id", sa.Uuid(), sa.ForeignKey("oauth_client.id", ondelete="CASCADE"), nullable=False),
        sa.Column("grant", sa.Text(), nullable=False),
        sa.Column("scopes", TEXTS, nullable=False),
        sa.Column("issued_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        _tenant_id(),
    )
    op.create_index("oauth_token_client_expires_idx", "oauth_token", ["oauth_client_id", "expires_at"])


def downgrade() -> None:
    op.drop_table("oauth_token")
    op.drop_table("oauth_client")
