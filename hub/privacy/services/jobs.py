"""Exports and erasures: whom they may be about, asking for them, and doing the work.

The work is a job with an outbox message behind it. A worker holds the job by a lease that each batch renews; when it is
killed, another goes on where it stopped: an export begins anew, an erasure finds what is still there. A second delivery
of the message finds the job held or done.
"""

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, BinaryIO, cast
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from hub.db import EVERY_TENANT, Database
from hub.db.audit import record
from hub.errors import Conflict, Gone, HubError, Invalid, NotFound, Violation, say
from hub.identity import Principal
from hub.personal_data import Erasure, Holder, Holding, Identity, Note, Person, Treatment
from hub.ports import Clock, Ids, KeyRing, ObjectStore
from hub.privacy.services.archive import Archive
from hub.privacy.services.certificates import KEPT, certificate, fingerprint, signed
from hub.privacy.storage import jobs as storage
from hub.privacy.storage.tables import PrivacyJob

log = structlog.get_logger(__name__)

TOPIC = "privacy.run"

#: A worker that has not renewed its lease for so long is taken for dead.
LEASE = timedelta(seconds=60)
#: Workers that may die over one job before it is given up.
MOST_TRIES = 20
#: Rounds of an erasure: what comes while it runs is erased by the next.
_ROUNDS = 3
_TELL_SECONDS = 1.0
_FOLLOW_SECONDS = 0.5
_SWEPT_AT_ONCE = 100
_IN_MEMORY = 8 * 1024 * 1024

TREATMENTS: tuple[Treatment, ...] = ("remove", "pseudonymise")


class Busy(Exception):
    """Another worker is at the job."""


class _Overtaken(Exception):
    """This run lost its lease, and another one has begun."""


@dataclass(frozen=True, slots=True)
class JobView:
    """An export or erasure as others see it."""

    id: UUID
    kind: str
    state: str
    progress: int
    label: str
    treatment: str | None
    counts: Mapping[str, Mapping[str, int]]
    requested_by: str
    created_at: datetime
    finished_at: datetime | None
    expires_at: datetime | None
    size: int | None
    error: str | None
    certificate: Mapping[str, Any] | None
    signature: str | None = field(repr=False, default=None)

    @property
    def is_finished(self) -> bool:
        """Whether no worker will do more."""
        return self.state not in ("queued", "running")


@dataclass(frozen=True, slots=True)
class _Run:
    """One worker's work on a job."""

    tenant_id: UUID
    job_id: UUID
    id: UUID
    kind: str
    treatment: Treatment
    pseudonym: str
    identities: tuple[Identity, ...]

    @property
    def person(self) -> Person:
        return Person.of(self.tenant_id, self.identities)


