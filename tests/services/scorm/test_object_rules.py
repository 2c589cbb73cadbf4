"""Whose things: what a role allows reaches the objects that are connected with the person, and no others."""

import io
from dataclasses import dataclass, replace
from uuid import UUID, uuid4

import pytest

from hub.bootstrap import Hub
from hub.errors import Forbidden, NotFound, Unprocessable
from hub.identity import ROLES, Principal, system_principal
from hub.oauth.services.audit_log import AuditFilter, AuditLog
from hub.oauth.services.users import Users
from hub.scorm.services.analytics import Analytics
from hub.scorm.services.cohorts import Cohorts
from hub.scorm.services.enrolments import Enrolments
from hub.scorm.services.importing import Importing
from hub.scorm.services.imports import Imports, Upload
from hub.scorm.services.launches import Launches
from hub.scorm.services.learner_statements import LearnerStatements
from hub.scorm.services.learners import OWN_SOURCE, Learners
from hub.scorm.services.mentors import Mentors
from hub.scorm.services.own_courses import OwnCourses
from hub.scorm.services.package_settings import SettingsOfPackages
from hub.scorm.services.packages import Changes, Packages
from hub.scorm.services.registrations import Filters, Registrations, RegistrationView
from hub.scorm.services.sharing import Sharing
from hub.scorm.services.thumbnails import Thumbnails
from tests.support.at_once import overtaken
from tests.support.imports import imported
from tests.support.media import picture
from tests.support.packages import course_1_2
from tests.support.people import make_account
from tests.support.playing import Sco, Window, add_played_course, enrol
from tests.support.two_tenants import new_tenant


@dataclass
class School:
    """A tenant with a package and two registrations for it, of learners who have nothing to do with each other."""

    hub: Hub
    system: Principal
    package: UUID
    mine: RegistrationView
    others: RegistrationView

    def person(self, *roles: str) -> Principal:
        """Somebody with these roles, as after signing in."""
        person = make_account(self.hub, self.system, *roles).person
        actions = frozenset().union(*(ROLES[role].actions for role in roles))
        return Principal(self.system.tenant_id, "user", str(person.id), person.name, actions, roles=frozenset(roles))

    def seen_by(self, person: Principal) -> set[UUID]:
        """The registrations that a person finds, one by one as in the list."""
        registrations = self.hub.service(Registrations)
        listed = {row.id for row in registrations.page(person, Filters(), None, 50)}
        for row in (self.mine, self.others):
            if row.id in listed:
                assert registrations.get(person, row.id).registration.id == row.id
                assert registrations.find(person, row.external_id) == row.id
            else:
                for look in (registrations.get, registrations.find):
                    with pytest.raises(NotFound):
                        look(person, row.id if look == registrations.get else row.external_id)
        return listed

    def learners_of(self, person: Principal) -> set[UUID]:
        """The learners that a person finds."""
        learners = self.hub.service(Learners)
        listed = {row.id for row in learners.page(person, "", None, 50)}
        for row in (self.mine.learner, self.others.learner):
            if row.id not in listed:
                with pytest.raises(NotFound):
                    learners.get(person, row.id)
        return listed


@pytest.fixture
def school(hub: Hub, system: Principal) -> School:
    package = add_played_course(hub, system.tenant_id, "scorm_1_2", Sco("one"))
    mine, others = (enrol(hub, system, package, name) for name in ("Mine", "Other"))
    for row in (mine, others):
        Window(hub, system, row.id).play({"cmi.core.lesson_status": "completed"}, "one")
    return School(hub, system, package, mine, others)


@pytest.mark.parametrize("role", ["administrator", "reporting", "support"])
def test_some_roles_reach_everything(school, role):
    person = school.person(role)
    assert school.seen_by(person) == {school.mine.id, school.others.id}
    assert school.learners_of(person) == {school.mine.learner.id, school.others.learner.id}


@pytest.mark.parametrize("role", ["instructor", "mentor", "author", "representative"])
def test_the_others_reach_nothing_until_they_are_given_something(school, role):
    person = school.person(role)
    assert school.seen_by(person) == set()
    assert school.learners_of(person) == set()
    assert school.hub.service(Analytics).get(person, str(school.package)).overview.attempts == 0
    assert sum(day.launches for day in school.hub.service(Analytics).recent(person)) == 0


