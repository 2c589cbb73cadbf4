"""Tables of LTI: platforms with their deployments, the links in their courses, who came by them, and grades."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Numeric, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from hub.db.base import Base, TenantOwned, Timestamped


class PlatformRow(Base, TenantOwned, Timestamped):
    """One registration of the Hub at a platform. Issuer and client id are unique over all tenants: a launch is
    unauthenticated until they have led to a tenant.

    A platform that registered itself without an invitation waits (`awaits_approval`) until an administrator lets it in.
    With `learns_deployments` a launch may bring a deployment that is not known yet; with `uses_pseudonyms` statements
    do not name its learners; `product` is what the platform calls its make (`product_family_code`).
    """

    __tablename__ = "platform"
    __table_args__ = (UniqueConstraint("issuer", "client_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    issuer: Mapped[str]
    client_id: Mapped[str]
    auth_url: Mapped[str]
    token_url: Mapped[str]
    jwks_url: Mapped[str]
    token_audience: Mapped[str | None]
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    awaits_approval: Mapped[bool] = mapped_column(server_default=text("false"))
    learns_deployments: Mapped[bool] = mapped_column(server_default=text("false"))
    uses_pseudonyms: Mapped[bool] = mapped_column(server_default=text("false"))
    product: Mapped[str | None]


class PlatformInvitationRow(Base, TenantOwned, Timestamped):
    """A link by which one platform may register itself without waiting for approval. Only the digest of its secret is
    kept; `used_at` is set before the platform is asked, so that of several who use it one gets in."""

    __tablename__ = "platform_invitation"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(unique=True)
    created_by: Mapped[str]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    platform_id: Mapped[UUID | None] = mapped_column(ForeignKey("platform.id", ondelete="SET NULL"))


class DeploymentRow(Base, TenantOwned, Timestamped):
    """One deployment of the tool in a platform; `deployment_id` is the platform's name for it."""

    __tablename__ = "deployment"
    __table_args__ = (UniqueConstraint("platform_id", "deployment_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    platform_id: Mapped[UUID] = mapped_column(ForeignKey("platform.id", ondelete="CASCADE"))
    deployment_id: Mapped[str]


class LtiContextRow(Base, TenantOwned, Timestamped):
    """A course of a platform; `context_id` is the platform's id of it, unique in its deployment (LTI 1.3, 5.4.1).

    `memberships_url` and `groups_url` are where its members and groups are listed, None where the platform offers none.
    """

    __tablename__ = "lti_context"
    __table_args__ = (UniqueConstraint("deployment_id", "context_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    platform_id: Mapped[UUID] = mapped_column(ForeignKey("platform.id", ondelete="CASCADE"), index=True)
    deployment_id: Mapped[UUID] = mapped_column(ForeignKey("deployment.id", ondelete="CASCADE"))
    context_id: Mapped[str]
    title: Mapped[str | None]
    memberships_url: Mapped[str | None]
    groups_url: Mapped[str | None]


class RosterRow(Base, TenantOwned, Timestamped):
    """The list of members as it was fetched last: of a course (`id` is the course's), or of those who may use one link
    (`id` is the link's). `differences_url` is where the platform tells what changed since; `error` why it could not be
    fetched."""

    __tablename__ = "roster"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    lti_context_id: Mapped[UUID] = mapped_column(ForeignKey("lti_context.id", ondelete="CASCADE"), index=True)
    fetched_at: Mapped[datetime | None]
    differences_url: Mapped[str | None]
    error: Mapped[str | None]


class RosterMemberRow(Base, TenantOwned):
    """A member of a roster; `groups` are the names of the course's groups that they are in."""

    __tablename__ = "roster_member"

    roster_id: Mapped[UUID] = mapped_column(ForeignKey("roster.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str | None]
    email: Mapped[str | None]
    is_learner: Mapped[bool]
    groups: Mapped[list[str]] = mapped_column(ARRAY(Text))


class ResourceLinkRow(Base, TenantOwned, Timestamped):
    """A placement in a course; `link_id` is the platform's id of it, unique in its deployment (LTI 1.3, 5.3.5).

    `package_id` is what it opens: from the link's custom parameter, or chosen by a teacher (None: not yet);
    `package_name` is the API's id of the same package. `counting` says which of a learner's attempts is the grade
    (`hub.lti.spec.scores.COUNTING`).
    """

    __tablename__ = "resource_link"
    __table_args__ = (UniqueConstraint("deployment_id", "link_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    platform_id: Mapped[UUID] = mapped_column(ForeignKey("platform.id", ondelete="CASCADE"), index=True)
    deployment_id: Mapped[UUID] = mapped_column(ForeignKey("deployment.id", ondelete="CASCADE"))
    link_id: Mapped[str]
    title: Mapped[str | None]
    context_id: Mapped[str | None]
    context_title: Mapped[str | None]
    package_id: Mapped[UUID | None] = mapped_column(ForeignKey("package.id", ondelete="SET NULL"))
    package_name: Mapped[str | None]
    memberships_url: Mapped[str | None]
    lti_context_id: Mapped[UUID | None] = mapped_column(ForeignKey("lti_context.id", ondelete="SET NULL"), index=True)
    counting: Mapped[str] = mapped_column(server_default="last")


class LinkRegistrationRow(Base, TenantOwned, Timestamped):
    """The registration of one platform user by one link, for the package that the link had then."""

    __tablename__ = "link_registration"
    __table_args__ = (UniqueConstraint("resource_link_id", "user_id", "package_id"),)

    registration_id: Mapped[UUID] = mapped_column(ForeignKey("registration.id", ondelete="CASCADE"), primary_key=True)
    resource_link_id: Mapped[UUID] = mapped_column(ForeignKey("resource_link.id", ondelete="CASCADE"))
    package_id: Mapped[UUID] = mapped_column(ForeignKey("package.id", ondelete="CASCADE"))
    user_id: Mapped[str]


class LineItemRow(Base, TenantOwned, Timestamped):
    """The gradebook column of a link. `url` is None until the Hub has found or made it in the container, and again
    when it is gone. `resource_id` and `tag` are what it is found by then; `score_maximum` is its scale, as it was read
    at `checked_at`. `results` are the platform's grades by user, as they were read at `results_at`."""

    __tablename__ = "line_item"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    resource_link_id: Mapped[UUID] = mapped_column(ForeignKey("resource_link.id", ondelete="CASCADE"), unique=True)
    url: Mapped[str | None]
    container_url: Mapped[str | None]
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    resource_id: Mapped[str | None]
    tag: Mapped[str | None]
    score_maximum: Mapped[Decimal | None] = mapped_column(Numeric())
    checked_at: Mapped[datetime | None]
    results: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    results_at: Mapped[datetime | None]


class ScoreDeliveryRow(Base, TenantOwned, Timestamped):
    """One score on its way to a gradebook.

    `status`: pending (the newest, to be sent), sending (a worker is at it until `leased_until`), delivered, failed (a
    person has to look), superseded (a newer one took its place). At most one is pending and at most one is being sent
    for a learner in a line item. `scored_at` is the time that the platform is told; it rises with every score.
    """

    __tablename__ = "score_delivery"
    __table_args__ = (
        Index(
            "score_delivery_pending_key",
            "line_item_id",
            "user_id",
            unique=True,
            postgresql_where=text("status = 'pending'"),
        ),
        Index(
            "score_delivery_sending_key",
            "line_item_id",
            "user_id",
            unique=True,
            postgresql_where=text("status = 'sending'"),
        ),
        Index("score_delivery_pair_idx", "line_item_id", "user_id", "scored_at"),
        Index("score_delivery_listing_idx", "tenant_id", "created_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    line_item_id: Mapped[UUID] = mapped_column(ForeignKey("line_item.id", ondelete="CASCADE"))
    registration_id: Mapped[UUID] = mapped_column(ForeignKey("registration.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[str]
    status: Mapped[str]
    score_given: Mapped[Decimal | None] = mapped_column(Numeric())
    score_maximum: Mapped[Decimal] = mapped_column(Numeric())
    activity_progress: Mapped[str]
    grading_progress: Mapped[str]
    scored_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    leased_until: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    submitted_at: Mapped[datetime | None]
    comment: Mapped[str | None]
    last_error: Mapped[str | None]
    delivered_at: Mapped[datetime | None]
