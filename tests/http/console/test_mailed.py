"""Links by e-mail: a forgotten password, a first one, a proven address, another one. The mail server is a real one."""

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from urllib.parse import urlsplit

import pytest
import redis
from aiosmtpd.controller import Controller
from flask import Flask
from flask.testing import FlaskClient

from hub.bootstrap import Hub, build, create_hub_app
from hub.db import EVERY_TENANT
from hub.db.tables import OutboxMessage, User
from hub.errors import Unauthenticated
from hub.oauth.services import post
from hub.oauth.services.accounts import FORGOTTEN_TASK, MOST_MESSAGES
from hub.oauth.services.audit_log import AuditLog
from hub.oauth.services.sessions import Sessions
from hub.oauth.services.sign_in import SignIn
from hub.oauth.services.users import NewPerson, Users
from hub.relay import PROMPT
from tests.support.people import PASSWORD, Account, audited, form_token, make_account, sign_in
from tests.support.ports import free_ports

NEW = "quince harbour mittens"


class Postbox:
    """A mail server, the worker that delivers to it, and what arrived."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.messages: list[EmailMessage] = []

    async def handle_DATA(self, server, session, envelope) -> str:
        self.messages.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"

    def work(self) -> None:
        """What the worker does: answers those who forgot their password, then delivers."""
        broker = redis.Redis.from_url(self.hub.settings.redis_url)
        for raw in broker.lrange("celery", 0, -1):
            task = json.loads(raw)
            if task["headers"]["task"] == FORGOTTEN_TASK:
                arguments = json.loads(base64.b64decode(task["body"]))[0]
                self.hub.tasks[FORGOTTEN_TASK](*arguments)
                broker.lrem("celery", 1, raw)
        for message_id in self.hub.relay.due(PROMPT, 10_000):
            self.hub.relay.deliver(message_id)

    def to(self, address: str) -> list[EmailMessage]:
        """The messages to an address, the oldest first, once the worker has worked."""
        self.work()
        return [message for message in self.messages if message["To"] == address]

    def link(self, address: str) -> str:
        """Path and query of the link in the newest message to an address."""
        return link_of(self.to(address)[-1])


def text_of(message: EmailMessage) -> str:
    return message.get_body(("plain",)).get_content()


def link_of(message: EmailMessage) -> str:
    parts = urlsplit(re.search(r"https?://\S+", text_of(message))[0])
    return f"{parts.path}?{parts.query}"


@pytest.fixture(scope="module")
def mailing(hub: Hub, settings) -> Iterator[Postbox]:
    """The Hub with a mail server of its own."""
    (port,) = free_ports(1)
    changed = replace(settings, mail="smtp", smtp_host="127.0.0.1", smtp_port=port, smtp_tls="none")
    composed = build(changed)
    box = Postbox(composed)
    controller = Controller(box, hostname="127.0.0.1", port=port, ready_timeout=60)
    controller.start()
    yield box
    controller.stop()
    composed.close()


@pytest.fixture(scope="module")
def app(mailing: Postbox) -> Flask:
    return create_hub_app(mailing.hub)


@pytest.fixture
def visit(app: Flask):
    """Makes browsers that know nothing of each other."""

    def begin(language: str = "en", at: Flask = app) -> FlaskClient:
        browser = at.test_client()
        browser.environ_base |= {"HTTP_ACCEPT_LANGUAGE": language, "HTTP_HOST": "localhost:8000"}
        return browser

    return begin


@pytest.fixture
def browser(visit) -> FlaskClient:
    return visit()


@pytest.fixture
def author(mailing, system) -> Account:
    return make_account(mailing.hub, system, "author")


def send(browser: FlaskClient, path: str, **fields: str):
    """Fill in the form of a page and send it to the page's own address."""
    return browser.post(path.partition("?")[0], data={"csrf_token": form_token(browser, path)} | fields)


def forget(browser: FlaskClient, email: str):
    return send(browser, "/forgot-password", email=email)


def choose(browser: FlaskClient, link: str, password: str = NEW, again: str | None = None):
    token = link.partition("link=")[2]
    return send(browser, link, link=token, password=password, password_again=again or password)


def user(mailing: Postbox, account: Account) -> User:
    with mailing.hub.db.read(EVERY_TENANT) as session:
        return session.get_one(User, account.person.id)


def can_enter(mailing: Postbox, email: str, password: str) -> bool:
    try:
        return bool(mailing.hub.service(SignIn).sign_in(email, password, email[:40]))
    except Unauthenticated:
        return False


