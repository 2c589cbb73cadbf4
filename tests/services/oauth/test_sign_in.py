"""Signing in, and the session that follows."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from ipaddress import IPv6Address

import argon2
import pytest

from hub.db import EVERY_TENANT
from hub.db.tables import User
from hub.errors import Conflict, Forbidden, Invalid, NotFound, TooMany, Unauthenticated, Unprocessable
from hub.identity import Principal, system_principal
from hub.oauth.argon2_bridge import Argon2Passwords
from hub.oauth.services.audit_log import AuditFilter, AuditLog
from hub.oauth.services.guessing import GUESSES, Guessing
from hub.oauth.services.passkeys import Passkeys
from hub.oauth.services.second_factors import SecondFactors
from hub.oauth.services.sessions import Sessions
from hub.oauth.services.sign_in import SignIn
from hub.oauth.services.tenants import Tenants
from hub.oauth.services.users import NewPerson, Users
from hub.oauth.spec.secrets import digest
from hub.oauth.storage import second_factors
from hub.oauth.storage import users as storage
from tests.support.at_once import overtaken
from tests.support.people import PASSWORD, make_account

HERE = "192.0.2.1"


@pytest.fixture
def users(hub):
    return hub.service(Users)


@pytest.fixture
def entrance(hub):
    return hub.service(SignIn)


@pytest.fixture
def sessions(hub):
    return hub.service(Sessions)


@pytest.fixture
def address(hub):
    """A network address that no other test guesses from."""
    number = hub.ports.ids.uuid().int & 0xFFFFFFFF
    return f"2001:db8:{number >> 16:x}:{number & 0xFFFF:x}::1"


def elsewhere(address, number):
    """The same address in another network."""
    return str(IPv6Address(int(IPv6Address(address)) + ((number + 1) << 96)))


@pytest.fixture
def author(hub, system):
    return make_account(hub, system, "author")


def test_the_right_password_begins_a_session(entrance, sessions, author, tenant, address):
    known = sessions.who(entrance.sign_in(author.person.email.upper(), PASSWORD, address))
    assert (known.principal.tenant_id, known.principal.id) == (tenant.id, str(author.person.id))
    assert known.roles == ["author"]
    assert known.principal.may("packages.write")
    assert not known.principal.may("users.read")


def test_wrong_password_and_unknown_address_get_the_same_answer(entrance, author, address):
    with pytest.raises(Unauthenticated) as wrong:
        entrance.sign_in(author.person.email, "plover tin umbrell", address)
    with pytest.raises(Unauthenticated) as unknown:
        entrance.sign_in("nobody@school.example", PASSWORD, address)
    assert (wrong.value.detail, wrong.value.code) == (unknown.value.detail, unknown.value.code)


def test_guessing_has_to_wait_but_only_where_the_guesses_come_from(entrance, author, address):
    for _ in range(GUESSES):
        with pytest.raises(Unauthenticated):
            entrance.sign_in(author.person.email, "wrong", address)
    with pytest.raises(TooMany) as refusal:
        entrance.sign_in(author.person.email, PASSWORD, address)
    assert int(refusal.value.headers["Retry-After"]) > 0
    with pytest.raises(TooMany):
        entrance.sign_in(author.person.email, PASSWORD, address[:-1] + "2:3:4")
    assert entrance.sign_in(author.person.email, PASSWORD, elsewhere(address, 2))


def guess_from_everywhere(entrance, email, address, count):
    """Wrong passwords, each from an address of its own."""
    for number in range(count):
        with pytest.raises(Unauthenticated):
            entrance.sign_in(email, "wrong", elsewhere(address, number))


def test_guessing_from_many_addresses_is_slowed_and_locks_nobody_out(
    hub, entrance, author, address, system, monkeypatch
):
    email, guessing = author.person.email, hub.service(Guessing)
    device = guessing.remember("", str(author.person.id))
    monkeypatch.setattr("hub.oauth.spec.guessing.FREE_GUESSES", 3)
    guess_from_everywhere(entrance, email, address, 4)
    with pytest.raises(TooMany) as refusal:
        entrance.sign_in(email, PASSWORD, elsewhere(address, 0xFFFF))
    assert "guessing the password" in refusal.value.detail
    assert 0 < int(refusal.value.headers["Retry-After"]) <= 1
    assert entrance.sign_in(email, PASSWORD, elsewhere(address, 5), device), (
        "whose account it is, where they were before"
    )
    [event] = hub.service(AuditLog).list(system, AuditFilter(action="session.slowed"))
    assert event.target == str(author.person.id)


def test_the_wait_doubles_and_ends(hub, entrance, author, address, monkeypatch):
    email = author.person.email
    monkeypatch.setattr("hub.oauth.spec.guessing.FREE_GUESSES", 0)
    guessing = hub.service(Guessing)
    waits = []
    for number in range(4):
        guessing.admit(
            str(author.person.id), elsewhere(address, number), ""
        )  # A guess, without the time that hashing takes.
        with pytest.raises(TooMany) as refusal:
            entrance.sign_in(email, "wrong", elsewhere(address, number))
        waits.append(int(refusal.value.headers["Retry-After"]))
        guessing._transients.delete(f"sign-in:wait:{digest(str(author.person.id))}")  # As if the time were over.
    assert all(wait <= wanted and wait > wanted - 2 for wait, wanted in zip(waits, (1, 2, 4, 8), strict=True)), waits
    assert entrance.sign_in(email, PASSWORD, elsewhere(address, 9))
    assert entrance.sign_in(email, PASSWORD, elsewhere(address, 9)), "the right password ends it"


def test_of_many_guesses_at_the_same_time_one_goes_on(hub, author, address, monkeypatch):
    monkeypatch.setattr("hub.oauth.spec.guessing.FREE_GUESSES", 0)
    guessing = hub.service(Guessing)

    def admitted(number):
        try:
            guessing.admit(str(author.person.id), elsewhere(address, number), "")
        except TooMany:
            return 0
        return 1

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(admitted, range(24))) <= 2, "the wait is a second: time for one more at most"


def test_an_account_that_is_not_there_is_slowed_as_well(entrance, address, monkeypatch):
    monkeypatch.setattr("hub.oauth.spec.guessing.FREE_GUESSES", 3)
    email = f"nobody-{address.replace(':', '')}@school.example"
    guess_from_everywhere(entrance, email, address, 4)
    with pytest.raises(TooMany):
        entrance.sign_in(email, "wrong", elsewhere(address, 0xFFFF))


def test_who_guesses_in_a_browser_that_is_known_becomes_a_stranger(hub, entrance, author, address):
    email = author.person.email
    device = hub.service(Guessing).remember("", str(author.person.id))
    for number in range(GUESSES):
        with pytest.raises(Unauthenticated):
            entrance.sign_in(email, "wrong", elsewhere(address, number), device)
    for _ in range(GUESSES):
        with pytest.raises(Unauthenticated):
            entrance.sign_in(email, "wrong", address, device)
    with pytest.raises(TooMany):
        entrance.sign_in(email, PASSWORD, address, device)


def test_success_clears_the_count(entrance, author, address):
    for _ in range(2):
        for _ in range(GUESSES - 1):
            with pytest.raises(Unauthenticated):
                entrance.sign_in(author.person.email, "wrong", address)
        assert entrance.sign_in(author.person.email, PASSWORD, address)


def test_every_sign_in_is_a_new_session_and_signing_out_ends_that_one(entrance, sessions, author, address):
    first, second = (entrance.sign_in(author.person.email, PASSWORD, address) for _ in range(2))
    assert first != second
    sessions.sign_out(first)
    assert sessions.who(first) is None
    assert sessions.who(second)
    sessions.sign_out(first)


def test_a_session_ends_when_unused_and_after_its_longest_time(hub, author, address):
    class Remembering:
        """Transients that tell how long things are kept."""

        def __init__(self):
            self.seconds = {}

        def put(self, key, value, seconds):
            self.seconds[key.partition(":")[0]] = seconds

        def put_entry(self, key, name, value, seconds):
            self.put(key, value, seconds)

        def increment(self, key, seconds):
            return 1

        def delete(self, key):
            """Counts of guesses are not looked at here."""

    kept = Remembering()
    passwords = hub.service(Users)._passwords
    limits = timedelta(minutes=5), timedelta(hours=2)
    sessions = Sessions(hub.db, hub.ports.clock, hub.ports.ids, kept, *limits)
    guards = hub.service(Guessing), hub.service(SecondFactors), hub.service(Passkeys)
    entrance = SignIn(hub.db, hub.ports.clock, hub.ports.ids, kept, passwords, *guards, sessions)
    entrance.sign_in(author.person.email, PASSWORD, address)
    assert kept.seconds == {"session": 7200, "session-use": 300, "user-sessions": 7200, "session-proof": 900}


def test_what_is_kept_does_not_reveal_the_session_id(entrance, author, address, hub):
    session_id = entrance.sign_in(author.person.email, PASSWORD, address)
    assert hub.ports.transients.get(f"session:{session_id}") is None


@pytest.mark.parametrize("session_id", ["", "x", "a" * 5000])
def test_an_unknown_session_is_nobody(sessions, session_id):
    assert sessions.who(session_id) is None
    sessions.sign_out(session_id)


def test_roles_that_are_taken_away_are_gone_at_once_and_a_closed_account_is_out(
    entrance, sessions, users, system, author, address
):
    session_id = entrance.sign_in(author.person.email, PASSWORD, address)
    users.change(system, author.person.id, roles=["reporting"])
    assert not sessions.who(session_id).principal.may("packages.write")
    users.change(system, author.person.id, is_active=False)
    assert sessions.who(session_id) is None
    with pytest.raises(Unauthenticated):
        entrance.sign_in(author.person.email, PASSWORD, address)


def test_one_address_in_two_tenants_enters_the_one_of_its_password(hub, entrance, sessions, users, author, address):
    other = system_principal(hub.service(Tenants).create(f"o{hub.ports.ids.uuid().hex[:20]}", "Other").id)
    users.create(other, NewPerson(author.person.email, "Ada Else", ("reporting",), "quite another phrase"))
    there = sessions.who(entrance.sign_in(author.person.email, "quite another phrase", address))
    here = sessions.who(entrance.sign_in(author.person.email, PASSWORD, address))
    assert there.principal.tenant_id == other.tenant_id
    assert here.principal.tenant_id == author_tenant(users, author, here)


def test_an_account_of_the_same_address_elsewhere_helps_nobody_to_guess(hub, entrance, users, author, address):
    """Whoever administers a tenant can make one with the address of somebody else's account in another."""
    email, guessing, mine = author.person.email, hub.service(Guessing), str(author.person.id)
    other = system_principal(hub.service(Tenants).create(f"o{hub.ports.ids.uuid().hex[:20]}", "Other").id)
    theirs, _ = users.create(other, NewPerson(email, "Not Ada", ("learner",), "quite another phrase"))
    hub.ports.transients.put(f"sign-in:wait:{digest(mine)}", b"9999999999", 600)  # After many guesses at Ada's.
    known_there = guessing.remember("", str(theirs.id))
    for device in ("", known_there):
        assert entrance.sign_in(email, "quite another phrase", address, device)
        with pytest.raises(TooMany):
            entrance.sign_in(email, PASSWORD, address, device)
    assert entrance.sign_in(email, PASSWORD, address, guessing.remember("", mine))


