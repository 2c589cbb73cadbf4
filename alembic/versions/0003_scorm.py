"""Packages and what learners do with them: imports, registrations, attempts, launches."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
TEXTS = postgresql.ARRAY(sa.Text())
JSON = postgresql.JSONB()


def _tenant_id() -> sa.Column:
    return sa.Column("tenant_id", sa.Uuid(), sa.ForeignKey("tenant.id", ondelete="CASCADE"), nullable=False, index=True)


def _created_at() -> sa.Column:
    return sa.Column("created_at", TIME, server_default=sa.func.now(), nullable=False)


def upgrade() -> None:
    _create_package_tables()
    _create_runtime_tables()


def downgrade() -> None:
    for table in ("launch", "runtime_state", "attempt", "registration", "learner", "import_job", "activity"):
        op.drop_table(table)
    op.drop_constraint("package_published_version_id_fkey", "package")
    op.drop_table("package_version")
    op.drop_table("package")


def _create_package_tables() -> None:
    op.create_table(
        "package",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("tags", TEXTS, server_default=sa.text("'{}'"), nullable=False),
        sa.Column("published_version_id", sa.Uuid()),
        sa.Column("revision", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("deleted_at", TIME),
        _tenant_id(),
        _created_at(),
    )
    op.create_index("package_tenant_id_created_at_idx", "package", ["tenant_id", "created_at", "id"])
    op.create_index(
        "package_external_id_key",
        "package",
        ["tenant_id", "external_id"],
        unique=True,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "package_version",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _reference("package_id", "package.id"),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("standard", sa.Text(), nullable=False),
        sa.Column("edition", sa.Text()),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("default_organization", sa.Text(), nullable=False),
        sa.Column("content_prefix", sa.Text(), nullable=False),
        sa.Column("file_count", sa.Integer(), nullable=False),
        sa.Column("content_size", sa.BigInteger(), nullable=False),
        sa.Column("archive_key", sa.Text(), nullable=False),
        sa.Column("archive_name", sa.Text(), nullable=False),
        sa.Column("archive_size", sa.BigInteger(), nullable=False),
        sa.Column("archive_sha256", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("course", JSON, nullable=False),
        sa.Column("files", JSON, nullable=False),
        sa.Column("findings", JSON, nullable=False),
        _tenant_id(),
        _created_at(),
        sa.UniqueConstraint("package_id", "number"),
    )
    op.create_foreign_key(
        "package_published_version_id_fkey",
        "package",
        "package_version",
        ["published_version_id"],
        ["id"],
        ondelete="SET NULL",
    )
    op.create_table(
        "activity",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _reference("package_version_id", "package_version.id", index=True),
        sa.Column("parent_id", sa.Uuid(), sa.ForeignKey("activity.id", ondelete="CASCADE")),
        sa.Column("organization", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("identifier", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("depth", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("href", sa.Text()),
        sa.Column("scorm_type", sa.Text()),
        sa.Column("is_visible", sa.Boolean(), nullable=False),
        sa.Column("launch_data", sa.Text()),
        sa.Column("mastery_score", sa.Double()),
        sa.Column("max_time_allowed", sa.Text()),
        sa.Column("time_limit_action", sa.Text()),
        sa.Column("prerequisites", sa.Text()),
        sa.Column("completion_threshold", sa.Double()),
        sa.Column("completed_by_measure", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("progress_weight", sa.Double(), server_default=sa.text("1"), nullable=False),
        sa.Column("scaled_passing_score", sa.Double()),
        sa.Column("hide_lms_ui", TEXTS, server_default=sa.text("'{}'"), nullable=False),
        sa.Column("objectives", TEXTS, server_default=sa.text("'{}'"), nullable=False),
        sa.Column("sequencing", JSON),
        _tenant_id(),
        sa.UniqueConstraint("package_version_id", "organization", "identifier"),
    )
    op.create_table(
        "import_job",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("progress", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("package_external_id", sa.Text()),
        sa.Column("package_id", sa.Uuid()),
        sa.Column("version_id", sa.Uuid()),
        sa.Column("archive_key", sa.Text(), nullable=False),
        sa.Column("archive_name", sa.Text(), nullable=False),
        sa.Column("archive_size", sa.BigInteger(), nullable=False),
        sa.Column("archive_sha256", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text()),
        sa.Column("findings", JSON, server_default=sa.text("'[]'"), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("idempotency_key", sa.Text()),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("leased_until", TIME),
        sa.Column("started_at", TIME),
        sa.Column("finished_at", TIME),
        _tenant_id(),
        _created_at(),
    )
    op.create_index("import_job_tenant_id_created_at_idx", "import_job", ["tenant_id", "created_at", "id"])
    op.create_index(
        "import_job_idempotency_key",
        "import_job",
        ["tenant_id", "created_by", "idempotency_key"],
        unique=True,
        postgresql_where=sa.text("idempotency_key IS NOT NULL"),
    )
    op.create_index(
        "import_job_open_idx",
        "import_job",
        ["leased_until"],
        postgresql_where=sa.text("state IN ('queued', 'checking', 'storing')"),
    )


def _create_runtime_tables() -> None:
    op.create_table(
        "learner",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("email", sa.Text()),
        sa.Column("preferences", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        _tenant_id(),
        _created_at(),
        sa.UniqueConstraint("tenant_id", "source", "subject"),
    )
    op.create_index("learner_tenant_id_created_at_idx", "learner", ["tenant_id", "created_at", "id"])
    op.create_table(
        "registration",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("external_id", sa.Text(), nullable=False),
        _reference("learner_id", "learner.id", index=True),
        _reference("package_id", "package.id"),
        _reference("package_version_id", "package_version.id"),
        sa.Column("context_key", sa.Text(), server_default="", nullable=False),
        sa.Column("mode", sa.Text(), server_default="normal", nullable=False),
        *_result(),
        sa.Column("began_at", TIME),
        sa.Column("completed_at", TIME),
        sa.Column("changed_at", TIME, nullable=False),
        _tenant_id(),
        _created_at(),
        sa.UniqueConstraint("tenant_id", "learner_id", "package_id", "context_key"),
        sa.UniqueConstraint("tenant_id", "external_id"),
    )
    op.create_index("registration_tenant_id_created_at_idx", "registration", ["tenant_id", "created_at", "id"])
    op.create_index("registration_package_id_created_at_idx", "registration", ["package_id", "created_at", "id"])
    op.create_index("registration_context_key_idx", "registration", ["tenant_id", "context_key", "created_at"])
    op.create_table(
        "attempt",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _reference("registration_id", "registration.id"),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("launch_id", sa.Uuid()),
        sa.Column("activity_id", sa.Uuid(), sa.ForeignKey("activity.id", ondelete="SET NULL")),
        *_result(),
        sa.Column("ended_at", TIME),
        sa.Column("changed_at", TIME, nullable=False),
        _tenant_id(),
        _created_at(),
        sa.UniqueConstraint("registration_id", "number"),
    )
    op.create_table(
        "runtime_state",
        sa.Column("attempt_id", sa.Uuid(), sa.ForeignKey("attempt.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("activity_id", sa.Uuid(), sa.ForeignKey("activity.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("launch_id", sa.Uuid(), nullable=False),
        sa.Column("values", sa.Text(), server_default="{}", nullable=False),
        sa.Column("location", sa.Text(), server_default="", nullable=False),
        sa.Column("progress", sa.Double()),
        sa.Column("session", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("sequence", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("session_began_at", TIME, nullable=False),
        sa.Column("entry", sa.Text(), server_default="ab-initio", nullable=False),
        sa.Column("session_exit", sa.Text()),
        sa.Column("initialized", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("seconds_before", sa.Double(), server_default=sa.text("0"), nullable=False),
        sa.Column("duration_before", sa.Double(), server_default=sa.text("0"), nullable=False),
        *_result(),
        sa.Column("changed_at", TIME, nullable=False),
        _tenant_id(),
    )
    op.create_table(
        "launch",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("registration_id", sa.Uuid(), sa.ForeignKey("registration.id", ondelete="CASCADE")),
        sa.Column("attempt_id", sa.Uuid(), sa.ForeignKey("attempt.id", ondelete="CASCADE"), index=True),
        _reference("package_version_id", "package_version.id"),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), server_default="en", nullable=False),
        sa.Column("return_url", sa.Text()),
        sa.Column("token_digest", sa.Text(), nullable=False, unique=True),
        sa.Column("browser_digest", sa.Text()),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("opened_at", TIME),
        sa.Column("ended_at", TIME),
        sa.Column("user_agent", sa.Text()),
        _tenant_id(),
        _created_at(),
    )
    op.create_index("launch_registration_id_created_at_idx", "launch", ["registration_id", "created_at"])


def _reference(name: str, target: str, index: bool = False) -> sa.Column:
    return sa.Column(name, sa.Uuid(), sa.ForeignKey(target, ondelete="CASCADE"), nullable=False, index=index)


def _result() -> list[sa.Column]:
    return [
        sa.Column("completion", sa.Text(), server_default="unknown", nullable=False),
        sa.Column("success", sa.Text(), server_default="unknown", nullable=False),
        sa.Column("score_scaled", sa.Double()),
        sa.Column("score_raw", sa.Double()),
        sa.Column("score_min", sa.Double()),
        sa.Column("score_max", sa.Double()),
        sa.Column("duration_seconds", sa.Double(), server_default=sa.text("0"), nullable=False),
    ]
