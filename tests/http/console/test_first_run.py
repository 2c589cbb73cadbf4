"""The first administrator of a Hub that has nobody yet: by a link that works once."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from threading import Barrier, Thread
from urllib.parse import urlsplit

import psycopg
import pytest

from hub.bootstrap import Hub, build, create_hub_app
from hub.command_line import CommandLine
from hub.db.migrations import Migrations
from hub.errors import Conflict
from hub.identity import system_principal
from hub.oauth.services.first_run import FirstRun, slug_of
from hub.oauth.services.tenants import Tenants
from hub.oauth.services.users import NewPerson, Users
from hub.operations import serve, setup_link
from tests.conftest import PUBLIC_URL, _client
from tests.support.people import PASSWORD, audited, form_token

GIVEN = {
    "organisation": "Zürich Hillside School",
    "name": "Robin Ortega",
    "email": "robin@school.example",
    "password": PASSWORD,
    "password_again": PASSWORD,
}


@pytest.fixture(scope="module")
def template(settings) -> str:
    """An empty database with all tables, to be copied."""
    _run(settings.database_url, "CREATE DATABASE first_run_template")
    Migrations(_sibling(settings.database_url, "first_run_template").replace("://", "+psycopg://", 1)).upgrade()
    return "first_run_template"


def _run(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)


def _sibling(url: str, name: str) -> str:
    return urlsplit(url)._replace(path=f"/{name}").geturl()


@pytest.fixture
def empty(settings, template) -> Iterator[Hub]:
    """A Hub with nobody in it."""
    _run(settings.database_url, f"CREATE DATABASE first_run TEMPLATE {template}")
    composed = build(replace(settings, database_url=_sibling(settings.database_url, "first_run")))
    yield composed
    composed.close()
    _run(settings.database_url, "DROP DATABASE first_run WITH (FORCE)")


@pytest.fixture
def browser(empty):
    return _client(create_hub_app(empty), PUBLIC_URL)


def link_of(hub: Hub) -> str:
    parts = urlsplit(hub.service(FirstRun).link())
    return f"{parts.path}?{parts.query}"


def send(browser, link: str, **changes: str):
    form = GIVEN | {"csrf_token": form_token(browser), "link": link.partition("link=")[2]} | changes
    return browser.post("/set-up", data=form)


def enter(browser):
    form = {"csrf_token": form_token(browser), "email": GIVEN["email"], "password": PASSWORD}
    return browser.post("/sign-in", data=form)


def test_whoever_has_the_link_becomes_the_administrator_once(empty, browser):
    link = link_of(empty)
    assert browser.get(link).status_code == 200
    assert send(browser, link, password="12345678").status_code == 400
    assert send(browser, link, password_again="another").status_code == 400
    assert send(browser, link, organisation=" ").status_code == 400
    assert send(browser, link, email="nobody").status_code == 400
    with pytest.raises(Exception, match="no tenant"):
        empty.service(Tenants).resolve()  # Nothing was made by what was refused.
    done = send(browser, link)
    assert (done.status_code, done.headers["Location"]) == (303, "/sign-in?done=set-up"), done.text
    tenant = empty.service(Tenants).resolve()
    assert (tenant.slug, tenant.name) == ("zurich-hillside-school", GIVEN["organisation"])
    assert "user.created" in audited(empty, system_principal(tenant.id))
    assert enter(browser).status_code == 303
    assert browser.get("/people").status_code == 200
    assert browser.get(link).status_code == 410
    assert send(_client(browser.application, PUBLIC_URL), link, email="second@school.example").status_code == 410
    with pytest.raises(Conflict):
        empty.service(FirstRun).link()


def test_a_tenant_that_is_there_already_is_used(empty, browser):
    tenant = empty.service(Tenants).create("hillside", "Hillside")
    link = link_of(empty)
    assert "Organisation" not in browser.get(link).text
    assert send(browser, link).status_code == 303
    [person] = empty.service(Users).list(system_principal(tenant.id))
    assert "administrator" in person.roles


def test_every_link_ends_when_there_is_an_administrator(empty, browser):
    tenant = empty.service(Tenants).create("hillside", "Hillside")
    links = [link_of(empty) for _ in range(2)]
    wanted = NewPerson("boss@school.example", "Boss", ("administrator",), PASSWORD)
    empty.service(Users).create(system_principal(tenant.id), wanted)
    assert [browser.get(link).status_code for link in links] == [410, 410]


def test_a_link_ends_after_a_day_and_a_spoilt_one_opens_nothing(empty, browser, monkeypatch):
    link = link_of(empty)
    for spoilt in (link[:-1], link.replace("link=", "link=x"), "/set-up", "/set-up?link=."):
        assert browser.get(spoilt).status_code == 410, spoilt
    assert send(browser, link[:-1]).status_code == 410
    now = empty.ports.clock.now()
    monkeypatch.setattr(type(empty.ports.clock), "now", lambda _: now + timedelta(hours=25))
    assert browser.get(link).status_code == 410


def test_of_two_at_the_same_time_one_comes_too_late(empty):
    link, barrier, answers = link_of(empty), Barrier(2), []
    app = create_hub_app(empty)

    def run(email: str) -> None:
        browser = _client(app, PUBLIC_URL)
        token = form_token(browser)
        barrier.wait()
        form = GIVEN | {"csrf_token": token, "link": link.partition("link=")[2], "email": email}
        answers.append(browser.post("/set-up", data=form).status_code)

    threads = [Thread(target=run, args=(f"{name}@school.example",)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers)[0] == 303
    assert sorted(answers)[1] in {409, 410}
    tenant = empty.service(Tenants).resolve()
    assert len(empty.service(Users).list(system_principal(tenant.id))) == 1


def test_the_commands_print_it_only_while_it_is_needed(empty, browser, monkeypatch, capsys):
    from click.testing import CliRunner

    served = []
    monkeypatch.setattr("hub.operations.run_web_server", served.append)
    line = CommandLine()
    line.__dict__.update(settings=empty.settings, hub=empty)
    shown = CliRunner().invoke(serve, obj=line)
    assert "/set-up?link=" in shown.output, shown.output
    assert CliRunner().invoke(setup_link, ["--json"], obj=line).output.count("/set-up?link=") == 1
    assert send(browser, link_of(empty)).status_code == 303
    assert CliRunner().invoke(serve, obj=line).output == ""
    refused = CliRunner().invoke(setup_link, obj=line)
    assert isinstance(refused.exception, Conflict)
    assert len(served) == 2


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Ärzte & Co. KG", "arzte-co-kg"),
        ("学校", "hub"),
        ("-", "hub"),
        ("x" * 80, "x" * 63),
        ("A" * 62 + " B", "a" * 62),
    ],
)
def test_a_tenant_gets_a_name_that_hosts_may_have(name, slug):
    assert slug_of(name) == slug
