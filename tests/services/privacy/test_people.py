"""A person with an account, courses, grades and statements: told as a whole, and gone without a trace."""

import json
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from uuid import UUID, uuid4

import orjson
import pytest
from joserfc import jws
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from hub.db import EVERY_TENANT
from hub.db.base import Base
from hub.errors import Conflict, Forbidden, Gone, Invalid, NotFound
from hub.identity import ROLES, Principal, actions_of_roles
from hub.lti.services.platforms import Platforms
from hub.lti.spec.platform import PlatformDetails
from hub.oauth.services.personal_tokens import PersonalTokens
from hub.oauth.services.sessions import Sessions
from hub.oauth.services.sign_in import SignIn
from hub.oauth.services.users import Users
from hub.privacy.services.jobs import LEASE, TOPIC, Busy, PrivacyJobs
from hub.privacy.storage.tables import PrivacyJob
from hub.privacy.tasks import topics
from hub.scorm.services.cohorts import Cohorts
from hub.scorm.services.comments import Comments
from hub.scorm.services.learners import Learners
from hub.scorm.services.mentors import Mentors
from hub.scorm.services.own_courses import OwnCourses
from hub.scorm.services.registrations import Filters, Registrations
from tests.services.privacy.conftest import archive_of
from tests.support.people import PASSWORD, audited, make_account
from tests.support.playing import Sco, Window, add_played_course

ISSUER = "https://lms.example"
#: Tables that keep what names a person after an erasure, and why that is right.
KEEPING = {"audit_event": "the record of who did what, until its time is over"}


@pytest.fixture
def person(hub, system, lrs):
    """Somebody of whom there is a little in every table; every text about them has the same rare word in it."""
    mark = f"quill{uuid4().hex[:10]}"
    email, name, subject = f"{mark}@school.example", f"Anna {mark}", f"sub-{mark}"
    account = make_account(hub, system, "administrator", name=name).person
    with hub.db.unit_of_work(EVERY_TENANT) as work:
        work.session.execute(text('UPDATE "user" SET email = :e WHERE id = :id'), {"e": email, "id": account.id})
    hub.service(SignIn).sign_in(email, PASSWORD, f"10.0.0.{uuid4().int % 250}")
    user = Principal(system.tenant_id, "user", str(account.id), name, system.actions)
    hub.service(PersonalTokens).create(user, f"token {mark}", ("packages:read",), 30)
    learner = hub.service(Learners).ensure(system, ISSUER, subject, name, email)
    package = add_played_course(hub, system.tenant_id, "scorm_1_2", Sco("one"))
    registration = hub.service(Registrations).ensure(system, learner.id, package, external_id=f"reg-{mark}")
    activity = next(iter(hub.service(Comments).activities(system, registration.id)))
    hub.service(Comments).add(system, registration.id, activity, f"Well done, Anna {mark}.")
    window = Window(hub, system, registration.id, return_url=f"https://lms.example/back?who={mark}")
    window.play(
        {
            "cmi.suspend_data": f"{mark} was here",
            "cmi.core.lesson_status": "passed",
            "cmi.core.score.raw": "80",
            "cmi.comments": f"so says {mark}",
            "cmi.interactions.0.id": "essay",
            "cmi.interactions.0.type": "fill-in",
            "cmi.interactions.0.student_response": f"I, {mark}",
        }
    )
    _at_a_platform(hub, system, registration.id, subject, name, email)
    lrs.store(
        {"actor": {"mbox": f"mailto:{email}", "name": name}},
        {
            "actor": {"mbox": "mailto:bob@example.com"},
            "context": {"instructor": {"name": name, "mbox": f"mailto:{email}"}},
        },
    )
    return SimpleNamespace(
        mark=mark, email=email, user=user, account=account, learner=learner, registration=registration, window=window
    )


