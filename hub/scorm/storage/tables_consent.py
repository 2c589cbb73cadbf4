"""Tables of consent: what a tenant asks its learners to agree to before they are recorded, and who agreed to what."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from hub.db.base import Base, TenantOwned, Timestamped


class ConsentNotice(Base, TenantOwned, Timestamped):
    """A version of the text that learners agree to. Versions are only ever added, because they are what somebody
    agreed to; the newest is asked for if `is_asked`."""

    __tablename__ = "consent_notice"

    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenant.id", ondelete="CASCADE"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    text: Mapped[str]
    is_asked: Mapped[bool]


class Consent(Base, TenantOwned):
    """That a learner agreed to a version, when, and when they took it back."""

    __tablename__ = "consent"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "version"], ["consent_notice.tenant_id", "consent_notice.version"]),
        Index("consent_learner_id_given_at_idx", "learner_id", "given_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    learner_id: Mapped[UUID] = mapped_column(ForeignKey("learner.id", ondelete="CASCADE"))
    version: Mapped[int]
    given_at: Mapped[datetime] = mapped_column(server_default=func.now())
    withdrawn_at: Mapped[datetime | None]
