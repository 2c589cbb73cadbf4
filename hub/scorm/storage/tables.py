"""Tables of what was imported: package, its versions, their activities, and the import jobs.

A package is what an author names; a version is one zip that was taken in, never changed afterwards. Registrations
refer to a version, so that an attempt ends on the content that it began with.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from hub.db.base import Base, TenantOwned, Timestamped


class Package(Base, TenantOwned, Timestamped):
    """A course as its author knows it.

    `external_id` is the id of the API: the caller's own, or the text of `id`. A deleted package keeps its row
    (`deleted_at`) because registrations and reports refer to it; its objects are gone.
    """

    __tablename__ = "package"
    __table_args__ = (
        Index(
            "package_external_id_key",
            "tenant_id",
            "external_id",
            unique=True,
            postgresql_where=text("deleted_at IS NULL"),
        ),
        Index("package_tenant_id_created_at_idx", "tenant_id", "created_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    external_id: Mapped[str]
    title: Mapped[str]
    description: Mapped[str] = mapped_column(server_default="")
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    published_version_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("package_version.id", use_alter=True, ondelete="SET NULL")
    )
    revision: Mapped[int] = mapped_column(server_default=text("1"))
    thumbnail: Mapped[str | None]
    updated_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]


class PackageThumbnail(Base, TenantOwned):
    """The small picture of a package, a JPEG that we drew; `package.thumbnail` is its hash.

    One that a person has chosen (`is_chosen`) is not replaced by that of a new version.
    """

    __tablename__ = "package_thumbnail"

    package_id: Mapped[UUID] = mapped_column(ForeignKey("package.id", ondelete="CASCADE"), primary_key=True)
    image: Mapped[bytes]
    is_chosen: Mapped[bool]


class PackageVersion(Base, TenantOwned, Timestamped):
    """One imported zip. Its files lie in the object store under `content_prefix`, the zip itself at `archive_key`.

    Versions of the same bytes share both: the objects go with the last version of a package that is not deleted.
    `course` is the whole Course model (`hub.scorm.spec.manifest.course`) as JSON; `files` lists
    `[path, size, content_type, crc32]` of every file of the content, relative to `content_prefix`.
    """

    __tablename__ = "package_version"
    __table_args__ = (
        UniqueConstraint("package_id", "number"),
        Index("package_version_archive_sha256_idx", "tenant_id", "archive_sha256"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    package_id: Mapped[UUID] = mapped_column(ForeignKey("package.id", ondelete="CASCADE"))
    number: Mapped[int]
    standard: Mapped[str]
    edition: Mapped[str | None]
    title: Mapped[str]
    default_organization: Mapped[str]
    content_prefix: Mapped[str]
    file_count: Mapped[int]
    content_size: Mapped[int] = mapped_column(BigInteger)
    archive_key: Mapped[str]
    archive_name: Mapped[str]
    archive_size: Mapped[int] = mapped_column(BigInteger)
    archive_sha256: Mapped[str]
    created_by: Mapped[str]
    course: Mapped[dict] = mapped_column(JSONB, deferred=True)
    files: Mapped[list] = mapped_column(JSONB, deferred=True)
    findings: Mapped[list] = mapped_column(JSONB, deferred=True)


class Activity(Base, TenantOwned):
    """A node of a version's activity tree, in document order (`position`, counted over the whole version).

    `kind` is `organization` for a root and `item` below it (`block` and `au` in cmi5). `href` is the launch address
    relative to the content prefix, percent-encoded, with the item's parameters joined; an absolute URL is content that
    lives elsewhere; None is a cluster. `scorm_type` is `sco` or `asset`. `objectives` are the ids to create in
    `cmi.objectives` before launch, the primary one first. `sequencing` is the item's sequencing definition as read,
    merged with the collection.
    """

    __tablename__ = "activity"
    __table_args__ = (UniqueConstraint("package_version_id", "organization", "identifier"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    package_version_id: Mapped[UUID] = mapped_column(ForeignKey("package_version.id", ondelete="CASCADE"), index=True)
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("activity.id", ondelete="CASCADE"))
    organization: Mapped[str]
    kind: Mapped[str]
    identifier: Mapped[str]
    position: Mapped[int]
    depth: Mapped[int]
    title: Mapped[str]
    href: Mapped[str | None]
    scorm_type: Mapped[str | None]
    is_visible: Mapped[bool]
    launch_data: Mapped[str | None]
    mastery_score: Mapped[float | None]
    max_time_allowed: Mapped[str | None]
    time_limit_action: Mapped[str | None]
    prerequisites: Mapped[str | None]
    completion_threshold: Mapped[float | None]
    completed_by_measure: Mapped[bool] = mapped_column(server_default=text("false"))
    progress_weight: Mapped[float] = mapped_column(server_default=text("1"))
    scaled_passing_score: Mapped[float | None]
    hide_lms_ui: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    objectives: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    sequencing: Mapped[dict | None] = mapped_column(JSONB)


class ImportJob(Base, TenantOwned, Timestamped):
    """One package on its way in: queued, checking, storing, then ready or failed.

    `package_id` and `version_id` are what this run is building (there is no such row yet); a worker that finds another
    version there has been overtaken. `leased_until` keeps a second delivery of the same job away while a worker is at
    it. Until the worker has the zip in the store, `archive_sha256` is null and the zip is at `fetch_url` (which may
    hold credentials and is cleared then; people see `source_url`) or in the pieces of the upload `upload_id`.
    """

    __tablename__ = "import_job"
    __table_args__ = (
        Index("import_job_tenant_id_created_at_idx", "tenant_id", "created_at", "id"),
        Index(
            "import_job_idempotency_key",
            "tenant_id",
            "created_by",
            "idempotency_key",
            unique=True,
            postgresql_where=text("idempotency_key IS NOT NULL"),
        ),
        Index(
            "import_job_open_idx", "leased_until", postgresql_where=text("state IN ('queued', 'checking', 'storing')")
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    state: Mapped[str]
    progress: Mapped[int] = mapped_column(server_default=text("0"))
    package_external_id: Mapped[str | None]
    package_id: Mapped[UUID | None]
    version_id: Mapped[UUID | None]
    archive_key: Mapped[str]
    archive_name: Mapped[str]
    archive_size: Mapped[int] = mapped_column(BigInteger)
    archive_sha256: Mapped[str | None]
    source_url: Mapped[str | None]
    fetch_url: Mapped[str | None]
    upload_id: Mapped[UUID | None]
    verdict: Mapped[str | None]
    findings: Mapped[list] = mapped_column(JSONB, server_default=text("'[]'"))
    created_by: Mapped[str]
    idempotency_key: Mapped[str | None]
    tries: Mapped[int] = mapped_column(server_default=text("0"))
    leased_until: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class IncomingUpload(Base, TenantOwned, Timestamped):
    """A zip that arrives in pieces (tus), or straight in the object store (`is_direct`), before it becomes a job.

    `received` of its `size` bytes are safe in the store; what is not finished by `expires_at` is removed.
    """

    __tablename__ = "incoming_upload"
    __table_args__ = (Index("incoming_upload_expires_at_idx", "expires_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    received: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    is_direct: Mapped[bool] = mapped_column(server_default=text("false"))
    package_external_id: Mapped[str | None]
    created_by: Mapped[str]
    expires_at: Mapped[datetime]
    job_id: Mapped[UUID | None]


class UploadPiece(Base, TenantOwned):
    """The bytes of an upload from `start` on, as one object. Of two that begin at the same place the first counts."""

    __tablename__ = "upload_piece"

    upload_id: Mapped[UUID] = mapped_column(ForeignKey("incoming_upload.id", ondelete="CASCADE"), primary_key=True)
    start: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    object_key: Mapped[str]
