"""Tables that belong to no single area: tenants, people, the outbox and the audit log."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from hub.db.base import Base, TenantOwned, Timestamped


class Tenant(Base, Timestamped):
    """A school or company: a separate world of data. While it is suspended, nobody gets in."""

    __tablename__ = "tenant"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    suspended_at: Mapped[datetime | None]


class User(Base, TenantOwned, Timestamped):
    """Someone who signs in to the console. `email` is kept in lower case; `email_verified_at` is when it was proven."""

    __tablename__ = "user"
    __table_args__ = (UniqueConstraint("tenant_id", "email"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    email: Mapped[str]
    email_verified_at: Mapped[datetime | None]
    name: Mapped[str]
    password_hash: Mapped[str | None]
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    last_sign_in_at: Mapped[datetime | None]


class UserRole(Base, TenantOwned):
    """A role of a user; what it allows is `hub.identity.ROLES`."""

    __tablename__ = "user_role"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    role: Mapped[str] = mapped_column(primary_key=True)


class OutboxMessage(Base, TenantOwned, Timestamped):
    """Work that must not be lost, written in the transaction that caused it; a queue message is only a nudge.

    `leased_until` keeps a second worker away while one works; `failed_at` marks what was given up.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        Index("outbox_due_idx", "available_at", postgresql_where=text("done_at IS NULL AND failed_at IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    topic: Mapped[str]
    payload: Mapped[dict[str, Any]]
    available_at: Mapped[datetime] = mapped_column(server_default=func.now())
    leased_until: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    last_error: Mapped[str | None]
    done_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]


class TenantRemoval(Base, Timestamped):
    """A tenant on its way out, or gone: what was asked, how far it is, and what went.

    `state` is queued, running or done. `counts` has how many rows of each table and objects went, `stores` the numbers
    of its LRS stores. `run` is the work of now, held until `leased_until`. `tenant_id` outlives the tenant.
    """

    __tablename__ = "tenant_removal"

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    slug: Mapped[str]
    name: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="queued")
    progress: Mapped[int] = mapped_column(server_default=text("0"))
    expected: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    counts: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    stores: Mapped[list[int]] = mapped_column(ARRAY(Integer), server_default=text("'{}'"))
    requested_by: Mapped[str]
    run: Mapped[UUID | None]
    leased_until: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class AuditEvent(Base):
    """Who did what on what, from where. Rows are only ever added: a trigger refuses everything else.

    They stay when their tenant is removed, so `tenant_id` refers to nothing.
    A partition for each month (`hub.db.audit_months`), so that old ones can be detached as a whole.
    """

    __tablename__ = "audit_event"
    __table_args__ = (
        Index("audit_event_tenant_id_at_idx", "tenant_id", "at"),
        {"postgresql_partition_by": "RANGE (at)"},
    )

    tenant_id: Mapped[UUID] = mapped_column(index=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True, server_default=func.now())
    actor_kind: Mapped[str]
    actor_id: Mapped[str]
    actor_name: Mapped[str]
    action: Mapped[str]
    target: Mapped[str | None]
    address: Mapped[str | None]
    request_id: Mapped[str | None]
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
