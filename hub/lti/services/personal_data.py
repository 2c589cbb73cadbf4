"""What came of launches from platforms: links, scores, rosters, grades of a person."""

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from hub.db import Database
from hub.db.personal_rows import Part, counted, removed, told
from hub.lti.storage import personal_data as storage
from hub.lti.storage.personal_data import Subject
from hub.personal_data import Collection, Erasure, File, Holding, Identity, Person
from hub.scorm.services.personal_data import PersonalLearning

_GRADES = "grades that were read"


class PersonalGrades:
    """`hub.personal_data.Holder` of LTI. Whom platforms know, the player knows as learners: by them they are found."""

    def __init__(self, db: Database, learning: PersonalLearning) -> None:
        self._db = db
        self._learning = learning

    def look_up(self, tenant_id: UUID, words: str) -> Sequence[Identity]:
        """Nobody who is not a learner as well."""
        return ()

    def holdings(self, person: Person) -> Sequence[Holding]:
        """Links to courses, score deliveries, places in rosters, grades that were read from gradebooks."""
        subjects, parts = self._subjects(person), self._parts(person)
        with self._db.read(person.tenant_id) as session:
            counts = [Holding(part.kind, counted(session, part)) for part in parts]
            grades = sum(len(storage.grades_of(session, person.tenant_id, one)) for one in subjects)
        return [*counts, Holding(_GRADES, grades)]

    def tell(self, person: Person) -> Iterator[Collection | File]:
        """Each of them as a collection."""
        for part in self._parts(person):
            yield Collection(part.file_name, lambda part=part: self._rows(person.tenant_id, part))  # type: ignore[misc]
        yield Collection(_GRADES.replace(" ", "-"), lambda: self._grades(person))

    def _rows(self, tenant_id: UUID, part: Part) -> Iterator[dict[str, Any]]:
        with self._db.read(tenant_id) as session:
            yield from told(session, part)

    def _grades(self, person: Person) -> Iterator[dict[str, Any]]:
        with self._db.read(person.tenant_id) as session:
            for subject in self._subjects(person):
                for row in storage.grades_of(session, person.tenant_id, subject):
                    read_at = None if row.results_at is None else row.results_at.isoformat()
                    yield {"line_item": row.url, "read_at": read_at, "result": row.results[subject.user_id]}

    def erase(self, person: Person, how: Erasure) -> None:
        """All of it goes, whatever becomes of the results here: it leads to the person at the platform."""
        subjects = self._subjects(person)
        with self._db.unit_of_work(person.tenant_id) as work:
            for part in self._parts(person):
                how.note(work.session, part.kind, "removed", removed(work.session, part))
            for subject in subjects:
                rows_with = storage.grades_of(work.session, person.tenant_id, subject, lock=True)
                for row in rows_with:
                    row.results = {user: result for user, result in row.results.items() if user != subject.user_id}
                how.note(work.session, _GRADES, "removed", len(rows_with))

    def _subjects(self, person: Person) -> list[Subject]:
        return [Subject(one.source, one.subject) for one in self._learning.learners(person)]

    def _parts(self, person: Person) -> list[Part]:
        return storage.parts_of(person.tenant_id, self._subjects(person), self._learning.registrations(person))