def _at_a_platform(hub, system, registration_id, subject, name, email):
    """What LTI keeps of a learner, as rows: the services that write them need a platform that answers."""
    base = f"{ISSUER}/{uuid4()}"
    details = PlatformDetails(ISSUER, str(uuid4()), f"{base}/a", f"{base}/t", f"{base}/j", ("1",), "LMS")
    platform = hub.service(Platforms).add(system, details)
    ids = {
        "tenant": system.tenant_id,
        "platform": platform.id,
        "registration": registration_id,
        "subject": subject,
        "name": name,
        "email": email,
        "results": json.dumps({subject: {"comment": name}, "bob": {"resultScore": 1}}),
        **{key: uuid4() for key in ("context", "link", "item", "delivery")},
    }
    with hub.db.unit_of_work(EVERY_TENANT) as work:
        for statement in _AT_A_PLATFORM:
            work.session.execute(text(statement), ids)


_AT_A_PLATFORM = (
    "INSERT INTO lti_context (id, tenant_id, platform_id, deployment_id, context_id)"
    " SELECT :context, :tenant, :platform, id, 'c' FROM deployment WHERE platform_id = :platform",
    "INSERT INTO resource_link (id, tenant_id, platform_id, deployment_id, link_id)"
    " SELECT :link, :tenant, :platform, id, 'l' FROM deployment WHERE platform_id = :platform",
    "INSERT INTO roster (id, tenant_id, lti_context_id) VALUES (:context, :tenant, :context)",
    "INSERT INTO roster_member (roster_id, tenant_id, user_id, name, email, is_learner, groups)"
    " VALUES (:context, :tenant, :subject, :name, :email, true, '{}'),"
    " (:context, :tenant, 'bob', 'Bob', null, true, '{}')",
    "INSERT INTO link_registration (registration_id, tenant_id, resource_link_id, package_id, user_id)"
    " SELECT :registration, :tenant, :link, package_id, :subject FROM registration WHERE id = :registration",
    "INSERT INTO line_item (id, tenant_id, resource_link_id, url, scopes, results)"
    " VALUES (:item, :tenant, :link, 'https://lms.example/item', '{}', CAST(:results AS jsonb))",
    "INSERT INTO score_delivery (id, tenant_id, line_item_id, registration_id, user_id, status, score_maximum,"
    " activity_progress, grading_progress, scored_at)"
    " VALUES (:delivery, :tenant, :item, :registration, :subject, 'delivered', 100, 'Completed', 'FullyGraded', now())",
)


def tables_that_say(hub, mark: str) -> dict[str, int]:
    """Every table of the whole database with rows in which the word stands, whatever the column."""
    found = {}
    with hub.db.read(EVERY_TENANT) as session:
        for table in Base.metadata.tables.values():
            columns = " || ' ' || ".join(
                f"coalesce(encode(t.\"{column.name}\", 'escape'), '')"
                if str(column.type).upper() in ("BLOB", "BYTEA")
                else f"coalesce(t.\"{column.name}\"::text, '')"
                for column in table.columns
            )
            query = text(f'SELECT count(*) FROM "{table.name}" t WHERE strpos({columns}, :mark) > 0')
            count = session.execute(query, {"mark": mark}).scalar_one()
            if count:
                found[table.name] = count
    return found


def redis_says(hub, mark: str) -> list[bytes]:
    """Every value in Redis in which the word stands."""
    redis = hub.ports.transients._redis
    found = []
    for key in redis.scan_iter(count=1000):
        kind = redis.type(key)
        value = redis.get(key) if kind == b"string" else str(redis.hgetall(key)).encode() if kind == b"hash" else b""
        if mark.encode() in (value or b"") or mark.encode() in key:
            found.append(key)
    return found


def everything(hub, system, person):
    return hub.service(PrivacyJobs).look_up(system, person.email)


def other_administrator(hub, system):
    return make_account(hub, system, "administrator", name="Somebody else")


