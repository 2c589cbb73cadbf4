"""What is set for packages: read, changed, and looked up at launches."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from hub.db import Database
from hub.db.audit import record
from hub.errors import NotFound, PreconditionFailed, Unprocessable, say
from hub.identity import Principal
from hub.ports import Clock, Ids
from hub.scorm.spec.settings import Effective, SetBy, effective, faults, merged
from hub.scorm.storage import editors, packages, settings


@dataclass(frozen=True, slots=True)
class SettingsView:
    """The settings of a package, or of one version (`version` None: the package).

    `values` are those that count, `set_by` says where each is from; `own` is what is set here. `revision` is the ETag.
    """

    package_id: str
    version: int | None
    values: Mapping[str, Any]
    set_by: Mapping[str, SetBy]
    own: Mapping[str, Any]
    revision: int


class SettingsOfPackages:
    """Reads and changes what is set for packages."""

    def __init__(self, db: Database, clock: Clock, ids: Ids) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids

    def get(self, principal: Principal, package_id: str, version: int | None = None) -> SettingsView:
        """What is set for a package or one of its versions. Raises `NotFound`."""
        principal.require("packages.read")
        with self._db.read(principal.tenant_id) as session:
            package = _package(session, principal, package_id, version)
            return _view(session, principal, package_id, package, version)

    def change(
        self,
        principal: Principal,
        package_id: str,
        changes: Mapping[str, Any],
        version: int | None = None,
        revision: int | None = None,
    ) -> SettingsView:
        """Set values; None takes one away, so that it is inherited again.

        With `revision` the change is refused with `PreconditionFailed` when somebody changed them since. Attempts that
        have begun keep the rules of their results; windows and navigation follow at the next launch.
        """
        principal.require("packages.write")
        found = faults(changes)
        if found:
            raise Unprocessable("Some of the settings cannot be.", code="bad_settings", violations=found)
        with self._db.unit_of_work(principal.tenant_id) as work:
            package = _package(work.session, principal, package_id, version, is_to_change=True)
            number = version or settings.PACKAGE
            row = settings.lock(work.session, principal.tenant_id, package, number, self._clock.now())
            if revision is not None and revision != row.revision:
                raise PreconditionFailed("Somebody else has changed the settings since.", code="changed_meanwhile")
            after = merged(row.values, changes)
            if after != row.values:
                details = {"version": version, "before": row.values, "after": after}
                record(work.session, self._ids.uuid(), principal, "package.settings_changed", package_id, details)
                row.values, row.revision, row.changed_at = after, row.revision + 1, self._clock.now()
            work.session.flush()
            return _view(work.session, principal, package_id, package, version)


def settings_of_version(session: Session, tenant_id: UUID, version_id: UUID) -> Effective:
    """The settings that a launch of this version goes by."""
    return effective(*settings.of_version(session, tenant_id, version_id))


def kept_with_attempt(found: Effective) -> dict[str, Any]:
    """What an attempt keeps of the settings that it begins with: all that was set."""
    values = asdict(found.values)
    return {name: values[name] for name, source in found.set_by.items() if source != "default"}


def _package(
    session: Session, principal: Principal, package_id: str, version: int | None, *, is_to_change: bool = False
) -> UUID:
    row = packages.find(session, principal.tenant_id, package_id)
    if row is None:
        raise NotFound(say("There is no package %(package)s.", package=package_id), code="package_not_found")
    if is_to_change:
        editors.require_editor(session, principal, row)
    if version is not None and packages.version(session, principal.tenant_id, row.id, version) is None:
        raise NotFound(say("The package has no version %(version)s.", version=version), code="version_not_found")
    return row.id


def _view(session: Session, principal: Principal, package_id: str, package: UUID, version: int | None) -> SettingsView:
    rows = settings.rows(session, principal.tenant_id, package, version or settings.PACKAGE)
    kept = {number: row.values for number, row in rows.items()}
    own = kept.get(version or settings.PACKAGE, {})
    found = effective(kept.get(settings.PACKAGE, {}), own if version else None)
    mine = rows.get(version or settings.PACKAGE)
    return SettingsView(package_id, version, asdict(found.values), found.set_by, own, mine.revision if mine else 0)