def test_who_forgot_the_password_chooses_another_by_a_link(mailing, browser, author, system):
    email = author.person.email
    session = mailing.hub.service(SignIn).sign_in(email, PASSWORD, email[:40])
    assert forget(browser, email.upper()).status_code == 200
    link = mailing.link(email)
    assert email in browser.get(link).text
    assert choose(browser, link, "12345678").status_code == 400, "a weak password uses nothing up"
    assert choose(browser, link, NEW, "another").status_code == 400
    done = choose(browser, link)
    assert (done.status_code, done.headers["Location"]) == (303, "/sign-in?done=password-chosen")
    assert mailing.hub.service(Sessions).who(session) is None, "open sessions end"
    assert can_enter(mailing, email, NEW)
    assert not can_enter(mailing, email, PASSWORD)
    assert user(mailing, author).email_verified_at is not None
    told = mailing.to(email)[-1]
    assert told["Subject"] == "Your password was changed"
    actions = [event.action for event in mailing.hub.service(AuditLog).list(system)]
    assert {"password_reset.asked", "user.password_reset"} <= set(actions)


def test_a_link_works_once_and_only_the_newest_state_counts(mailing, browser, author):
    email = author.person.email
    for _ in range(2):
        forget(browser, email)
    first, second = (link_of(message) for message in mailing.to(email))
    assert choose(browser, first).status_code == 303
    for link in (first, second):
        assert browser.get(link).status_code == 410
        token = link.partition("link=")[2]
        form = {"csrf_token": form_token(browser), "link": token, "password": PASSWORD, "password_again": PASSWORD}
        assert browser.post("/reset-password", data=form).status_code == 410
    assert can_enter(mailing, email, NEW)


@pytest.mark.parametrize("change", ["password", "address", "closed"])
def test_a_link_is_void_once_the_account_is_another(mailing, browser, author, system, change):
    forget(browser, author.person.email)
    link = mailing.link(author.person.email)
    assert browser.get(link).status_code == 200
    if change == "password":
        mailing.hub.service(Users).reset_password(system, author.person.id, NEW)
    elif change == "closed":
        mailing.hub.service(Users).change(system, author.person.id, is_active=False)
    else:
        with mailing.hub.db.unit_of_work(EVERY_TENANT) as work:
            work.session.get_one(User, author.person.id).email = f"new-{author.person.email}"
    assert browser.get(link).status_code == 410


def test_a_link_ends_after_its_hour(mailing, browser, author, monkeypatch):
    monkeypatch.setitem(post.LINKS, "reset", replace(post.LINKS["reset"], lifetime=timedelta(seconds=1)))
    forget(browser, author.person.email)
    link = mailing.link(author.person.email)
    now = mailing.hub.ports.clock.now()
    monkeypatch.setattr(type(mailing.hub.ports.clock), "now", lambda _: now + timedelta(seconds=2))
    assert browser.get(link).status_code == 410


SPOILT = [
    lambda token: "",
    lambda token: "x",
    lambda token: token[:-1],
    lambda token: token[:-2] + ("A" if token[-2] != "A" else "B") + token[-1],
    lambda token: token.partition(".")[0],
    lambda token: token + "A",
    lambda token: "." + token,
    lambda token: "W10." + token.partition(".")[2],
    lambda token: changed(token, 0, "invite"),
    lambda token: changed(token, 0, "verify"),
    lambda token: changed(token, 2, 99999999999),
    lambda token: changed(token, 2, 1e300),
    lambda token: changed(token, 1, "00000000-0000-7000-8000-000000000000"),
    lambda token: changed(token, 1, ["x"]),
    lambda token: changed(token, 3, "more"),
    lambda token: "é" * 40,
    lambda token: "A" * 5000,
]


def test_a_spoilt_link_opens_nothing(mailing, browser, author):
    forget(browser, author.person.email)
    link = mailing.link(author.person.email)
    token = link.partition("link=")[2]
    for number, spoil in enumerate(SPOILT):
        answer = browser.get("/reset-password", query_string={"link": spoil(token)})
        assert answer.status_code == 410, number
        assert "Ask for a new one" in answer.text
    assert browser.get("/confirm-address", query_string={"link": token}).status_code == 410, "for another page"
    assert browser.get(link).status_code == 200


def changed(token: str, place: int, value: object) -> str:
    """The token with one member of its content replaced."""
    content, _, signature = token.partition(".")
    members = json.loads(base64.urlsafe_b64decode(content + "=" * (-len(content) % 4)))
    members[place] = value
    made = base64.urlsafe_b64encode(json.dumps(members, separators=(",", ":")).encode()).decode().rstrip("=")
    return f"{made}.{signature}"


