"""Tables of data protection: exports and erasures, and how long a tenant keeps what."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from hub.db.base import Base, TenantOwned, Timestamped


class PrivacyJob(Base, TenantOwned, Timestamped):
    """An export or an erasure of one person's data, on its way or done.

    `kind` is export or erasure, `state` queued, running, ready, failed or expired. `identities` are whom it is about
    (`hub.personal_data.Identity`), `label` what people call them; both are emptied when an erasure is done and when an
    export is taken away. `counts` says what was done, by kind and outcome, written with each batch. `run` is the work
    of now, held until `leased_until`; a run that finds another there was overtaken. `pseudonym` takes the place of
    names. `object_key` is the zip, to be had until `expires_at`. `certificate` is what an erasure ends with, and
    `signature` the same as a JWS.
    """

    __tablename__ = "privacy_job"
    __table_args__ = (
        Index("privacy_job_tenant_id_created_at_idx", "tenant_id", "created_at", "id"),
        Index("privacy_job_expires_at_idx", "expires_at", postgresql_where=text("object_key IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="queued")
    progress: Mapped[int] = mapped_column(server_default=text("0"))
    label: Mapped[str]
    identities: Mapped[list[Any]] = mapped_column(JSONB)
    treatment: Mapped[str | None]
    pseudonym: Mapped[str]
    expected: Mapped[int] = mapped_column(server_default=text("0"))
    counts: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    requested_by: Mapped[str]
    requested_by_user: Mapped[UUID | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    run: Mapped[UUID | None]
    leased_until: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(server_default=text("0"))
    error: Mapped[str | None]
    began_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    object_key: Mapped[str | None]
    size: Mapped[int | None] = mapped_column(BigInteger)
    expires_at: Mapped[datetime | None]
    certificate: Mapped[dict[str, Any] | None]
    signature: Mapped[str | None]


class Retention(Base):
    """How many days a tenant keeps each kind of thing (`hub.privacy.spec.retention`); a kind that is not there is kept
    for ever. `revision` counts the changes."""

    __tablename__ = "retention"

    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenant.id", ondelete="CASCADE"), primary_key=True)
    days: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    revision: Mapped[int] = mapped_column(server_default=text("1"))
    changed_at: Mapped[datetime]