@pytest.mark.parametrize("treatment", ["remove", "pseudonymise"])
def test_nothing_in_any_table_names_an_erased_person(hub, system, jobs, erase, person, treatment):
    other_administrator(hub, system)
    before = tables_that_say(hub, person.mark)
    assert {"user", "learner", "registration", "runtime_state", "answer", "launch", "roster_member"} <= before.keys()
    assert {"line_item", "score_delivery", "link_registration", "lrs_statement", "lrs_agent"} <= before.keys()
    export = jobs.export(system, everything(hub, system, person))
    jobs.run(system.tenant_id, export.id)
    done = erase(person.email, treatment)
    assert tables_that_say(hub, person.mark).keys() <= KEEPING.keys()
    assert redis_says(hub, person.mark) == []
    with pytest.raises(Gone):
        jobs.download(system, export.id)
    assert list(hub.ports.objects.keys(f"{system.tenant_id}/exports/")) == []
    assert done.state == "ready"
    assert person.mark not in json.dumps(done.certificate)


def test_pseudonymised_results_still_count(hub, system, erase, person):
    other_administrator(hub, system)
    erase(person.email, "pseudonymise")
    kept = hub.service(Registrations).get(system, person.registration.id).registration
    assert kept.result.success == "passed"
    assert kept.result.score_raw == 80
    learner = hub.service(Learners).get(system, person.learner.id)
    assert (learner.source, learner.name, learner.email) == ("erased", "", None)


def test_what_is_open_ends(hub, system, erase, person):
    """Sessions, tokens, and windows in which the person plays."""
    other_administrator(hub, system)
    session = hub.service(SignIn).sign_in(person.email, PASSWORD, f"10.1.0.{uuid4().int % 250}")
    assert hub.service(Sessions).who(session) is not None
    window = Window(hub, system, person.registration.id)
    window.go()
    erase(person.email, "pseudonymise")
    assert hub.service(Sessions).who(session) is None
    with pytest.raises((Conflict, NotFound, Gone, Invalid)):
        window.commit({"cmi.core.lesson_location": "3"})
    assert person.mark not in str(tables_that_say(hub, person.mark).keys() - KEEPING.keys())


def test_the_certificate_tells_in_numbers_and_can_be_verified(hub, system, erase, person):
    other_administrator(hub, system)
    done = erase(person.email)
    assert "erasure.finished" in audited(hub, system)
    certificate = done.certificate
    counts = {(each["kind"], each["outcome"]): each["count"] for each in certificate["done"]}
    assert counts["accounts", "removed"] == 1
    assert counts["personal tokens", "removed"] == 1
    assert counts["learners", "removed"] == 1
    assert counts["answers", "removed"] == 1
    assert counts["comments", "removed"] == 1
    assert counts["places in rosters", "removed"] == 1
    assert counts["grades that were read", "removed"] == 1
    assert counts["statements", "pseudonymised"] == 1
    assert counts["statements", "removed"] >= 1
    assert [each["kind"] for each in certificate["left"]] == ["audit events"]
    verified = jws.deserialize_compact(done.signature, hub.ports.keys.verification_set())
    assert orjson.loads(verified.payload) == certificate
    assert {each["kind"] for each in certificate["identities"]} == {"account", "learner", "agent"}


def test_an_export_tells_all_of_it_and_no_secrets(hub, system, jobs, person):
    job = jobs.export(system, everything(hub, system, person))
    jobs.run(system.tenant_id, job.id)
    told = archive_of(jobs, system, job.id)
    names = {name for name in told.namelist() if name.endswith(".json")}
    expected = {"accounts", "learners", "registrations", "attempts", "states-of-activities", "answers", "launches"}
    expected |= {
        "replay-records",
        "comments",
        "links-to-courses",
        "score-deliveries",
        "places-in-rosters",
        "grades-that-were-read",
    }
    expected |= {"personal-tokens", "user-roles", "audit-events", "comments"}
    assert {f"{name}.json" for name in expected} <= names
    assert {name.replace(".json", ".csv") for name in names - {"index.json"}} <= set(told.namelist())
    everything_told = b"".join(told.read(name) for name in told.namelist())
    for column in ("password_hash", "digest", "token_digest", "browser_digest", "seed", "recovery"):
        assert f'"{column}"'.encode() not in everything_told
    [state] = orjson.loads(told.read("states-of-activities.json"))
    assert person.mark in state["values"]
    assert orjson.loads(told.read("grades-that-were-read.json"))[0]["result"] == {"comment": f"Anna {person.mark}"}
    assert orjson.loads(told.read("places-in-rosters.json"))[0]["name"] == f"Anna {person.mark}"