class PrivacyJobs:
    """Find people, export what there is of them, erase it."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        ids: Ids,
        objects: ObjectStore,
        keys: KeyRing,
        holders: Sequence[Holder],
        check_erasure: Callable[[Principal, Person], None],
        export_days: int,
    ) -> None:
        """`holders` in the order in which they erase: doors are closed first. `check_erasure` raises where a person
        must not be erased, or not by that principal. `export_days` is how long an export can be downloaded."""
        self._db = db
        self._clock = clock
        self._ids = ids
        self._objects = objects
        self._keys = keys
        self._holders = holders
        self._check_erasure = check_erasure
        self._export_days = export_days

    # --- finding

    def look_up(self, principal: Principal, words: str) -> list[Identity]:
        """Everybody whom `words` may mean, and by what else the same e-mail addresses are known."""
        principal.require("privacy.read")
        return self._look_up(principal.tenant_id, words)

    def _look_up(self, tenant_id: UUID, words: str) -> list[Identity]:
        words = words.strip()
        found = self._ask(tenant_id, words) if words else []
        addresses = {text.lower() for each in found for text in each.texts if "@" in text} - {words.lower()}
        for address in sorted(addresses):
            found += [each for each in self._ask(tenant_id, address) if address in map(str.lower, each.texts)]
        return list({(each.kind, each.value): each for each in found}.values())

    def _ask(self, tenant_id: UUID, words: str) -> list[Identity]:
        return [identity for holder in self._holders for identity in holder.look_up(tenant_id, words)]

    def chosen(self, principal: Principal, chosen: Sequence[str]) -> list[Identity]:
        """The identities that somebody chose, each as `kind:value`; `Invalid` for one that is not there (any more)."""
        principal.require("privacy.read")
        found, faults = [], []
        for index, text in enumerate(chosen):
            kind, _, value = text.partition(":")
            same = [each for each in self._ask(principal.tenant_id, value) if (each.kind, each.value) == (kind, value)]
            found += same
            if not same:
                faults.append(
                    Violation("form", f"identity[{index}]", "is nobody of whom there is anything", text[:200])
                )
        if faults or not found:
            raise Invalid("Choose whom it is about.", code="no_such_identity", violations=faults)
        return found

    def holdings(self, principal: Principal, identities: Sequence[Identity]) -> list[Holding]:
        """What there is of the person of these identities, by kind."""
        principal.require("privacy.read")
        return self._holdings(Person.of(principal.tenant_id, identities))

    def _holdings(self, person: Person) -> list[Holding]:
        return [each for holder in self._holders for each in holder.holdings(person) if each.count]

    def own(self, principal: Principal, address: str | None) -> list[Identity]:
        """By what the person who is signed in is known: the account, the learners that are connected with it, and what
        has the same e-mail address.

        `address` is one that is proven to be theirs; by one that they only claim they would get what is another's.
        """
        found = self._look_up(principal.tenant_id, principal.id)
        found += self._look_up(principal.tenant_id, address) if address else []
        theirs = [
            each
            for each in found
            if principal.id in (each.account, each.value)
            or (each.kind != "account" and address and address.lower() in map(str.lower, each.texts))
        ]
        return list({(each.kind, each.value): each for each in theirs}.values())

    # --- asking

    def export(self, principal: Principal, identities: Sequence[Identity]) -> JobView:
        """Ask for an export of everything about the person of these identities."""
        principal.require("privacy.write")
        return self._queue(principal, "export", identities, None)

    def export_own(self, principal: Principal, address: str | None) -> JobView:
        """Ask for an export of what is about oneself, by the account and the e-mail `address` if that is proven."""
        return self._queue(principal, "export", self.own(principal, address), None)

    def erase(self, principal: Principal, identities: Sequence[Identity], treatment: str) -> JobView:
        """Ask for the erasure of the person of these identities. `Conflict` where nobody could administer the tenant
        any more."""
        principal.require("privacy.write")
        if treatment not in TREATMENTS:
            fault = Violation("request", "treatment", "is no treatment", treatment, list(TREATMENTS))
            raise Invalid("Say what becomes of the results.", violations=[fault])
        self._check_erasure(principal, Person.of(principal.tenant_id, identities))
        return self._queue(principal, "erasure", identities, treatment)

    def _queue(self, principal: Principal, kind: str, identities: Sequence[Identity], treatment: str | None) -> JobView:
        if not identities:
            raise Invalid("There is nobody to do that for.", code="no_such_identity")
        now = self._clock.now()
        job = PrivacyJob(
            id=self._ids.uuid(),
            tenant_id=principal.tenant_id,
            created_at=now,
            kind=kind,
            state="queued",
            progress=0,
            label=", ".join(each.label for each in identities)[:500],
            identities=[asdict(each) for each in identities],
            treatment=treatment,
            pseudonym=str(self._ids.uuid()),
            counts={},
            requested_by=principal.name,
            requested_by_user=UUID(principal.id) if principal.kind in ("user", "user_token") else None,
        )
        with self._db.unit_of_work(principal.tenant_id) as work:
            work.session.add(job)
            work.session.flush()
            work.enqueue(TOPIC, {"job_id": str(job.id)}, principal.tenant_id)
            about = {"treatment": treatment} if treatment else {}
            who = [self._for_audit(each) for each in identities]
            record(work.session, self._ids.uuid(), principal, f"{kind}.requested", str(job.id), {**about, "who": who})
        return _view(job)

    def _for_audit(self, identity: Identity) -> str:
        """An identity as the audit log may keep it for long: an id of ours, or the fingerprint of an agent."""
        value = identity.value if identity.kind != "agent" else fingerprint(self._keys, identity.value)
        return f"{identity.kind}:{value}"

    # --- telling

    def get(self, principal: Principal, job_id: UUID) -> JobView:
        """One job: of the tenant for those who look after data, one's own for everybody else; else `NotFound`."""
        with self._db.read(principal.tenant_id) as session:
            return _view(self._found(session, principal, job_id))

    def _found(self, session: Session, principal: Principal, job_id: UUID) -> PrivacyJob:
        job = storage.get(session, principal.tenant_id, job_id)
        is_own = job is not None and job.kind == "export" and str(job.requested_by_user) == principal.id
        if job is None or not (principal.may("privacy.read") or is_own):
            raise NotFound(say("There is no job %(job)s.", job=job_id), code="job_not_found")
        return job

    def page(
        self, principal: Principal, before: Sequence[Any] | None = None, limit: int = 50, *, own: bool = False
    ) -> list[JobView]:
        """Up to `limit` jobs, newest first, those before the sort key (created_at, id); only one's `own` ones if so."""
        if not own:
            principal.require("privacy.read")
        key = (datetime.fromisoformat(before[0]), UUID(before[1])) if before else None
        user_id = UUID(principal.id) if own else None
        with self._db.read(principal.tenant_id) as session:
            return [_view(row) for row in storage.page(session, principal.tenant_id, user_id, key, limit)]

    def download(self, principal: Principal, job_id: UUID) -> tuple[int, AbstractContextManager[Iterator[bytes]]]:
        """The size and the bytes of an export. `Gone` when its time is over, `Conflict` while it is being made."""
        with self._db.unit_of_work(principal.tenant_id) as work:
            job = self._found(work.session, principal, job_id)
            if job.kind != "export":
                raise NotFound("An erasure has nothing to download.", code="job_not_found")
            if job.state != "ready" and job.state != "expired":
                raise Conflict("The export is not ready.", code="not_ready")
            if job.object_key is None or job.expires_at is None or job.expires_at < self._clock.now():
                raise Gone("The export is no longer kept; ask for another.", code="export_expired")
            record(work.session, self._ids.uuid(), principal, "export.downloaded", str(job.id))
            key = job.object_key
        return self._objects.head(key).size, self._objects.open(key)

    # --- working

    def run(self, tenant_id: UUID, job_id: UUID) -> None:
        """Work on a job until it is done; nothing to do when it is. `Busy` while another worker is at it."""
        run = self._claim(tenant_id, job_id)
        if run is None:
            return
        try:
            if run.kind == "export":
                self._export(run)
            else:
                self._erase(run)
        except _Overtaken:
            log.warning("privacy_job_overtaken", job=str(job_id))
        except BaseException:
            self._let_go(run)
            raise

    def follow(self, tenant_id: UUID, job_id: UUID) -> None:
        """Work on a job, or wait until the worker that holds it is done: for commands."""
        while True:
            try:
                return self.run(tenant_id, job_id)
            except Busy:
                time.sleep(_FOLLOW_SECONDS)

    def _claim(self, tenant_id: UUID, job_id: UUID) -> _Run | None:
        now = self._clock.now()
        with self._db.unit_of_work(tenant_id) as work:
            job = storage.get(work.session, tenant_id, job_id, lock=True)
            if job is None or job.state not in ("queued", "running"):
                return None
            if job.leased_until is not None and job.leased_until > now:
                raise Busy
            job.tries += 1
            if job.tries > MOST_TRIES:
                job.state, job.finished_at, job.leased_until = "failed", now, None
                job.error = f"{MOST_TRIES} workers did not finish it."
                return None
            job.state, job.run, job.leased_until = "running", self._ids.uuid(), now + LEASE
            job.began_at = job.began_at or now
            identities = tuple(_identity(each) for each in job.identities)
            treatment = cast(Treatment, job.treatment or "remove")
            return _Run(tenant_id, job_id, job.run, job.kind, treatment, job.pseudonym, identities)

    def _renew(self, run: _Run, **values: Any) -> None:
        """Renew the lease and tell the progress; `_Overtaken` when the job is another run's now."""
        with self._db.unit_of_work(run.tenant_id) as work:
            self._renew_in(work.session, run, **values)

    def _renew_in(self, session: Session, run: _Run, **values: Any) -> None:
        leased_until = self._clock.now() + LEASE
        if not storage.renew(session, run.tenant_id, run.job_id, run.id, leased_until=leased_until, **values):
            raise _Overtaken

    def _let_go(self, run: _Run) -> None:
        """Give the job back after a fault, to be gone on with soon; if that fails too, the lease runs out."""
        try:
            self._renew(run, state="queued")
            with self._db.unit_of_work(run.tenant_id) as work:
                storage.renew(work.session, run.tenant_id, run.job_id, run.id, run=None, leased_until=None)
        except (HubError, _Overtaken):
            return

    # --- exporting

    def _export(self, run: _Run) -> None:
        person = run.person
        progress = _Progress(
            sum(each.count for each in self._holdings(person)) * 2, lambda done: self._renew(run, progress=done)
        )
        key = f"{run.tenant_id}/exports/{run.job_id}.zip"
        with tempfile.SpooledTemporaryFile(_IN_MEMORY) as file:
            archive = Archive(cast(BinaryIO, file), progress.add)
            for holder in self._holders:
                for thing in holder.tell(person):
                    archive.add(thing)
            made_at = self._clock.now()
            known = [{"kind": each.kind, "value": each.value, "name": each.label} for each in run.identities]
            archive.finish({"made_at": made_at.isoformat(), "about": known}, _README)
            size = file.tell()
            file.seek(0)
            self._objects.put(key, cast(BinaryIO, file), "application/zip")
        self._finish_export(run, key, size)

    def _finish_export(self, run: _Run, key: str, size: int) -> None:
        now = self._clock.now()
        ends = now + timedelta(days=self._export_days)
        with self._db.unit_of_work(run.tenant_id) as work:
            self._renew_in(work.session, run, state="ready", progress=100, object_key=key, size=size, expires_at=ends)
            storage.renew(work.session, run.tenant_id, run.job_id, run.id, finished_at=now, leased_until=None)

    # --- erasing

    def _erase(self, run: _Run) -> None:
        person = run.person
        expected = sum(each.count for each in self._holdings(person) if each.kind not in KEPT)
        how = Erasure(run.treatment, run.pseudonym, self._noter(run, expected))
        self._take_away_exports(run, how.note)
        for _ in range(_ROUNDS):
            for holder in self._holders:
                holder.erase(person, how)
            left = self._left(run, person)
            if all(each.kind in KEPT for each in left):
                break
        self._certify(run, left)

    def _left(self, run: _Run, person: Person) -> list[Holding]:
        """What can still be found of the person. Learners who were pseudonymised are nobody any more."""
        learners = () if run.treatment == "pseudonymise" else person.learners
        found = self._holdings(Person(person.tenant_id, person.users, learners, person.agents, person.texts))
        return found

    def _noter(self, run: _Run, expected: int) -> Note:
        """Counts in the transaction of what is counted; a run that was overtaken ends there, with nothing done."""

        def note(session: Session, kind: str, outcome: str, count: int) -> None:
            job = storage.get(session, run.tenant_id, run.job_id, lock=True)
            if job is None or job.run != run.id:
                raise _Overtaken
            if count:
                outcomes = dict(job.counts.get(kind, {}))
                outcomes[outcome] = outcomes.get(outcome, 0) + count
                job.counts = {**job.counts, kind: outcomes}
            done = sum(number for outcomes in job.counts.values() for number in outcomes.values())
            job.progress = max(job.progress, min(99, done * 100 // max(1, max(expected, job.expected))))
            job.expected = max(job.expected, expected)
            job.leased_until = self._clock.now() + LEASE
            session.flush()

        return note

    def _take_away_exports(self, run: _Run, note: Note) -> None:
        """Exports of the same person that were made before."""
        with self._db.unit_of_work(run.tenant_id) as work:
            values = [each.value for each in run.identities]
            for job in storage.exports_about(work.session, run.tenant_id, values):
                self._take_away(job)
                note(work.session, "exports", "removed", 1)

    def _take_away(self, job: PrivacyJob) -> None:
        if job.object_key is not None:
            self._objects.delete([job.object_key])
        job.object_key, job.state, job.label, job.identities = None, "expired", "", []

    def _certify(self, run: _Run, left: Sequence[Holding]) -> None:
        now = self._clock.now()
        with self._db.unit_of_work(run.tenant_id) as work:
            job = storage.get(work.session, run.tenant_id, run.job_id, lock=True)
            if job is None or job.run != run.id:
                raise _Overtaken
            content = certificate(self._keys, job, run.identities, left, now.isoformat())
            job.certificate, job.signature = content, signed(self._keys, content)
            job.state, job.progress, job.finished_at, job.leased_until = "ready", 100, now, None
            job.label, job.identities = "", []
            principal = Principal(run.tenant_id, "system", "hub", "Standards Hub")
            about = {"treatment": run.treatment, "counts": job.counts}
            record(work.session, self._ids.uuid(), principal, "erasure.finished", str(run.job_id), about)

    # --- looking after them

    def sweep(self) -> int:
        """Take away the exports whose time is over; returns how many."""
        with self._db.unit_of_work(EVERY_TENANT) as work:
            over = storage.expired(work.session, self._clock.now(), _SWEPT_AT_ONCE)
            for job in over:
                self._take_away(job)
            return len(over)


class _Progress:
    """Tells how much is done, at most once a second."""

    def __init__(self, total: int, tell: Callable[[int], None]) -> None:
        self._total = max(1, total)
        self._tell = tell
        self._done = 0
        self._told_at = time.monotonic()

    def add(self, count: int) -> None:
        """So much more is done."""
        self._done += count
        if time.monotonic() - self._told_at > _TELL_SECONDS:
            self._told_at = time.monotonic()
            self._tell(min(99, self._done * 100 // self._total))


_README = """\
This archive holds what Standards Hub keeps about one person, as it was when the archive was made.

index.json says whom it is about, and lists every file with the number of its entries.
Each kind of thing is there twice: as JSON (for programs) and as CSV (for spreadsheets).
statements-*: xAPI statements of a store; documents-*: state and profile documents; attachments-*: files of statements.
Times are in UTC. Passwords, keys and tokens are left out.
"""


def _identity(kept: Mapping[str, Any]) -> Identity:
    return Identity(
        kept["kind"],
        kept["value"],
        kept["label"],
        tuple(kept.get("agents", ())),
        tuple(kept.get("texts", ())),
        kept.get("account"),
    )


def _view(job: PrivacyJob) -> JobView:
    return JobView(
        job.id,
        job.kind,
        job.state,
        job.progress or 0,
        job.label,
        job.treatment,
        job.counts or {},
        job.requested_by,
        job.created_at,
        job.finished_at,
        job.expires_at,
        job.size,
        job.error,
        job.certificate,
        job.signature,
    )
