"""Tables of who works with whom and on what: cohorts, mentors, the editors of packages.

They are what the object rules of `hub.identity.ROLES` go by (`hub.scorm.storage.reach`).
"""

from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hub.db.base import Base, TenantOwned, Timestamped


class Cohort(Base, TenantOwned, Timestamped):
    """People who learn together, a class or the staff of an organisation.

    It is the context of the registrations that its enrolments make: their `context_key` is `cohort:` and its id.
    """

    __tablename__ = "cohort"
    __table_args__ = (UniqueConstraint("tenant_id", "name"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]


class CohortMember(Base, TenantOwned, Timestamped):
    """A learner of a cohort."""

    __tablename__ = "cohort_member"

    cohort_id: Mapped[UUID] = mapped_column(ForeignKey("cohort.id", ondelete="CASCADE"), primary_key=True)
    learner_id: Mapped[UUID] = mapped_column(ForeignKey("learner.id", ondelete="CASCADE"), primary_key=True, index=True)


class CohortLeader(Base, TenantOwned, Timestamped):
    """A user who does in a cohort what their roles allow there: an instructor, an organisation's representative."""

    __tablename__ = "cohort_leader"

    cohort_id: Mapped[UUID] = mapped_column(ForeignKey("cohort.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), primary_key=True, index=True)


class Mentoring(Base, TenantOwned, Timestamped):
    """A learner who is assigned to a user of the role mentor."""

    __tablename__ = "mentoring"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    learner_id: Mapped[UUID] = mapped_column(ForeignKey("learner.id", ondelete="CASCADE"), primary_key=True, index=True)


class PackageEditor(Base, TenantOwned, Timestamped):
    """A user who may change a package: who made it, and those with whom it was shared."""

    __tablename__ = "package_editor"

    package_id: Mapped[UUID] = mapped_column(ForeignKey("package.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), primary_key=True, index=True)
