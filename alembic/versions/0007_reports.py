"""Package settings, replays, and what reports count: answers, and the version and times of each attempt."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)

#: An attempt of before is on its registration's version if it is the last one; of earlier ones that is not known, and
#: they are taken to be on the same.
FILL_ATTEMPTS = """
    UPDATE attempt SET
        package_version_id = registration.package_version_id,
        began_at = CASE WHEN attempt.completion <> 'unknown' OR attempt.duration_seconds > 0
                        THEN attempt.created_at END,
        completed_at = CASE WHEN attempt.completion = 'completed' THEN attempt.changed_at END
    FROM registration WHERE registration.id = attempt.registration_id
"""


def _reference(name: str, target: str, **options: object) -> sa.Column:
    on_delete = "SET NULL" if options.get("nullable") else "CASCADE"
    options.setdefault("nullable", False)
    return sa.Column(name, sa.Uuid(), sa.ForeignKey(f"{target}.id", ondelete=on_delete), **options)


def _tenant() -> sa.Column:
    return _reference("tenant_id", "tenant", index=True)


def _count(name: str, default: int = 0) -> sa.Column:
    return sa.Column(name, sa.Integer(), server_default=sa.text(str(default)), nullable=False)


def _json(name: str) -> sa.Column:
    return sa.Column(name, postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False)


def _text(name: str, default: str | None = None) -> sa.Column:
    return sa.Column(name, sa.Text(), server_default=default, nullable=False)


def upgrade() -> None:
    op.create_table(
        "package_settings",
        _reference("package_id", "package", primary_key=True),
        sa.Column("version", sa.Integer(), primary_key=True, autoincrement=False),
        _tenant(),
        _json("values"),
        _count("revision", 1),
        sa.Column("changed_at", TIME, nullable=False),
    )
    op.create_table(
        "replay_record",
        sa.Column("id", sa.Uuid(), primary_key=True),
        _tenant(),
        _reference("attempt_id", "attempt"),
        _reference("activity_id", "activity", nullable=True),
        sa.Column("session", sa.Integer(), nullable=False),
        _text("kind"),
        _text("entries"),
        sa.Column("at", TIME, server_default=sa.func.now(), nullable=False),
    )
    op.create_index("replay_record_attempt_id_id_idx", "replay_record", ["attempt_id", "id"])
    op.create_index("replay_record_at_idx", "replay_record", ["at"], postgresql_using="brin")
    op.create_table(
        "answer",
        _reference("attempt_id", "attempt", primary_key=True),
        _reference("activity_id", "activity", primary_key=True),
        sa.Column("item", sa.Text(), primary_key=True),
        _tenant(),
        _reference("package_version_id", "package_version"),
        sa.Column("position", sa.Integer(), nullable=False),
        _text("kind"),
        _text("description", ""),
        _text("pattern", ""),
        _text("response"),
        sa.Column("is_correct", sa.Boolean()),
        sa.Column("points", sa.Float()),
        sa.Column("seconds", sa.Float()),
        _count("tries", 1),
        sa.Column("answered_at", TIME, nullable=False),
    )
    op.create_index("answer_package_version_id_idx", "answer", ["package_version_id"])
    op.add_column(
        "attempt",
        sa.Column("package_version_id", sa.Uuid(), sa.ForeignKey("package_version.id", ondelete="CASCADE")),
    )
    op.add_column("attempt", _json("settings"))
    op.add_column("attempt", _count("replay_bytes"))
    op.add_column("attempt", sa.Column("began_at", TIME))
    op.add_column("attempt", sa.Column("completed_at", TIME))
    op.create_index("attempt_package_version_id_created_at_idx", "attempt", ["package_version_id", "created_at"])
    op.create_index("attempt_tenant_id_completed_at_idx", "attempt", ["tenant_id", "completed_at"])
    op.add_column("runtime_state", _count("attempt_session", 1))
    op.add_column("runtime_state", _count("calls"))
    op.add_column("runtime_state", _count("replay_bytes"))
    op.execute(FILL_ATTEMPTS)


def downgrade() -> None:
    for name in ("replay_bytes", "calls", "attempt_session"):
        op.drop_column("runtime_state", name)
    op.drop_index("attempt_tenant_id_completed_at_idx")
    op.drop_index("attempt_package_version_id_created_at_idx")
    for name in ("completed_at", "began_at", "replay_bytes", "settings", "package_version_id"):
        op.drop_column("attempt", name)
    for name in ("answer", "replay_record", "package_settings"):
        op.drop_table(name)
