"""What the player and the packages have of a person: learners with all that they did, and what authors brought in."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from uuid import UUID

from hub.db import Database
from hub.db.personal_rows import Part, counted, removed, told
from hub.personal_data import Collection, Erasure, File, Holding, Identity, Person
from hub.ports import Clock
from hub.scorm.services.learners import LearnerView, view_of
from hub.scorm.spec.statements import actor, pseudonymous_actor
from hub.scorm.storage import personal_data as storage
from hub.scorm.storage.tables_reports import Answer, ReplayRecord
from hub.scorm.storage.tables_runtime import Learner, RuntimeState

#: Learners that one look-up shows.
MOST_FOUND = 50
_ATTEMPTS_AT_ONCE = 100
_LAUNCHES_AT_ONCE, _REGISTRATIONS_AT_ONCE = 1_000, 200
#: The source of learners who were erased.
ERASED = "erased"


class PersonalLearning:
    """`hub.personal_data.Holder` of packages, registrations and everything that is played."""

    def __init__(self, db: Database, clock: Clock, public_url: str) -> None:
        self._db = db
        self._clock = clock
        self._public_url = public_url

    def look_up(self, tenant_id: UUID, words: str) -> Sequence[Identity]:
        """Learners by their id here or at their source, by e-mail address, by a part of the name, or by the id or the
        e-mail address of the account by which they sign in here."""
        with self._db.read(tenant_id) as session:
            return [self._identity(row) for row in storage.learners_like(session, tenant_id, words, MOST_FOUND)]

    def _identity(self, row: Learner) -> Identity:
        known_as = [actor(self._public_url, row.source, row.subject, "")]
        if row.pseudonym is not None:
            known_as.append(pseudonymous_actor(self._public_url, row.pseudonym))
        agents = tuple(_identifier(each) for each in known_as)
        label = f"{row.name or row.email or row.subject} ({row.source})"
        texts = tuple(filter(None, (row.name, row.email)))
        return Identity("learner", str(row.id), label, agents, texts, None if row.user_id is None else str(row.user_id))

    def learners(self, person: Person) -> list[LearnerView]:
        """The learners whom the person is."""
        with self._db.read(person.tenant_id) as session:
            return [view_of(row) for row in storage.learners_of(session, person.tenant_id, person.learners)]

    def registrations(self, person: Person) -> Sequence[UUID]:
        """The ids of the person's registrations."""
        with self._db.read(person.tenant_id) as session:
            return storage.registrations_of(session, person.tenant_id, person.learners)

    def holdings(self, person: Person) -> Sequence[Holding]:
        """Learners, registrations, attempts and what hangs on them; imports and uploads by the person."""
        with self._db.read(person.tenant_id) as session:
            return [Holding(part.kind, counted(session, part)) for part in _parts(person)]

    def tell(self, person: Person) -> Iterator[Collection | File]:
        """Each of them as a collection."""
        for part in _parts(person):
            yield Collection(part.file_name, lambda part=part: self._rows(person.tenant_id, part))  # type: ignore[misc]

    def _rows(self, tenant_id: UUID, part: Part) -> Iterator[dict[str, object]]:
        with self._db.read(tenant_id) as session:
            yield from told(session, part)

    def erase(self, person: Person, how: Erasure) -> None:
        """Replays go. The rest goes too, or keeps results only, under a name that leads to nobody."""
        if person.learners:
            self._erase_learning(person, how)
        for part in storage.parts_made_by(person.tenant_id, _authors(person)):
            with self._db.unit_of_work(person.tenant_id) as work:
                count = storage.rename_made_by(work.session, part, f"{ERASED}:{how.pseudonym}")
                how.note(work.session, part.kind, "pseudonymised", count)

    def _erase_learning(self, person: Person, how: Erasure) -> None:
        tenant_id = person.tenant_id
        registrations = self.registrations(person)
        with self._db.unit_of_work(tenant_id) as work:
            storage.end_launches(work.session, tenant_id, registrations, self._clock.now())
            attempts = storage.attempts_of(work.session, tenant_id, registrations)
        for start in range(0, len(attempts), _ATTEMPTS_AT_ONCE):
            self._erase_attempts(tenant_id, attempts[start : start + _ATTEMPTS_AT_ONCE], how)
        if how.treatment == "remove":
            self._remove(person, how)
        else:
            self._rename(person, registrations, how)

    def _erase_attempts(self, tenant_id: UUID, attempts: Sequence[UUID], how: Erasure) -> None:
        with self._db.unit_of_work(tenant_id) as work:
            session = work.session
            gone = storage.delete_of_attempts(session, tenant_id, ReplayRecord, attempts)
            how.note(session, "replay records", "removed", gone)
            if how.treatment == "remove":
                for kind, model in (("answers", Answer), ("states of activities", RuntimeState)):
                    count = storage.delete_of_attempts(session, tenant_id, model, attempts)
                    how.note(session, kind, "removed", count)
                return
            emptied = storage.empty_states(session, tenant_id, attempts)
            how.note(session, "states of activities", "emptied", emptied)
            how.note(session, "answers", "emptied", storage.empty_written_answers(session, tenant_id, attempts))

    def _remove(self, person: Person, how: Erasure) -> None:
        """Inner things first, in one transaction: what is left are a few rows for each registration."""
        with self._db.unit_of_work(person.tenant_id) as work:
            for part in reversed(storage.parts_of(person.tenant_id, person.learners)):
                how.note(work.session, part.kind, "removed", removed(work.session, part))

    def _rename(self, person: Person, registrations: Sequence[UUID], how: Erasure) -> None:
        with self._db.unit_of_work(person.tenant_id) as work:
            renamed = storage.rename_registrations(work.session, person.tenant_id, registrations)
            how.note(work.session, "registrations", "pseudonymised", renamed)
            gone = storage.delete_comments(work.session, person.tenant_id, registrations)
            how.note(work.session, "comments", "removed", gone)
            for part in storage.parts_beside(person.tenant_id, person.learners):
                how.note(work.session, part.kind, "removed", removed(work.session, part))
            for number, row in enumerate(storage.learners_of(work.session, person.tenant_id, person.learners), 1):
                if row.source == ERASED:
                    continue
                row.source, row.subject = ERASED, f"{how.pseudonym}-{number}"
                row.name, row.email, row.pseudonym, row.user_id = "", None, None, None
                row.preferences, row.objectives, row.shared_data = {}, {}, {}
                how.note(work.session, "learners", "pseudonymised", 1)

    def expire_launches(self, tenant_id: UUID, before: datetime) -> int:
        """Remove a batch of launches from before a time; returns how many."""
        with self._db.unit_of_work(tenant_id) as work:
            return storage.delete_launches_before(work.session, tenant_id, before, _LAUNCHES_AT_ONCE)

    def expire_registrations(self, tenant_id: UUID, before: datetime) -> int:
        """Remove a batch of registrations that were not changed since a time, and of learners who have none; returns
        how many."""
        with self._db.unit_of_work(tenant_id) as work:
            return storage.delete_registrations_before(work.session, tenant_id, before, _REGISTRATIONS_AT_ONCE)


def _parts(person: Person) -> list[Part]:
    return storage.parts_of(person.tenant_id, person.learners) + storage.parts_made_by(
        person.tenant_id, _authors(person)
    )


def _authors(person: Person) -> list[str]:
    return [f"{kind}:{user}" for user in person.users for kind in ("user", "user_token")]


def _identifier(agent: dict[str, object]) -> dict[str, object]:
    return {"account": agent["account"]}