def test_a_person_without_any_role_reaches_nothing(school):
    """Fail closed: even with the actions of an administrator, no role means no objects."""
    nobody = replace(school.person("administrator"), roles=frozenset())
    assert school.seen_by(nobody) == set()
    with pytest.raises(Forbidden):
        school.hub.service(Packages).delete(nobody, str(school.package))


class TestMentors:
    def test_a_mentor_sees_the_learners_assigned_to_them(self, school, hub):
        mentor = school.person("mentor")
        mentors = hub.service(Mentors)
        mentors.assign(school.system, school.mine.learner.id, mentor.id)
        mentors.assign(school.system, school.mine.learner.id, mentor.id)  # Twice is once.
        assert school.seen_by(mentor) == {school.mine.id}
        assert school.learners_of(mentor) == {school.mine.learner.id}
        assert hub.service(Analytics).get(mentor, str(school.package)).overview.attempts == 1
        assert [one.id for one in mentors.of_learner(mentor, school.mine.learner.id)] == [UUID(mentor.id)]
        mentors.release(school.system, school.mine.learner.id, UUID(mentor.id))
        assert school.seen_by(mentor) == set()
        with pytest.raises(NotFound):
            mentors.release(school.system, school.mine.learner.id, UUID(mentor.id))

    def test_only_their_statements(self, school, hub):
        mentor = school.person("mentor")
        hub.service(Mentors).assign(school.system, school.mine.learner.id, mentor.id)
        statements = hub.service(LearnerStatements)
        assert len(statements.page(mentor, school.mine.learner.id).bodies) > 0
        with pytest.raises(NotFound):
            statements.page(mentor, school.others.learner.id)
        assert not mentor.may("statements.read")

    def test_a_mentor_changes_nothing(self, school, hub):
        mentor = school.person("mentor")
        hub.service(Mentors).assign(school.system, school.mine.learner.id, mentor.id)
        with pytest.raises(Forbidden):
            hub.service(Registrations).reset(mentor, school.mine.id)
        with pytest.raises(Forbidden):
            hub.service(Mentors).assign(mentor, school.others.learner.id, mentor.id)


