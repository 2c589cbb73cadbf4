"""Tables of what is set for packages and of what reports are made of: settings, replays, answers.

None of these rows is needed to play; each of them can be removed without harm to a learner's state.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from hub.db.base import Base, TenantOwned


class PackageSettingsRow(Base, TenantOwned):
    """What somebody set for a package (`version` 0) or for one of its versions, by its number.

    `values` are sparse (`hub.scorm.spec.settings`); `revision` counts the changes.
    """

    __tablename__ = "package_settings"

    package_id: Mapped[UUID] = mapped_column(ForeignKey("package.id", ondelete="CASCADE"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    values: Mapped[dict] = mapped_column(JSONB, server_default=text("'{}'"))
    revision: Mapped[int] = mapped_column(server_default=text("1"))
    changed_at: Mapped[datetime]


class ReplayRecord(Base, TenantOwned):
    """What happened in an attempt, as it came: the API calls of one commit, or one navigation request with its trace.

    `kind` is `calls` or `navigation`. `entries` is JSON in ASCII text, because content may use any UTF-16; `at` is when
    the record was made, and calls tell how long before that they were. Rows are found in the order in which they were
    made (`id` rises with time) and are removed after some time.
    """

    __tablename__ = "replay_record"
    __table_args__ = (
        Index("replay_record_attempt_id_id_idx", "attempt_id", "id"),
        Index("replay_record_at_idx", "at", postgresql_using="brin"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    attempt_id: Mapped[UUID] = mapped_column(ForeignKey("attempt.id", ondelete="CASCADE"))
    activity_id: Mapped[UUID | None] = mapped_column(ForeignKey("activity.id", ondelete="SET NULL"))
    session: Mapped[int]
    kind: Mapped[str]
    entries: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default=func.now())


class Answer(Base, TenantOwned):
    """The last answer to one interaction in one attempt: what the analysis of items counts.

    `item` is the interaction's id, `response` what was answered, in the formats of xAPI and cut to what a report can
    show; `is_correct` is None where the answer was not judged right or wrong, `points` a numeric result. `tries` counts
    the answers that content recorded under this id, `position` is the place of the last of them.
    """

    __tablename__ = "answer"
    __table_args__ = (Index("answer_package_version_id_idx", "package_version_id"),)

    attempt_id: Mapped[UUID] = mapped_column(ForeignKey("attempt.id", ondelete="CASCADE"), primary_key=True)
    activity_id: Mapped[UUID] = mapped_column(ForeignKey("activity.id", ondelete="CASCADE"), primary_key=True)
    item: Mapped[str] = mapped_column(primary_key=True)
    package_version_id: Mapped[UUID] = mapped_column(ForeignKey("package_version.id", ondelete="CASCADE"))
    position: Mapped[int]
    kind: Mapped[str]
    description: Mapped[str] = mapped_column(server_default="")
    pattern: Mapped[str] = mapped_column(server_default="")
    response: Mapped[str]
    is_correct: Mapped[bool | None]
    points: Mapped[float | None]
    seconds: Mapped[float | None]
    tries: Mapped[int] = mapped_column(server_default=text("1"))
    answered_at: Mapped[datetime]
