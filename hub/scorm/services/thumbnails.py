"""Small pictures of packages: found in the content or chosen by a person, always drawn anew by us.

They are kept in the database, with the package: a few kilobytes each. Their address names tenant, package and the hash
of the picture, which nobody knows who was not given it; so platforms and lists can show it without a credential.
"""

from hashlib import sha256
from typing import BinaryIO
from uuid import UUID

import structlog

from hub.db import Database, UnitOfWork
from hub.db.audit import record
from hub.errors import HubError, Invalid, NotFound, TooLarge, say
from hub.identity import Principal
from hub.ports import Ids, Pictures
from hub.scorm.spec.manifest import pictures
from hub.scorm.spec.manifest.archive import ByteSource, read_entry
from hub.scorm.spec.manifest.findings import Refused
from hub.scorm.spec.manifest.package import Reading
from hub.scorm.storage import editors, packages, thumbnails
from hub.scorm.storage.tables import Package

#: Bytes of a picture that are read.
LARGEST_PICTURE = pictures.LARGEST_BYTES

log = structlog.get_logger(__name__)


class Thumbnails:
    """The pictures of a tenant's packages."""

    def __init__(self, db: Database, ids: Ids, drawing: Pictures) -> None:
        self._db = db
        self._ids = ids
        self._drawing = drawing

    def choose(self, principal: Principal, package_id: str, body: BinaryIO) -> None:
        """Show this picture (PNG, JPEG, GIF or WebP) for the package, whatever its versions bring along.

        `Invalid` when it cannot be read, `TooLarge` beyond 5 MB.
        """
        principal.require("packages.write")
        data = body.read(LARGEST_PICTURE + 1)
        if len(data) > LARGEST_PICTURE:
            message = say("The picture is larger than %(most)s MB.", most=LARGEST_PICTURE // 1024**2)
            raise TooLarge(message, code="picture_too_large")
        if not data:
            raise Invalid("No picture was sent.", code="bad_picture")
        image = self._drawing.thumbnail(data)
        with self._db.unit_of_work(principal.tenant_id) as work:
            package = self._package(work, principal, package_id)
            before = package.thumbnail
            _keep(work, package, image, is_chosen=True)
            self._record(work, principal, package, before)

    def remove(self, principal: Principal, package_id: str) -> None:
        """Show the plain tile; the next version's own picture takes its place."""
        principal.require("packages.write")
        with self._db.unit_of_work(principal.tenant_id) as work:
            package = self._package(work, principal, package_id)
            before = package.thumbnail
            thumbnails.remove(work.session, package.tenant_id, package.id)
            package.thumbnail = None
            self._record(work, principal, package, before)

    def image(self, tenant_id: UUID, package_id: UUID, digest: str) -> bytes:
        """The JPEG at an address. `NotFound` unless all three belong together."""
        with self._db.read(tenant_id) as session:
            image = thumbnails.image(session, tenant_id, package_id)
        if image is None or _digest(image) != digest:
            raise NotFound("There is no such picture.", code="picture_not_found")
        return image

    def drawn_from(self, source: ByteSource, reading: Reading) -> bytes | None:
        """The picture that a package brings along; None when there is none that can be read."""
        entry = pictures.picture_of(reading.entries)
        if entry is None:
            return None
        try:
            return self._drawing.thumbnail(b"".join(read_entry(source, entry)))
        except (HubError, Refused) as error:
            log.info("picture_left_out", file=entry.name, reason=str(error))
            return None

    def keep(self, work: UnitOfWork, package: Package, image: bytes) -> None:
        """Show the picture of the newest version, unless a person chose another."""
        if not thumbnails.is_chosen(work.session, package.tenant_id, package.id):
            _keep(work, package, image, is_chosen=False)

    def _package(self, work: UnitOfWork, principal: Principal, package_id: str) -> Package:
        package = packages.find(work.session, principal.tenant_id, package_id, for_update=True)
        if package is None:
            raise NotFound(say("There is no package %(package)s.", package=package_id), code="package_not_found")
        editors.require_editor(work.session, principal, package)
        return package

    def _record(self, work: UnitOfWork, principal: Principal, package: Package, before: str | None) -> None:
        """The pictures by their hashes, which are in their addresses, too."""
        details = {"before": {"thumbnail": before}, "after": {"thumbnail": package.thumbnail}}
        record(work.session, self._ids.uuid(), principal, "package.changed", package.external_id, details)


def _keep(work: UnitOfWork, package: Package, image: bytes, *, is_chosen: bool) -> None:
    thumbnails.put(work.session, package.tenant_id, package.id, image, is_chosen=is_chosen)
    package.thumbnail = _digest(image)


def _digest(image: bytes) -> str:
    return sha256(image).hexdigest()[:32]