def test_people_export_what_is_theirs_and_nobody_elses(hub, system, jobs, person):
    stranger = make_account(hub, system, "author", name=f"Zoe {person.mark}").person
    plain = replace(person.user, actions=frozenset({"console.use"}))
    job = jobs.export_own(plain, person.email)
    jobs.run(system.tenant_id, job.id)
    told = archive_of(jobs, plain, job.id)
    assert str(stranger.id).encode() not in b"".join(told.read(name) for name in told.namelist())
    assert len(orjson.loads(told.read("learners.json"))) == 1
    someone = Principal(system.tenant_id, "user", str(stranger.id), "Zoe", frozenset({"console.use"}))
    for refused in (lambda: jobs.get(someone, job.id), lambda: jobs.download(someone, job.id)):
        with pytest.raises(NotFound):
            refused()
    assert [each.id for each in jobs.page(plain, own=True)] == [job.id]
    assert jobs.page(someone, own=True) == []


def test_an_export_is_taken_away_when_its_time_is_over(hub, system, jobs, person):
    job = jobs.export(system, everything(hub, system, person))
    jobs.run(system.tenant_id, job.id)
    with hub.db.unit_of_work(EVERY_TENANT) as work:
        ended = text("UPDATE privacy_job SET expires_at = :past WHERE id = :id")
        work.session.execute(ended, {"past": datetime.now(UTC) - timedelta(seconds=1), "id": job.id})
    with pytest.raises(Gone):
        jobs.download(system, job.id)
    assert jobs.sweep() >= 1
    assert list(hub.ports.objects.keys(f"{system.tenant_id}/exports/")) == []
    assert jobs.get(system, job.id).label == ""


def test_an_export_that_is_taken_away_is_not_most_of_the_erasure(hub, system, lrs, erase, export):
    """Progress is of all that there is, from the first step on: exports that were made before go first."""
    agent = {"mbox": "mailto:progress@example.com"}
    lrs.store(*({"actor": agent} for _ in range(9)))
    export("progress@example.com")
    told = []

    def note(session, _):
        told.extend(
            each.progress for each in session.identity_map.values() if isinstance(each, PrivacyJob) and each.counts
        )

    event.listen(Session, "after_flush_postexec", note)
    try:
        job = erase("progress@example.com")
    finally:
        event.remove(Session, "after_flush_postexec", note)
    assert job.counts["exports"] == {"removed": 1}
    assert told[0] < 50 < told[-1]


def test_the_last_administrator_is_not_erased(hub, system, jobs, person):
    with pytest.raises(Conflict, match="only administrator"):
        jobs.erase(system, everything(hub, system, person), "remove")
    assert hub.service(Users).get(system, person.account.id).is_active


def test_who_reaches_other_tenants_is_erased_by_their_like_only(hub, system, jobs, person):
    above = make_account(hub, system, "administrator", "super_administrator", name="Sue Root").person
    administrator = replace(system, kind="user", id=str(person.account.id), actions=actions_of_roles(["administrator"]))
    identities = jobs.look_up(administrator, above.email)
    with pytest.raises(Forbidden, match=r"tenants\.enter"):
        jobs.erase(administrator, identities, "remove")
    assert jobs.erase(system, identities, "remove").kind == "erasure"