class TestCohorts:
    @pytest.fixture
    def cohort(self, school, hub):
        made = hub.service(Cohorts).create(school.system, "Class 7b")
        hub.service(Cohorts).add_member(school.system, made.id, school.mine.learner.id)
        return made

    def test_an_instructor_sees_what_happens_in_their_cohort(self, school, hub, cohort):
        instructor = school.person("instructor")
        hub.service(Cohorts).add_leader(school.system, cohort.id, instructor.id)
        assert school.learners_of(instructor) == {school.mine.learner.id}
        assert school.seen_by(instructor) == set(), "what the learner does elsewhere stays unseen"
        made = hub.service(Registrations).ensure(instructor, school.mine.learner.id, school.package, cohort.context_key)
        assert made.id in school.seen_by(instructor)
        assert hub.service(Registrations).reset(instructor, made.id).id == made.id
        assert hub.service(Launches).create(instructor, made.id).url

    def test_and_nothing_else(self, school, hub, cohort):
        instructor = school.person("instructor")
        hub.service(Cohorts).add_leader(school.system, cohort.id, instructor.id)
        registrations = hub.service(Registrations)
        with pytest.raises(Forbidden):  # Their learner, but not in the context of the cohort.
            registrations.ensure(instructor, school.mine.learner.id, school.package, "elsewhere")
        with pytest.raises(NotFound):  # The context of the cohort, but not its learner.
            registrations.ensure(instructor, school.others.learner.id, school.package, cohort.context_key)
        with pytest.raises(NotFound):  # A learner who would be made or renamed by the way.
            hub.service(Learners).ensure(instructor, OWN_SOURCE, school.others.learner.subject, "Renamed")
        for change in (registrations.reset, registrations.begin_attempt):
            with pytest.raises(NotFound):
                change(instructor, school.others.id)
        with pytest.raises(NotFound):
            registrations.set_mode(instructor, school.others.id, "browse")
        with pytest.raises(NotFound):
            hub.service(Launches).create(instructor, school.others.id)
        assert registrations.page(school.system, Filters(context_key="elsewhere"), None, 5) == []

    def test_a_leader_sees_their_cohorts_alone(self, school, hub, cohort):
        cohorts = hub.service(Cohorts)
        other = cohorts.create(school.system, "Class 8a")
        leader = school.person("representative")
        cohorts.add_leader(school.system, cohort.id, leader.id)
        assert [one.id for one in cohorts.page(leader)] == [cohort.id]
        for look in (cohorts.get, cohorts.members):
            with pytest.raises(NotFound):
                look(leader, other.id)
        with pytest.raises(NotFound):
            cohorts.remove_member(leader, other.id, school.mine.learner.id)
        for change in (
            lambda: cohorts.rename(leader, cohort.id, "Mine"),
            lambda: cohorts.delete(leader, cohort.id),
            lambda: cohorts.add_leader(leader, cohort.id, leader.id),
            lambda: cohorts.add_member(leader, cohort.id, school.others.learner.id),
        ):
            with pytest.raises(Forbidden):
                change()
        cohorts.remove_member(leader, cohort.id, school.mine.learner.id)
        assert cohorts.members(leader, cohort.id) == []

    def test_a_representative_enrols_theirs_and_reads_how_far_they_are(self, school, hub, cohort):
        leader = school.person("representative")
        hub.service(Cohorts).add_leader(school.system, cohort.id, leader.id)
        address = f"{uuid4().hex}@school.example"
        done = hub.service(Enrolments).enrol(leader, cohort.id, csv_of((address, "Ada", str(school.package))))
        assert (done.lines, done.accounts, done.members, done.registrations) == (1, 1, 1, 1)
        again = hub.service(Enrolments).enrol(leader, cohort.id, csv_of((address, "Ada", str(school.package))))
        assert (again.accounts, again.members, again.registrations) == (0, 0, 0)
        (progress,) = hub.service(Cohorts).get(leader, cohort.id).progress
        assert (progress.registered, progress.begun) == (1, 0)
        (row,) = hub.service(Registrations).page(leader, Filters(), None, 5)
        assert row.learner.name == "Ada"
        with pytest.raises(Forbidden):
            hub.service(Registrations).reset(leader, row.id)
        other = hub.service(Cohorts).create(school.system, "Other")
        with pytest.raises(NotFound):
            hub.service(Enrolments).enrol(leader, other.id, csv_of((address, "Ada", str(school.package))))

    def test_faulty_lines_enrol_nobody(self, school, hub, cohort):
        closed = make_account(hub, school.system, "learner").person
        hub.service(Users).change(school.system, closed.id, is_active=False)
        good = f"{uuid4().hex}@school.example"
        file = csv_of(
            (good, "Good", str(school.package)),
            ("no address", "Bad", str(school.package)),
            (good, "Good", "no such package"),
            (good, "Twice", str(school.package)),
        )
        with pytest.raises(Unprocessable) as refused:
            hub.service(Enrolments).enrol(school.system, cohort.id, file)
        assert [fault.where for fault in refused.value.violations] == [
            "line 3, email",
            "line 4, package",
            "line 5",
        ]
        lines = csv_of((good, "Good", str(school.package)), (closed.email, "", str(school.package)))
        with pytest.raises(Unprocessable) as refused:
            hub.service(Enrolments).enrol(school.system, cohort.id, lines)
        assert [fault.where for fault in refused.value.violations] == ["line 3, email"]
        assert hub.service(Users).list(school.system, good) == []
        assert len(hub.service(Cohorts).members(school.system, cohort.id)) == 1

    def test_two_who_enrol_the_same_person_at_once_make_one_account(self, school, hub, cohort):
        address, tenant_id = f"{uuid4().hex}@school.example", school.system.tenant_id
        file = csv_of((address, "Ada", str(school.package)))
        with hub.db.unit_of_work(tenant_id) as work:
            hub.service(Users).ensure_learners(work, school.system, {address: "Ada"}, "en")
            done = overtaken(hub, work, lambda: hub.service(Enrolments).enrol(school.system, cohort.id, file))
        assert (done.lines, done.accounts, done.members, done.registrations) == (1, 0, 1, 1)
        assert len(hub.service(Users).list(school.system, address)) == 1

    def test_enrolment_changes_no_account_that_is_there(self, school, hub, cohort):
        admin = make_account(hub, school.system, "administrator", name="The Head").person
        file = csv_of((admin.email, "Somebody Else", str(school.package)))
        assert hub.service(Enrolments).enrol(school.system, cohort.id, file).accounts == 0
        kept = hub.service(Users).get(school.system, admin.id)
        assert (kept.name, list(kept.roles)) == ("The Head", ["administrator"])