def author_tenant(users, author, known):
    assert users.get(system_principal(known.principal.tenant_id), author.person.id).email == author.person.email
    return known.principal.tenant_id


def test_sign_in_failure_and_sign_out_are_in_the_audit_log(hub, entrance, sessions, system, author, address):
    with pytest.raises(Unauthenticated):
        entrance.sign_in(author.person.email, "wrong", address)
    sessions.sign_out(entrance.sign_in(author.person.email, PASSWORD, address))
    events = hub.service(AuditLog).list(system)
    assert [e.action for e in events if e.action.startswith("session")] == [
        "session.ended",
        "session.began",
        "session.refused",
    ]
    assert "wrong" not in str([e.details for e in events])


def test_a_user_without_a_password_gets_one_that_is_shown_once(users, system, entrance, address):
    person, made = users.create(system, NewPerson(f"new-{system.tenant_id}@school.example", "New", ("author",)))
    assert len(made) == 20
    assert entrance.sign_in(person.email, made, address)


def test_every_fault_of_a_new_user_is_named_at_once(users, system):
    with pytest.raises(Invalid) as refusal:
        users.create(system, NewPerson("nonsense", " ", ("king",), PASSWORD))
    assert [fault.where for fault in refusal.value.violations] == ["email", "name", "roles"]


