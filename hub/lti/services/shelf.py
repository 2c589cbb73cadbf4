"""The packages that a teacher may put into a course: those of the tenant that learners can start."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from hub.db import UnitOfWork
from hub.errors import NotFound
from hub.identity import Principal
from hub.scorm.services.packages import Packages, PackageView

MOST_SHOWN = 200


@dataclass(frozen=True, slots=True)
class PackageChoice:
    """A package by its id, its name in links (the API's id), title, description, and the path of its picture."""

    id: UUID
    name: str
    title: str
    description: str
    thumbnail: str | None


class Shelf:
    """Finds packages by what a platform or a teacher calls them."""

    def __init__(self, packages: Packages) -> None:
        self._packages = packages

    def search(self, principal: Principal, words: str) -> Sequence[PackageChoice]:
        """Up to 200 packages, the newest first, in whose title, description or id all the words occur."""
        found = self._packages.page(principal, words, limit=MOST_SHOWN)
        return [_choice(package) for package in found if package.published]

    def find(self, principal: Principal, name: str) -> PackageChoice | None:
        """The package of that name; None when there is none that learners can start."""
        try:
            package = self._packages.get(principal, name)
        except NotFound:
            return None
        return _choice(package) if package.published else None

    def startable(self, principal: Principal, name: str, work: UnitOfWork) -> UUID | None:
        """The id of the package of that name, in the caller's transaction; None where learners cannot start it."""
        return self._packages.startable(principal, name, within=work)


def _choice(package: PackageView) -> PackageChoice:
    return PackageChoice(package.uuid, package.id, package.title, package.description, package.thumbnail)