@pytest.fixture
def connected(hub, system, jobs, lrs):
    """A learner of a platform that tells no e-mail address, who signs in here, in a cohort and with a mentor."""
    account = make_account(hub, system, "learner", name="Ulla Quist").person
    mentor = make_account(hub, system, "mentor", name="Mo Mentor").person
    learner = hub.service(Learners).ensure(system, ISSUER, f"sub-{uuid4().hex}", "Ulla Q.")
    package = add_played_course(hub, system.tenant_id, "scorm_1_2", Sco("one"))
    hub.service(Registrations).ensure(system, learner.id, package)
    hub.service(Mentors).connect_account(system, learner.id, str(account.id))
    hub.service(Mentors).assign(system, learner.id, str(mentor.id))
    cohort = hub.service(Cohorts).create(system, "Class 7b")
    hub.service(Cohorts).add_member(system, cohort.id, learner.id)
    user = Principal(system.tenant_id, "user", str(account.id), "Ulla Quist", ROLES["learner"].actions)
    return SimpleNamespace(account=account, learner=learner, user=user, mentor=mentor, cohort=cohort)


def test_who_signs_in_here_gets_what_their_learner_did(jobs, system, connected):
    """They are connected by somebody who administers learners, whatever address the platform tells, or none."""
    for address in (None, connected.account.email):
        own = {(each.kind, each.value) for each in jobs.own(connected.user, address)}
        assert own == {("account", str(connected.account.id)), ("learner", str(connected.learner.id))}
    job = jobs.export_own(connected.user, None)
    jobs.run(system.tenant_id, job.id)
    told = archive_of(jobs, connected.user, job.id)
    for name in ("accounts", "learners", "registrations", "places-in-cohorts", "assignments-to-mentors"):
        assert len(json.loads(told.read(f"{name}.json"))) == 1, name
    found = jobs.look_up(system, connected.account.email)
    assert {each.kind for each in found} >= {"account", "learner"}, "whoever looks the account up sees the learner, too"
    stranger = replace(connected.user, id=str(connected.mentor.id))
    assert [each.kind for each in jobs.own(stranger, None)] == ["account"]


def test_a_learner_under_another_name_leads_back_to_nobody(hub, jobs, system, connected):
    job = jobs.erase(system, jobs.chosen(system, [f"learner:{connected.learner.id}"]), "pseudonymise")
    jobs.run(system.tenant_id, job.id)
    counts = jobs.get(system, job.id).counts
    assert counts["places in cohorts"] == counts["assignments to mentors"] == {"removed": 1}
    assert counts["learners"] == {"pseudonymised": 1}
    assert hub.service(Mentors).account_of(system, connected.learner.id) is None
    assert hub.service(Mentors).of_learner(system, connected.learner.id) == []
    assert hub.service(OwnCourses).page(connected.user, None, 10) == []
    assert hub.service(Registrations).page(system, Filters(learner_id=connected.learner.id), None, 10), "results stay"


def test_people_are_found_by_whatever_they_are_known_by(hub, system, jobs, person):
    def kinds(words):
        return {(each.kind, each.value) for each in jobs.look_up(system, words)}

    account, learner = ("account", str(person.account.id)), ("learner", str(person.learner.id))
    for words in (person.email, person.email.upper(), person.mark, f"sub-{person.mark}", learner[1]):
        assert learner in kinds(words), words
    for words in (person.email, str(person.account.id), f"anna {person.mark}"):
        assert account in kinds(words), words
    agent = json.dumps({"mbox": f"mailto:{person.email}"})
    for words in (person.email, agent, f"mailto:{person.email}"):
        assert ("agent", json.dumps({"mbox": f"mailto:{person.email}"}, separators=(",", ":"))) in kinds(words), words
    of_learner = {"account": {"homePage": ISSUER, "name": f"sub-{person.mark}"}}
    assert [each[0] for each in kinds(json.dumps(of_learner))] == ["agent"]
    for nobody in ("", "%", "_", "{", '{"mbox": 1}', "nobody@nowhere.example", "\\", "'; --", "\U0001f600" * 50):
        assert learner not in kinds(nobody), nobody