def test_a_weak_password_is_refused(users, system):
    with pytest.raises(Invalid) as refusal:
        users.create(system, NewPerson("ada@school.example", "Ada", ("author",), "Passw0rd1"))
    assert refusal.value.code == "weak_password"


def test_an_address_has_one_account_a_tenant(users, system, author):
    with pytest.raises(Conflict):
        users.create(system, NewPerson(author.person.email, "Again", ("author",), PASSWORD))


def test_the_last_administrator_stays(hub, users, system):
    first = make_account(hub, system, "administrator").person
    for change in ({"is_active": False}, {"roles": ["author"]}):
        with pytest.raises(Unprocessable):
            users.change(system, first.id, **change)
    make_account(hub, system, "administrator")
    assert not users.change(system, first.id, is_active=False).is_active


def test_of_two_administrators_who_go_at_once_one_stays(hub, users, system):
    """The second one waits for the first, and then sees that it is the last."""
    first, second = (make_account(hub, system, "administrator").person for _ in range(2))
    with hub.db.unit_of_work(system.tenant_id) as work:
        assert storage.active_administrators(work.session, system.tenant_id) == sorted([first.id, second.id])
        storage.set_roles(work.session, system.tenant_id, first.id, ["author"])
        with pytest.raises(Unprocessable, match="Nobody would be left"):
            overtaken(hub, work, lambda: users.change(system, second.id, roles=["author"]))