def test_nobody_learns_whether_an_address_has_an_account(mailing, visit, author):
    """The web server does not even look: it hands both to the worker and says the same."""
    known, unknown = author.person.email, author.person.email.replace("u", "v", 1)
    pages = [forget(visit(), email) for email in (known, unknown)]
    assert [page.status_code for page in pages] == [200, 200]
    texts = [re.sub(r"[uv][0-9a-f]{16,64}", "…", page.text) for page in pages]
    assert texts[0] == texts[1]
    assert len(mailing.to(known)) == 1
    assert mailing.to(unknown) == []


def test_the_web_server_does_the_same_work_for_both(mailing, browser, author, monkeypatch):
    token = form_token(browser, "/forgot-password")
    asked = []
    monkeypatch.setattr(mailing.hub.db, "read", lambda *scope: asked.append(scope))
    monkeypatch.setattr(mailing.hub.db, "unit_of_work", lambda *scope: asked.append(scope))
    for email in (author.person.email, "nobody@school.example"):
        form = {"csrf_token": token, "email": email}
        assert browser.post("/forgot-password", data=form).status_code == 200
    assert asked == [], "no look into the database, whose time would tell"


def test_an_address_is_not_flooded(mailing, browser, author):
    for _ in range(MOST_MESSAGES + 3):
        assert forget(browser, author.person.email).status_code == 200
    assert len(mailing.to(author.person.email)) == MOST_MESSAGES


