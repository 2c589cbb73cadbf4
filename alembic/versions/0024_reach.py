"""Who works with whom and on what; tenants that are suspended, and how each looks."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def _pair(table: str, first: tuple[str, str], second: tuple[str, str], indexed: str | None) -> None:
    """A table of pairs of one tenant, each gone with either of the two."""
    op.create_table(
        table,
        *(
            sa.Column(
                name,
                sa.Uuid(),
                sa.ForeignKey(target, ondelete="CASCADE"),
                primary_key=True,
                index=name == indexed,
            )
            for name, target in (first, second)
        ),
        sa.Column("tenant_id", sa.Uuid(), sa.ForeignKey("tenant.id", ondelete="CASCADE"), nullable=False, index=True),
        sa.Column("created_at", TIME, server_default=sa.func.now(), nullable=False),
    )


def upgrade() -> None:
    op.create_table(
        "cohort",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), sa.ForeignKey("tenant.id", ondelete="CASCADE"), nullable=False, index=True),
        sa.Column("created_at", TIME, server_default=sa.func.now(), nullable=False),
        sa.UniqueConstraint("tenant_id", "name"),
    )
    learner, user = ("learner_id", "learner.id"), ("user_id", "user.id")
    _pair("cohort_member", ("cohort_id", "cohort.id"), learner, "learner_id")
    _pair("cohort_leader", ("cohort_id", "cohort.id"), user, "user_id")
    _pair("mentoring", user, learner, "learner_id")
    _pair("package_editor", ("package_id", "package.id"), user, "user_id")
    # What authors uploaded stays theirs.
    op.execute(
        """
        INSERT INTO package_editor (package_id, user_id, tenant_id)
        SELECT DISTINCT version.package_id, person.id, version.tenant_id
          FROM package_version AS version
          JOIN "user" AS person
            ON 'user:' || person.id = version.created_by AND person.tenant_id = version.tenant_id
        """
    )
    op.add_column("learner", sa.Column("user_id", sa.Uuid(), sa.ForeignKey("user.id", ondelete="SET NULL")))
    op.create_index("learner_user_id_idx", "learner", ["user_id"])
    op.add_column("tenant", sa.Column("suspended_at", TIME))
    op.create_table(
        "tenant_branding",
        sa.Column("tenant_id", sa.Uuid(), sa.ForeignKey("tenant.id", ondelete="CASCADE"), primary_key=True, index=True),
        sa.Column("colour", sa.Text()),
        sa.Column("logo", sa.LargeBinary()),
        sa.Column("logo_type", sa.Text()),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("changed_at", TIME, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("tenant_branding")
    op.drop_column("tenant", "suspended_at")
    op.drop_index("learner_user_id_idx", "learner")
    op.drop_column("learner", "user_id")
    for table in ("package_editor", "mentoring", "cohort_leader", "cohort_member", "cohort"):
        op.drop_table(table)
