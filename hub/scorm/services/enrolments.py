"""Enrolling many people at once: a cohort's members, their accounts, and their registrations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from hub.db import Database, UnitOfWork
from hub.db.audit import record
from hub.errors import TooLarge, Unprocessable, Violation
from hub.identity import Principal
from hub.oauth.services.users import Account, Users
from hub.oauth.spec.addresses import checked_email
from hub.oauth.spec.names import checked_name
from hub.ports import Clock, Ids
from hub.scorm.services.cohorts import seen_cohort
from hub.scorm.services.learners import OWN_SOURCE
from hub.scorm.spec.enrolment import LARGEST_FILE, MOST_FAULTS, Wish, Wishes, fault, read
from hub.scorm.storage import cohorts
from hub.scorm.storage.tables_reach import CohortMember
from hub.scorm.storage.tables_runtime import Learner


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What an enrolment did: lines of the file, and how many accounts, members and registrations are new."""

    lines: int
    accounts: int
    members: int
    registrations: int


class Enrolments:
    """Enrols people in cohorts."""

    def __init__(self, db: Database, clock: Clock, ids: Ids, accounts: Users) -> None:
        self._db = db
        self._clock = clock
        self._ids = ids
        self._accounts = accounts

    def enrol(
        self, principal: Principal, cohort_id: UUID, file: BinaryIO, package: str = "", language: str = "en"
    ) -> Enrolled:
        """Enrol everybody in a CSV file (`hub.scorm.spec.enrolment`) in a cohort, all or nobody.

        Who has no account gets one and an invitation in `language`; who is registered already stays so, and a file may
        be sent again. `package` is for lines that name none. `Unprocessable` lists every faulty line.
        """
        principal.require("enrolments.write")
        data = file.read(LARGEST_FILE + 1)
        if len(data) > LARGEST_FILE:
            raise TooLarge(f"The file is larger than {LARGEST_FILE // 1024**2} MB.", code="enrolment_too_large")
        wishes = read(data, package.strip(), checked_email, lambda text: checked_name(text, "user"))
        try:
            return self._enrol_all(principal, cohort_id, wishes, language)
        except IntegrityError:  # Somebody else enrolled one of them at the same moment: now the account is there.
            return self._enrol_all(principal, cohort_id, wishes, language)

    def _enrol_all(self, principal: Principal, cohort_id: UUID, wishes: Wishes, language: str) -> Enrolled:
        with self._db.unit_of_work(principal.tenant_id) as work:
            seen_cohort(work.session, principal, "enrolments.write", cohort_id)
            packages = cohorts.published_packages(
                work.session, principal.tenant_id, {wish.package for wish in wishes.lines}
            )
            faults = [*wishes.faults, *_package_faults(wishes.lines, packages)]
            accounts: Mapping[str, Account] = {}
            if not faults:
                accounts = self._accounts.ensure_learners(work, principal, _names(wishes.lines), language)
                faults = [
                    fault(wish.line, "email", "is that of an account that is closed", wish.email)
                    for wish in wishes.lines
                    if not accounts[wish.email].is_active
                ]
            if faults:  # Raised inside, so that nothing of it is kept.
                raise _refused(faults)
            return self._enrol(work, principal, cohort_id, wishes.lines, accounts, packages)

    def _enrol(
        self,
        work: UnitOfWork,
        principal: Principal,
        cohort_id: UUID,
        lines: Sequence[Wish],
        accounts: Mapping[str, Account],
        packages: Mapping[str, tuple[UUID, UUID | None]],
    ) -> Enrolled:
        learners = self._learners(work, principal.tenant_id, list(accounts.values()))
        pairs = [
            {"tenant_id": principal.tenant_id, "cohort_id": cohort_id, "learner_id": learner_id}
            for learner_id in learners.values()
        ]
        members = cohorts.connect(work.session, CohortMember, pairs)
        registrations = cohorts.add_registrations(
            work.session,
            [
                self._registration(
                    principal.tenant_id, cohort_id, learners[accounts[wish.email].id], packages[wish.package]
                )
                for wish in lines
            ],
        )
        new = sum(account.is_new for account in accounts.values())
        done = Enrolled(len(lines), new, members, registrations)
        details = {"lines": done.lines, "accounts": new, "members": members, "registrations": registrations}
        details_of_packages: dict[str, Any] = {"packages": sorted(packages)}
        record(
            work.session, self._ids.uuid(), principal, "cohort.enrolled", str(cohort_id), details | details_of_packages
        )
        return done

    def _learners(self, work: UnitOfWork, tenant_id: UUID, accounts: Sequence[Account]) -> dict[UUID, UUID]:
        """The learner that each account is connected with, made where there is none."""
        known = cohorts.learners_of_users(work.session, tenant_id, [account.id for account in accounts])
        for account in accounts:
            if account.id not in known:
                known[account.id] = self._ids.uuid()
                work.session.add(
                    Learner(
                        id=known[account.id],
                        tenant_id=tenant_id,
                        source=OWN_SOURCE,
                        subject=str(account.id),
                        name=account.name,
                        email=account.email,
                        user_id=account.id,
                    )
                )
        work.session.flush()
        return known

    def _registration(
        self, tenant_id: UUID, cohort_id: UUID, learner_id: UUID, package: tuple[UUID, UUID | None]
    ) -> dict[str, object]:
        new_id = self._ids.uuid()
        package_id, version_id = package
        return {
            "id": new_id,
            "tenant_id": tenant_id,
            "external_id": str(new_id),
            "learner_id": learner_id,
            "package_id": package_id,
            "package_version_id": version_id,
            "context_key": cohorts.context_of(cohort_id),
            "changed_at": self._clock.now(),
        }


def _names(lines: Sequence[Wish]) -> dict[str, str]:
    """The name for each address: the first that is given, else the address."""
    names: dict[str, str] = {}
    for wish in lines:
        names[wish.email] = names.get(wish.email) or wish.name
    return {email: name or email for email, name in names.items()}


def _package_faults(lines: Sequence[Wish], packages: Mapping[str, tuple[UUID, UUID | None]]) -> list[Violation]:
    faults = []
    for wish in lines:
        if wish.package not in packages:
            faults.append(fault(wish.line, "package", "is not the id of a package", wish.package))
        elif packages[wish.package][1] is None:
            faults.append(fault(wish.line, "package", "has no published version yet", wish.package))
    return faults


def _refused(faults: Sequence[Violation]) -> Unprocessable:
    def place(one: Violation) -> int:
        number = one.where.partition(",")[0].removeprefix("line ")
        return int(number) if number.isdigit() else 0

    listed = sorted(faults, key=place)[:MOST_FAULTS]
    return Unprocessable(
        "Nobody was enrolled, because some lines are faulty. Correct them and send the whole file again.",
        code="bad_enrolment",
        violations=listed,
    )