def test_one_network_address_may_ask_so_often_a_minute(mailing, visit, settings):
    strict = build(replace(mailing.hub.settings, sign_ins_per_minute=3))
    browser = visit(at=create_hub_app(strict))
    browser.environ_base["REMOTE_ADDR"] = "2001:db8::77"
    answers = [forget(browser, "nobody@school.example") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    strict.close()


def test_what_is_no_address_is_told_at_once(browser):
    answer = forget(browser, "nobody")
    assert answer.status_code == 400
    assert "E-mail address" in answer.text


def test_accounts_of_a_provider_get_no_password_by_mail(mailing, browser, system):
    from hub.oauth.services.providers import NewProvider, Providers
    from hub.oauth.storage.tables import ExternalIdentity

    wanted = NewProvider("oidc", "Elsewhere", "http://127.0.0.1:9", "hub", "s3cret", default_roles=("author",))
    provider = mailing.hub.service(Providers).create(system, wanted)
    account = make_account(mailing.hub, system, "author")
    with mailing.hub.db.unit_of_work(system.tenant_id) as work:
        work.session.get_one(User, account.person.id).password_hash = None
        ids = {"provider_id": provider.id, "user_id": account.person.id, "tenant_id": system.tenant_id}
        work.session.add(ExternalIdentity(subject="ada", made_account=True, **ids))
    forget(browser, account.person.email)
    assert mailing.to(account.person.email) == []


def test_who_is_invited_chooses_the_first_password(mailing, browser, system):
    boss = make_account(mailing.hub, system, "administrator")
    sign_in(browser, boss)
    email = f"new-{system.tenant_id}@school.example"
    form = {"name": "Nia New", "email": email, "roles": "author", "invite": "yes"}
    made = send(browser, "/people/new", **form)
    assert made.status_code == 303, made.text
    assert "not confirmed" in browser.get(made.headers["Location"]).text
    assert not can_enter(mailing, email, "")
    [message] = mailing.to(email)
    assert "seven days" in text_of(message)
    assert choose(browser, link_of(message)).status_code == 303
    assert can_enter(mailing, email, NEW)
    assert "not confirmed" not in browser.get(made.headers["Location"]).text


def test_an_invitation_is_sent_again_and_the_same_by_program(mailing, browser, system):
    sign_in(browser, make_account(mailing.hub, system, "administrator"))
    wanted = NewPerson(f"late-{system.tenant_id}@school.example", "Late", ("author",), invite_in="de")
    person, password = mailing.hub.service(Users).create(system, wanted)
    assert password is None
    page = f"/people/{person.id}"
    assert browser.post(f"{page}/invite", data={"csrf_token": form_token(browser, page)}).status_code == 303
    assert "user.invited" in audited(mailing.hub, system)
    german, english = mailing.to(person.email)
    assert "wählen Sie" in text_of(german)
    assert "choose" in text_of(english)


def test_an_address_is_proven_by_a_link(mailing, browser, author, system):
    sign_in(browser, author)
    assert "not confirmed" in browser.get("/account").text
    token = {"csrf_token": form_token(browser, "/account")}
    assert browser.post("/account/address/verify", data=token).status_code == 303
    link = mailing.link(author.person.email)
    assert browser.get(link).status_code == 200
    assert "not confirmed" in browser.get("/account").text, "looking into the link proves nothing"
    confirmed = send(browser, link, link=link.partition("link=")[2])
    assert (confirmed.status_code, confirmed.headers["Location"]) == (303, "/account?done=address-confirmed")
    assert "not confirmed" not in browser.get("/account").text
    assert browser.get(link).status_code == 410
    assert "user.email_verified" in audited(mailing.hub, system)


def test_another_address_is_confirmed_there_and_told_to_the_old_one(mailing, browser, visit, author, system):
    old, new = author.person.email, f"other-{author.person.email}"
    sign_in(browser, author)
    assert send(browser, "/account/address", email=new).status_code == 303
    link = mailing.link(new)
    assert can_enter(mailing, old, PASSWORD), "nothing changes before the link is opened"
    elsewhere = visit()
    assert send(elsewhere, link, link=link.partition("link=")[2]).status_code == 303
    assert can_enter(mailing, new, PASSWORD)
    assert not can_enter(mailing, old, PASSWORD)
    [told] = mailing.to(old)
    assert (told["Subject"], new in text_of(told)) == ("Your e-mail address was changed", True)
    assert browser.get(link).status_code == 410
    assert user(mailing, author).email_verified_at is not None
    assert "user.email_changed" in audited(mailing.hub, system)


def test_an_address_that_is_taken_is_told_only_to_its_owner(mailing, browser, author, system):
    other = make_account(mailing.hub, system, "author")
    sign_in(browser, author)
    free = send(browser, "/account/address", email=f"free-{author.person.email}")
    taken = send(browser, "/account/address", email=other.person.email)
    assert (taken.status_code, taken.headers["Location"]) == (free.status_code, free.headers["Location"])
    [told] = mailing.to(other.person.email)
    assert "has an account there already" in text_of(told)
    assert "link=" not in text_of(told)


def test_an_address_that_was_taken_meanwhile_stays_with_who_has_it(mailing, browser, author, system):
    new = f"race-{author.person.email}"
    sign_in(browser, author)
    send(browser, "/account/address", email=new)
    link = mailing.link(new)
    mailing.hub.service(Users).create(system, NewPerson(new, "Faster", ("author",), PASSWORD))
    assert send(browser, link, link=link.partition("link=")[2]).status_code == 409
    assert user(mailing, author).email == author.person.email


def test_letters_come_in_the_language_of_who_asked(mailing, visit, author):
    forget(visit("de"), author.person.email)
    [message] = mailing.to(author.person.email)
    assert message["Subject"] == "Neues Passwort wählen"
    assert 'lang="de"' in message.get_body(("html",)).get_content()


def test_nothing_secret_waits_in_the_database(mailing, browser, author):
    forget(browser, author.person.email)
    token = mailing.link(author.person.email).partition("link=")[2]
    with mailing.hub.db.read(EVERY_TENANT) as session:
        rows = session.query(OutboxMessage).filter(OutboxMessage.topic == post.TOPIC)
        assert all(token not in json.dumps(row.payload) for row in rows)


def test_a_link_that_waited_too_long_is_not_sent(mailing, browser, author, monkeypatch):
    """The mail server was away for longer than the link would work."""
    forget(browser, author.person.email)
    monkeypatch.setitem(post.LINKS, "reset", replace(post.LINKS["reset"], lifetime=timedelta(0)))
    assert mailing.to(author.person.email) == []
    with mailing.hub.db.read(EVERY_TENANT) as session:
        row = session.query(OutboxMessage).filter(OutboxMessage.tenant_id == user(mailing, author).tenant_id).one()
    assert row.failed_at is not None
    assert "expired" in row.last_error


def test_without_mail_the_pages_are_not_there(settings, visit, mailing, system):
    silent = build(replace(settings, mail="off"))
    browser = visit(at=create_hub_app(silent))
    assert "Forgot" not in browser.get("/sign-in").text
    assert browser.get("/forgot-password").status_code == 422
    sign_in(browser, make_account(silent, system, "administrator"))
    assert browser.get("/account/address").status_code == 422
    assert "Invite by e-mail" not in browser.get("/people/new").text
    silent.close()
