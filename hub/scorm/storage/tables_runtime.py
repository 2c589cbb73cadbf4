"""Tables of what learners do: learner, registration, attempt, run-time state and launch.

A registration is one learner's use of one package in one context; its id is the xAPI registration. An attempt is one
try at the whole package, a run-time state what one activity keeps of it, a launch one opening of the player.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from hub.db.base import Base, TenantOwned, Timestamped


class Learner(Base, TenantOwned, Timestamped):
    """A person who takes courses, as one source knows them.

    `source` is who vouches for the person (a platform's issuer or id, or the Hub itself), `subject` their id there;
    `preferences` are the learner preferences of SCORM content. `objectives` and `shared_data` are what SCORM 2004
    content shares between all courses of the learner: global objectives, and the stores of `adl.data`. `user_id` is
    the account by which the person signs in here and finds their courses, if they have one.
    content shares between all courses of the learner: global objectives, and the stores of `adl.data`.
    `pseudonym` is what statements call the learner instead, where the source wants it so.
    """

    __tablename__ = "learner"
    __table_args__ = (
        UniqueConstraint("tenant_id", "source", "subject"),
        Index("learner_tenant_id_created_at_idx", "tenant_id", "created_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    source: Mapped[str]
    subject: Mapped[str]
    name: Mapped[str] = mapped_column(server_default="")
    email: Mapped[str | None]
    pseudonym: Mapped[str | None]
    preferences: Mapped[dict] = mapped_column(JSONB, server_default=text("'{}'"))
    objectives: Mapped[dict] = mapped_column(JSONB, server_default=text("'{}'"))
    shared_data: Mapped[dict] = mapped_column(JSONB, server_default=text("'{}'"))
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"), index=True)


class Result:
    """How far a learner got: the columns that a registration, an attempt and a run-time state share.

    `completion` is completed, incomplete or unknown; `success` passed, failed or unknown; `score_scaled` is -1..1.
    """

    completion: Mapped[str] = mapped_column(server_default="unknown")
    success: Mapped[str] = mapped_column(server_default="unknown")
    score_scaled: Mapped[float | None]
    score_raw: Mapped[float | None]
    score_min: Mapped[float | None]
    score_max: Mapped[float | None]
    duration_seconds: Mapped[float] = mapped_column(server_default=text("0"))


class Registration(Base, TenantOwned, Timestamped, Result):
    """One learner's use of one package in one context (a resource link of a platform, say).

    `package_version_id` is the version that its attempt began with. `external_id` is the id of the API: the caller's
    own, or the text of `id`. The result columns are those of the current attempt; `completed_at` stays once it is set.
    """

    __tablename__ = "registration"
    __table_args__ = (
        UniqueConstraint("tenant_id", "learner_id", "package_id", "context_key"),
        UniqueConstraint("tenant_id", "external_id"),
        Index("registration_tenant_id_created_at_idx", "tenant_id", "created_at", "id"),
        Index("registration_package_id_created_at_idx", "package_id", "created_at", "id"),
        Index("registration_context_key_idx", "tenant_id", "context_key", "created_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    external_id: Mapped[str]
    learner_id: Mapped[UUID] = mapped_column(ForeignKey("learner.id", ondelete="CASCADE"), index=True)
    package_id: Mapped[UUID] = mapped_column(ForeignKey("package.id", ondelete="CASCADE"))
    package_version_id: Mapped[UUID] = mapped_column(ForeignKey("package_version.id", ondelete="CASCADE"))
    context_key: Mapped[str] = mapped_column(server_default="")
    mode: Mapped[str] = mapped_column(server_default="normal")
    began_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    changed_at: Mapped[datetime]


class Attempt(Base, TenantOwned, Timestamped, Result):
    """One try at the whole package. `launch_id` is the launch that may write now: the newest window.

    `package_version_id` is the version that it is on. `settings` are the package's own ones
    (`hub.scorm.spec.settings`) as they were when it began: its result is reckoned by them to the end. `sequencing` is
    the state of the activity tree (`hub.scorm.spec.sequencing.state`), None before the first session and for courses
    without sequencing; `shared_data` are the stores of `adl.data` that belong to the attempt. `replay_bytes` is how
    much of its navigation the replay holds.
    """

    __tablename__ = "attempt"
    __table_args__ = (
        UniqueConstraint("registration_id", "number"),
        Index("attempt_package_version_id_created_at_idx", "package_version_id", "created_at"),
        Index("attempt_tenant_id_completed_at_idx", "tenant_id", "completed_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    registration_id: Mapped[UUID] = mapped_column(ForeignKey("registration.id", ondelete="CASCADE"))
    number: Mapped[int]
    package_version_id: Mapped[UUID | None] = mapped_column(ForeignKey("package_version.id", ondelete="CASCADE"))
    settings: Mapped[dict] = mapped_column(JSONB, server_default=text("'{}'"))
    launch_id: Mapped[UUID | None]
    activity_id: Mapped[UUID | None] = mapped_column(ForeignKey("activity.id", ondelete="SET NULL"))
    sequencing: Mapped[dict | None] = mapped_column(JSONB)
    shared_data: Mapped[dict] = mapped_column(JSONB, server_default=text("'{}'"))
    replay_bytes: Mapped[int] = mapped_column(server_default=text("0"))
    began_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    changed_at: Mapped[datetime]


class RuntimeState(Base, TenantOwned, Result):
    """What one activity keeps within an attempt.

    `values` are the run-time data as JSON in ASCII text: content may store any UTF-16, zeros and half surrogates
    included, which jsonb refuses; `said` are those of them that content set in the session of now. `session` counts
    deliveries, `sequence` is that of the last commit in it. `entry` is what content was told when the session began,
    `initialized` whether it has spoken since; `session_exit` is how the session ended, None while it is open.
    `attempt_session` is the session in which the present attempt on the activity began (RTE 2.1.1).
    `suspend_length` is how long its suspend data is. `calls` is how many API calls of the session the replay has,
    `replay_bytes` how much it holds of the activity. `seconds_before` are the content's own times of all earlier
    sessions, `duration_seconds` what the Hub reports: never more than the clock saw.
    """

    __tablename__ = "runtime_state"

    attempt_id: Mapped[UUID] = mapped_column(ForeignKey("attempt.id", ondelete="CASCADE"), primary_key=True)
    activity_id: Mapped[UUID] = mapped_column(ForeignKey("activity.id", ondelete="CASCADE"), primary_key=True)
    launch_id: Mapped[UUID]
    values: Mapped[str] = mapped_column(server_default="{}")
    said: Mapped[str] = mapped_column(server_default="{}")
    location: Mapped[str] = mapped_column(server_default="")
    progress: Mapped[float | None]
    session: Mapped[int] = mapped_column(server_default=text("1"))
    sequence: Mapped[int] = mapped_column(server_default=text("0"))
    attempt_session: Mapped[int] = mapped_column(server_default=text("1"))
    suspend_length: Mapped[int] = mapped_column(server_default=text("0"))
    calls: Mapped[int] = mapped_column(server_default=text("0"))
    replay_bytes: Mapped[int] = mapped_column(server_default=text("0"))
    session_began_at: Mapped[datetime]
    entry: Mapped[str] = mapped_column(server_default="ab-initio")
    session_exit: Mapped[str | None]
    initialized: Mapped[bool] = mapped_column(server_default=text("false"))
    seconds_before: Mapped[float] = mapped_column(server_default=text("0"))
    duration_before: Mapped[float] = mapped_column(server_default=text("0"))
    changed_at: Mapped[datetime]


class Launch(Base, TenantOwned, Timestamped):
    """One opening of the player, by a one-time address. Only digests of the address and the browser's cookie are kept.

    A preview has no registration and no attempt. `frames` are the origins that may frame the player,
    with blanks between.
    """

    __tablename__ = "launch"
    __table_args__ = (
        Index("launch_registration_id_created_at_idx", "registration_id", "created_at"),
        Index("launch_tenant_id_opened_at_idx", "tenant_id", "opened_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    registration_id: Mapped[UUID | None] = mapped_column(ForeignKey("registration.id", ondelete="CASCADE"))
    attempt_id: Mapped[UUID | None] = mapped_column(ForeignKey("attempt.id", ondelete="CASCADE"), index=True)
    package_version_id: Mapped[UUID] = mapped_column(ForeignKey("package_version.id", ondelete="CASCADE"))
    mode: Mapped[str]
    locale: Mapped[str] = mapped_column(server_default="en")
    return_url: Mapped[str | None]
    frames: Mapped[str] = mapped_column(server_default="")
    token_digest: Mapped[str] = mapped_column(unique=True)
    browser_digest: Mapped[str | None]
    expires_at: Mapped[datetime]
    opened_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    user_agent: Mapped[str | None]


class LmsComment(Base, TenantOwned, Timestamped):
    """What somebody left for a learner at one activity of a registration: content reads it (comments from the LMS).

    `activity` is the identifier of the item, so that a comment outlives attempts and versions; `location` is the place
    within the content that it is about, `created_by` who wrote it, as `kind:id`.
    """

    __tablename__ = "lms_comment"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    registration_id: Mapped[UUID] = mapped_column(ForeignKey("registration.id", ondelete="CASCADE"), index=True)
    activity: Mapped[str]
    comment: Mapped[str]
    location: Mapped[str] = mapped_column(server_default="")
    created_by: Mapped[str]
