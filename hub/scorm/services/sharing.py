"""Sharing packages: who besides the author may change one."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.orm import Session

from hub.db import Database
from hub.db.audit import record
from hub.db.people import person_of_tenant
from hub.errors import NotFound, say
from hub.identity import Principal
from hub.ports import Ids
from hub.scorm.services.cohorts import PersonView
from hub.scorm.storage import editors, packages
from hub.scorm.storage.tables import Package


class Sharing:
    """Who may change which package."""

    def __init__(self, db: Database, ids: Ids) -> None:
        self._db = db
        self._ids = ids

    def may_edit(self, principal: Principal, package_id: str) -> bool:
        """Whether `principal` may change this package."""
        with self._db.read(principal.tenant_id) as session:
            package = _package(session, principal, package_id)
            return principal.may("packages.write") and editors.may_edit(session, principal, package.id)

    def editors(self, principal: Principal, package_id: str) -> Sequence[PersonView]:
        """Who may change a package because they made it or it was shared with them."""
        principal.require("packages.read")
        with self._db.read(principal.tenant_id) as session:
            package = _package(session, principal, package_id)
            return [PersonView.of(user) for user in editors.of_package(session, principal.tenant_id, package.id)]

    def share(self, principal: Principal, package_id: str, whom: str) -> None:
        """Let a user (an id or e-mail address) change the package, if their roles let them change any."""
        principal.require("packages.write")
        with self._db.unit_of_work(principal.tenant_id) as work:
            package = _package(work.session, principal, package_id, is_to_change=True)
            person = person_of_tenant(work.session, principal.tenant_id, whom)
            if editors.add(work.session, principal.tenant_id, package.id, person.id):
                self._audit(work.session, principal, "package.shared", package_id, person.id)

    def withdraw(self, principal: Principal, package_id: str, user_id: UUID) -> None:
        """Let a user change the package no longer."""
        principal.require("packages.write")
        with self._db.unit_of_work(principal.tenant_id) as work:
            package = _package(work.session, principal, package_id, is_to_change=True)
            if not editors.remove(work.session, principal.tenant_id, package.id, user_id):
                raise NotFound("The package was not shared with such a user.", code="editor_not_found")
            self._audit(work.session, principal, "package.share_withdrawn", package_id, user_id)

    def _audit(self, session: Session, principal: Principal, deed: str, package_id: str, user_id: UUID) -> None:
        record(session, self._ids.uuid(), principal, deed, package_id, {"user": str(user_id)})


def _package(session: Session, principal: Principal, package_id: str, *, is_to_change: bool = False) -> Package:
    package = packages.find(session, principal.tenant_id, package_id)
    if package is None:
        raise NotFound(say("There is no package %(package)s.", package=package_id), code="package_not_found")
    if is_to_change:
        editors.require_editor(session, principal, package)
    return package