def test_an_authenticator_is_begun_twice_at_once(hub, system):
    """By a second click, say."""
    person = make_account(hub, system, "author").person
    principal = Principal(system.tenant_id, "user", str(person.id), person.name)
    begin = hub.service(SecondFactors).begin
    with hub.db.unit_of_work(system.tenant_id) as work:
        second_factors.held(work.session, system.tenant_id, person.id)
        assert overtaken(hub, work, lambda: begin(principal, person.email)).key


def test_nobody_resets_their_own_sign_in_as_administrator(hub, users, system):
    """It would do without the proof that the account page asks for."""
    own = make_account(hub, system, "administrator").person
    principal = Principal(system.tenant_id, "user", str(own.id), own.name, system.actions)
    for step in (users.reset_password, users.require_over):
        with pytest.raises(Forbidden, match="your own account"):
            step(principal, own.id)


def test_a_user_changes_the_own_password_by_proving_the_old_one(users, entrance, sessions, author, address):
    known = sessions.who(entrance.sign_in(author.person.email, PASSWORD, address))
    with pytest.raises(Invalid):
        users.change_own_password(known.principal, "wrong", "a new phrase to keep")
    with pytest.raises(Invalid):
        users.change_own_password(known.principal, PASSWORD, "12345678")
    users.change_own_password(known.principal, PASSWORD, "a new phrase to keep")
    assert entrance.sign_in(author.person.email, "a new phrase to keep", address)