def test_two_deliveries_of_the_message_do_the_work_once(hub, system, jobs, person):
    other_administrator(hub, system)
    job = jobs.erase(system, everything(hub, system, person), "remove")
    faults, barrier = [], threading.Barrier(2)

    def deliver():
        barrier.wait()
        try:
            jobs.run(system.tenant_id, job.id)
        except Busy as busy:
            faults.append(busy)

    threads = [threading.Thread(target=deliver) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(faults) <= 1
    done = jobs.get(system, job.id)
    assert done.counts["accounts"] == {"removed": 1}
    jobs.run(system.tenant_id, job.id)
    assert jobs.get(system, job.id) == done, "a third delivery finds it done"


def test_a_killed_erasure_is_gone_on_with_and_counts_right(hub, system, jobs, lrs, monkeypatch):
    """A worker that is killed between two batches leaves what it committed; the next does the rest."""
    from hub.xapi_lrs.services import personal_data

    monkeypatch.setattr(personal_data, "BATCH", 10)
    lrs.store(*({"actor": {"mbox": "mailto:kim@example.com"}} for _ in range(35)))
    job = jobs.erase(system, jobs.look_up(system, "kim@example.com"), "remove")
    rewrite, batches = personal_data.rewriting.rewrite, []

    def killed_at_the_third(*arguments):
        batches.append(1)
        if len(batches) == 3:
            raise KeyboardInterrupt
        rewrite(*arguments)

    monkeypatch.setattr(personal_data.rewriting, "rewrite", killed_at_the_third)
    monkeypatch.setattr(jobs, "_let_go", lambda run: None)  # A killed process gives nothing back.
    with pytest.raises(KeyboardInterrupt):
        jobs.run(system.tenant_id, job.id)
    assert jobs.get(system, job.id).counts["statements"] == {"removed": 20}
    with pytest.raises(Busy):
        jobs.run(system.tenant_id, job.id)
    with hub.db.unit_of_work(EVERY_TENANT) as work:
        dead = text("UPDATE privacy_job SET leased_until = leased_until - :lease WHERE id = :id")
        work.session.execute(dead, {"lease": LEASE, "id": job.id})
    jobs.run(system.tenant_id, job.id)
    assert jobs.get(system, job.id).counts["statements"] == {"removed": 35}
    assert topics(jobs)[TOPIC].lease == LEASE, "its message is held no longer than the job, or the next waits for it"


def test_identities_that_are_nobody_are_refused(system, jobs, person):
    for wrong in (["learner:" + str(UUID(int=1))], ["agent:{}"], ["account:" + str(person.learner.id)], ["x"], []):
        with pytest.raises(Invalid):
            jobs.chosen(system, wrong)


def test_statements_say_the_pseudonym_and_are_found_by_it(hub, system, lrs, erase):
    learners = hub.service(Learners)
    learner = learners.ensure(system, ISSUER, "pat-1", "Pat Moss")
    with hub.db.unit_of_work(system.tenant_id) as work:
        learners.call(work, learner, "f00d" * 8)
    package = add_played_course(hub, system.tenant_id, "scorm_1_2", Sco("one"))
    registration = hub.service(Registrations).ensure(system, learner.id, package)
    Window(hub, system, registration.id).play({"cmi.core.lesson_status": "completed"})
    said = lrs.find()
    accounts = {json.dumps(one["actor"]) for one in said}
    expected = {"homePage": f"{hub.settings.public_url}/pseudonyms", "name": "f00d" * 8}
    assert accounts == {json.dumps({"objectType": "Agent", "account": expected})}
    assert erase("pat-1").counts["statements"]["removed"] == len(said)