class TestAuthors:
    def test_an_author_changes_their_own_packages(self, school, hub):
        author, other = school.person("author"), school.person("author")
        package_id = uploaded_by(hub, author)
        assert hub.service(Packages).change(author, package_id, Changes(title="Mine")).title == "Mine"
        assert hub.service(Packages).get(other, package_id).title == "Mine", "all may read"
        for change in changes_of(hub, other, package_id):
            with pytest.raises(Forbidden, match="not yours"):
                change()
        with pytest.raises(Forbidden):
            hub.service(Packages).change(author, str(school.package), Changes(title="Not mine"))

    def test_and_those_that_were_shared_with_them(self, school, hub):
        author, other = school.person("author"), school.person("author")
        package_id = uploaded_by(hub, author)
        sharing = hub.service(Sharing)
        sharing.share(author, package_id, other.id)
        assert {one.id for one in sharing.editors(author, package_id)} == {UUID(author.id), UUID(other.id)}
        for change in changes_of(hub, other, package_id)[:-1]:
            change()
        sharing.withdraw(author, package_id, UUID(other.id))
        with pytest.raises(Forbidden):
            hub.service(Packages).change(other, package_id, Changes(title="Again"))

    def test_an_author_sees_who_takes_their_packages(self, school, hub):
        author = school.person("author")
        hub.service(Sharing).share(school.system, str(school.package), author.id)
        other_package = add_played_course(hub, school.system.tenant_id, "scorm_1_2", Sco("one"))
        elsewhere = enrol(hub, school.system, other_package)
        assert school.seen_by(author) == {school.mine.id, school.others.id}
        assert elsewhere.id not in school.seen_by(author)
        assert elsewhere.learner.id not in school.learners_of(author)
        assert hub.service(Analytics).get(author, str(school.package)).overview.attempts == 2

    def test_an_id_that_somebody_took_meanwhile_stays_theirs(self, school, hub):
        """Two authors upload under the same new id: the import that ends second fails, and changes nothing."""
        first, second = school.person("author"), school.person("author")
        package_id = uuid4().hex
        jobs = [
            hub.service(Imports).accept(who, Upload(io.BytesIO(course_1_2()), "a.zip", package_id, None))
            for who in (first, second)
        ]
        for job in jobs:
            hub.service(Importing).run(school.system.tenant_id, job.id)
        states = [hub.service(Imports).get(school.system, job.id) for job in jobs]
        assert [state.state for state in states] == ["ready", "failed"]
        assert "not yours" in str(states[1].findings)
        assert [one.id for one in hub.service(Sharing).editors(first, package_id)] == [UUID(first.id)]
        assert len(hub.service(Packages).versions(first, package_id)) == 1


class TestLearners:
    def test_a_learner_plays_their_own_courses(self, school, hub):
        learner = school.person("learner")
        courses = hub.service(OwnCourses)
        assert courses.page(learner) == []
        hub.service(Mentors).connect_account(school.system, school.mine.learner.id, learner.id)
        assert [row.id for row in courses.page(learner)] == [school.mine.id]
        assert courses.get(learner, school.mine.id).registration.id == school.mine.id
        link = courses.play(learner, school.mine.id, None, "en")
        assert hub.service(Launches).open(link.url.rpartition("/")[2], None, "test").mode == "normal"

    def test_and_nobody_elses(self, school, hub):
        learner = school.person("learner")
        hub.service(Mentors).connect_account(school.system, school.mine.learner.id, learner.id)
        courses = hub.service(OwnCourses)
        with pytest.raises(NotFound):
            courses.get(learner, school.others.id)
        with pytest.raises(NotFound):
            courses.play(learner, school.others.id, None, "en")
        with pytest.raises(Forbidden):
            hub.service(Registrations).page(learner, Filters(), None, 5)

    def test_an_administrator_finds_only_their_own_among_their_courses(self, school, hub):
        admin = school.person("administrator")
        assert hub.service(OwnCourses).page(admin) == []
        assert hub.service(OwnCourses).page(school.system) == []

    def test_who_enrols_finds_the_course_there(self, school, hub):
        cohort = hub.service(Cohorts).create(school.system, "Class")
        learner = school.person("learner")
        address = hub.service(Users).get(school.system, UUID(learner.id)).email
        hub.service(Enrolments).enrol(school.system, cohort.id, csv_of((address, "", str(school.package))))
        assert [row.package_id for row in hub.service(OwnCourses).page(learner)] == [school.package]