def test_a_session_lives_no_longer_than_its_password(users, entrance, sessions, author, address):
    first, second = (entrance.sign_in(author.person.email, PASSWORD, address) for _ in range(2))
    known = sessions.who(first).principal
    users.change_own_password(known, PASSWORD, "a new phrase to keep")
    assert sessions.who(first) is None
    assert sessions.who(second) is None
    assert sessions.who(sessions.begin_anew(known)).principal.id == known.id


def test_a_forgotten_password_is_replaced_and_sessions_end(users, system, entrance, sessions, author, address):
    session_id = entrance.sign_in(author.person.email, PASSWORD, address)
    made = users.reset_password(system, author.person.id)
    assert sessions.who(session_id) is None
    assert sessions.who(entrance.sign_in(author.person.email, made, address))
    with pytest.raises(Invalid):
        users.reset_password(system, author.person.id, "12345678")


def test_nobody_takes_over_an_account_that_may_do_more(hub, users, system):
    boss = make_account(hub, system, "administrator").person
    helper = Principal(system.tenant_id, "user", "1", "Helper", frozenset({"users.write", "users.read"}))
    for attempt in (
        lambda: users.reset_password(helper, boss.id),
        lambda: users.create(helper, NewPerson("m@school.example", "M", ("administrator",), PASSWORD)),
        lambda: users.change(helper, make_account(hub, system, "author").person.id, roles=["administrator"]),
    ):
        with pytest.raises(Forbidden):
            attempt()


def test_a_hash_made_with_weaker_parameters_is_made_anew(hub, system, users, author, address):
    weak = Argon2Passwords(parameters=argon2.Parameters(argon2.Type.ID, 19, 16, 32, 1, 8192, 1))
    with hub.db.unit_of_work(EVERY_TENANT) as work:
        work.session.get_one(User, author.person.id).password_hash = weak.hash(PASSWORD)
    entrance, sessions = hub.service(SignIn), hub.service(Sessions)
    session_id = entrance.sign_in(author.person.email, PASSWORD, address)
    assert sessions.who(session_id), "the session belongs to the new hash"
    with hub.db.read(EVERY_TENANT) as session:
        assert not Argon2Passwords().is_outdated(session.get_one(User, author.person.id).password_hash)


def test_people_are_listed_by_address_and_found_by_name(hub, users, system):
    names = ["Ann", "Bob", "Cid"]
    for name in names:
        users.create(system, NewPerson(f"{name}@school.example", f"{name} 100%", ("author",), PASSWORD))
    assert [p.name for p in users.list(system, limit=2)] == ["Ann 100%", "Bob 100%"]
    assert [p.name for p in users.list(system, after="bob@school.example")] == ["Cid 100%"]
    assert [p.name for p in users.list(system, search="b 100%")] == ["Bob 100%"]
    assert users.list(system, search="_") == []


def test_tenants_do_not_see_each_others_people(hub, users, author):
    stranger = system_principal(hub.service(Tenants).create(f"o{hub.ports.ids.uuid().hex[:20]}", "Other").id)
    assert users.list(stranger) == []
    with pytest.raises(NotFound):
        users.get(stranger, author.person.id)
    with pytest.raises(NotFound):
        users.change(stranger, author.person.id, name="Mine")


def test_events_are_listed_newest_first_and_page_by_key(hub, users, system, tenant):
    began = datetime.now(UTC)
    people = [make_account(hub, system, "author").person for _ in range(3)]
    log = hub.service(AuditLog)
    newest = log.list(system, limit=2)
    assert [e.target for e in newest] == [str(p.id) for p in reversed(people)][:2]
    rest = log.list(system, before=(newest[-1].at, newest[-1].id))
    assert [e.target for e in rest] == [str(people[0].id), tenant.slug]
    assert all(e.at >= began - timedelta(seconds=1) for e in newest)
