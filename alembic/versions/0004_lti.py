"""Platforms, deployments, resource links, line items and score deliveries."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def _id() -> sa.Column:
    return sa.Column("id", sa.Uuid(), primary_key=True)


def _owned() -> list[sa.Column]:
    return [
        sa.Column("tenant_id", sa.Uuid(), sa.ForeignKey("tenant.id", ondelete="CASCADE"), nullable=False, index=True),
        sa.Column("created_at", TIME, server_default=sa.func.now(), nullable=False),
    ]


def _reference(name: str, target: str, *, nullable: bool = False, **options: object) -> sa.Column:
    on_delete = "SET NULL" if nullable else "CASCADE"
    return sa.Column(name, sa.Uuid(), sa.ForeignKey(f"{target}.id", ondelete=on_delete), nullable=nullable, **options)


def _text(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.Text(), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "platform",
        _id(),
        *(_text(name) for name in ("name", "issuer", "client_id", "auth_url", "token_url", "jwks_url")),
        _text("token_audience", nullable=True),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        *_owned(),
        sa.UniqueConstraint("issuer", "client_id"),
    )
    op.create_table(
        "deployment",
        _id(),
        _reference("platform_id", "platform"),
        _text("deployment_id"),
        *_owned(),
        sa.UniqueConstraint("platform_id", "deployment_id"),
    )
    op.create_table(
        "resource_link",
        _id(),
        _reference("platform_id", "platform", index=True),
        _reference("deployment_id", "deployment"),
        _text("link_id"),
        *(_text(name, nullable=True) for name in ("title", "context_id", "context_title")),
        _reference("package_id", "package", nullable=True),
        _text("package_name", nullable=True),
        _text("memberships_url", nullable=True),
        *_owned(),
        sa.UniqueConstraint("deployment_id", "link_id"),
    )
    op.create_table(
        "link_registration",
        _reference("registration_id", "registration", primary_key=True),
        _reference("resource_link_id", "resource_link"),
        _reference("package_id", "package"),
        _text("user_id"),
        *_owned(),
        sa.UniqueConstraint("resource_link_id", "user_id", "package_id"),
    )
    op.create_table(
        "line_item",
        _id(),
        _reference("resource_link_id", "resource_link", unique=True),
        _text("url", nullable=True),
        _text("container_url", nullable=True),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=False),
        *_owned(),
    )
    _create_score_delivery()


def _create_score_delivery() -> None:
    op.create_table(
        "score_delivery",
        _id(),
        _reference("line_item_id", "line_item"),
        _reference("registration_id", "registration", index=True),
        _text("user_id"),
        _text("status"),
        sa.Column("score_given", sa.Numeric()),
        sa.Column("score_maximum", sa.Numeric(), nullable=False),
        _text("activity_progress"),
        _text("grading_progress"),
        sa.Column("scored_at", TIME, nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("leased_until", TIME),
        _text("last_error", nullable=True),
        sa.Column("delivered_at", TIME),
        *_owned(),
    )
    for status in ("pending", "sending"):
        op.create_index(
            f"score_delivery_{status}_key",
            "score_delivery",
            ["line_item_id", "user_id"],
            unique=True,
            postgresql_where=sa.text(f"status = '{status}'"),
        )
    op.create_index("score_delivery_pair_idx", "score_delivery", ["line_item_id", "user_id", "scored_at"])
    op.create_index("score_delivery_listing_idx", "score_delivery", ["tenant_id", "created_at", "id"])


def downgrade() -> None:
    for table in ("score_delivery", "line_item", "link_registration", "resource_link", "deployment", "platform"):
        op.drop_table(table)