def test_several_roles_add_up(school, hub):
    person = school.person("mentor", "author")
    hub.service(Mentors).assign(school.system, school.mine.learner.id, person.id)
    assert school.seen_by(person) == {school.mine.id}
    hub.service(Sharing).share(school.system, str(school.package), person.id)
    assert school.seen_by(person) == {school.mine.id, school.others.id}


def test_nothing_is_given_to_people_or_learners_of_another_tenant(school, hub, stranger):
    """Every pair of a thing here and a thing there is refused, whichever of the two is the stranger."""
    system, there = school.system, stranger.system
    cohort = hub.service(Cohorts).create(system, "Here")
    outsider = make_account(hub, there, "instructor", "mentor", "author").person
    learner = hub.service(Learners).ensure(there, OWN_SOURCE, "1", "There")
    for give in (
        lambda: hub.service(Cohorts).add_leader(system, cohort.id, str(outsider.id)),
        lambda: hub.service(Cohorts).add_leader(system, cohort.id, outsider.email),
        lambda: hub.service(Cohorts).add_member(system, cohort.id, learner.id),
        lambda: hub.service(Cohorts).add_member(there, cohort.id, learner.id),
        lambda: hub.service(Mentors).assign(system, school.mine.learner.id, str(outsider.id)),
        lambda: hub.service(Mentors).assign(there, school.mine.learner.id, str(outsider.id)),
        lambda: hub.service(Mentors).connect_account(system, school.mine.learner.id, str(outsider.id)),
        lambda: hub.service(Sharing).share(system, str(school.package), str(outsider.id)),
        lambda: hub.service(Sharing).share(there, str(school.package), str(outsider.id)),
        lambda: hub.service(Registrations).ensure(there, school.mine.learner.id, school.package),
        lambda: hub.service(Registrations).ensure(system, learner.id, school.package),
    ):
        with pytest.raises(NotFound):
            give()


def test_what_is_given_is_audited(school, hub):
    cohort = hub.service(Cohorts).create(school.system, "Audited")
    person = school.person("instructor", "mentor", "author")
    hub.service(Cohorts).add_leader(school.system, cohort.id, person.id)
    hub.service(Mentors).assign(school.system, school.mine.learner.id, person.id)
    hub.service(Sharing).share(school.system, str(school.package), person.id)
    hub.service(Mentors).connect_account(school.system, school.mine.learner.id, person.id)
    hub.service(Cohorts).delete(school.system, cohort.id)
    told = {event.action for event in hub.service(AuditLog).list(school.system, AuditFilter(), None, 50)}
    assert told >= {
        "cohort.created",
        "cohort.leader_added",
        "mentor.assigned",
        "package.shared",
        "learner.account_set",
        "cohort.deleted",
    }


@dataclass(frozen=True)
class Stranger:
    """Another tenant."""

    system: Principal


@pytest.fixture
def stranger(hub) -> Stranger:
    return Stranger(system_principal(new_tenant(hub, "There").id))


def csv_of(*lines: tuple[str, str, str]) -> io.BytesIO:
    return io.BytesIO("\n".join(["email,name,package", *(",".join(line) for line in lines)]).encode())


def uploaded_by(hub: Hub, author: Principal) -> str:
    """A package that a person uploaded."""
    found = imported(hub, author, course_1_2())
    assert found.state == "ready", found.findings
    assert found.package_id is not None
    return found.package_id


def changes_of(hub: Hub, who: Principal, package_id: str):
    """Every way to change a package, deletion last."""
    return [
        lambda: hub.service(Packages).change(who, package_id, Changes(title="Changed")),
        lambda: hub.service(SettingsOfPackages).change(who, package_id, {"buttons": "hidden"}),
        lambda: hub.service(Thumbnails).choose(who, package_id, io.BytesIO(picture(64, 36))),
        lambda: hub.service(Thumbnails).remove(who, package_id),
        lambda: hub.service(Imports).accept(who, Upload(io.BytesIO(b"zip"), "a.zip", package_id, None)),
        lambda: hub.service(Imports).fetch(who, "https://school.example/a.zip", package_id),
        lambda: hub.service(Sharing).share(who, package_id, who.id),
        lambda: hub.service(Packages).delete(who, package_id),
    ]
