"""Signing in by GitHub's OAuth 2, over real HTTP, at a server that behaves as GitHub's documentation says."""

import secrets
from collections.abc import Iterator
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from hub.oauth.services.providers import NewProvider, Providers
from hub.oauth.services.single_sign_on import SingleSignOn
from hub.oauth.services.users import NewPerson, Users
from hub.oauth.spec.providers import github_addresses
from tests.support.github import CLIENT_ID, CLIENT_SECRET, GitHub, running_github
from tests.support.people import PASSWORD


@pytest.fixture
def github() -> Iterator[GitHub]:
    with running_github() as started:
        started.person["id"] = secrets.randbelow(10**9)
        started.emails = [
            {"email": "other@home.example", "primary": False, "verified": True, "visibility": None},
            {"email": f"{secrets.token_hex(4)}@School.example", "primary": True, "verified": True, "visibility": None},
        ]
        yield started


@pytest.fixture
def make(hub, system, github):
    def register(**changes):
        given = {"kind": "github", "name": "GitHub", "issuer": github.issuer, "client_id": CLIENT_ID}
        given |= {"client_secret": CLIENT_SECRET, "default_roles": ("author",)}
        made = hub.service(Providers).create(system, NewProvider(**(given | changes)))
        github.callback = hub.service(SingleSignOn).return_address(made)
        return made

    return register


def go(client, provider):
    return client.get(f"/sign-in/with/{provider.id}?next=/packages").headers["Location"]


def back(client, provider, parameters):
    return client.get(f"/sign-in/back/{provider.id}?{urlencode(parameters)}")


def arrive(client, github, provider):
    return back(client, provider, github.visit(go(client, provider)))


def test_a_person_signs_in_and_is_known_again_by_number(client, hub, system, github, make):
    provider = make(domains="school.example")
    asked = parse_qs(urlsplit(go(client, provider)).query)
    assert asked["scope"] == ["read:user user:email"]
    assert asked["code_challenge_method"] == ["S256"]
    answer = arrive(client, github, provider)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/packages"), answer.text
    assert client.get("/packages").status_code == 200
    [person] = hub.service(Users).list(system)
    assert (person.email, person.name, person.roles) == (github.emails[1]["email"].lower(), "Octo Cat", ["author"])
    assert person.email_verified_at is not None
    # Another login name, another address: the same person.
    github.person["login"] = "renamed"
    github.emails = [{"email": "new@school.example", "primary": True, "verified": True}]
    assert arrive(client, github, provider).status_code == 303
    assert [each.id for each in hub.service(Users).list(system)] == [person.id]


def test_somebody_else_who_got_the_login_name_is_somebody_else(client, hub, system, github, make):
    provider = make()
    arrive(client, github, provider)
    github.person["id"] += 1
    github.emails = [{"email": f"{secrets.token_hex(4)}@school.example", "primary": True, "verified": True}]
    arrive(client, github, provider)
    assert len(hub.service(Users).list(system)) == 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda github: github.emails.__setitem__(1, github.emails[1] | {"verified": False}), "does not vouch"),
        (lambda github: github.emails.pop(), "no usable e-mail address"),
        (lambda github: setattr(github, "emails", []), "no usable e-mail address"),
        (lambda github: setattr(github, "emails", {"message": "odd"}), "no usable e-mail address"),
        (lambda github: setattr(github, "sees_emails", False), "no usable e-mail address"),
    ],
)
def test_who_proves_no_address_is_turned_away(client, hub, system, github, make, change, words):
    provider = make(domains="school.example home.example")
    change(github)
    answer = arrive(client, github, provider)
    assert (answer.status_code, words in answer.text) == (403, True), answer.text
    assert hub.service(Users).list(system) == []


def test_an_account_is_not_taken_over_by_an_unproven_address(client, hub, system, github, make):
    hub.service(Users).create(system, NewPerson(github.emails[1]["email"], "Known", ("author",), PASSWORD))
    github.emails[1]["verified"] = False
    assert arrive(client, github, make()).status_code == 403


@pytest.mark.parametrize("person", [{}, {"id": None}, {"id": "1", "login": "octo"}, {"login": "octo"}])
def test_without_a_number_nobody_is_known(client, github, make, person):
    github.person = person
    assert arrive(client, github, make()).status_code == 401


def test_a_refused_code_is_told_though_github_answers_200(client, github, make):
    provider = make()
    answer = github.visit(go(client, provider))
    github.codes.clear()
    refused = back(client, provider, answer)
    assert (refused.status_code, "bad_verification_code" in refused.text) == (401, True)
    assert back(client, provider, answer).status_code == 401, "and its state is used up"


def test_a_wrong_secret_is_told(client, github, make):
    refused = arrive(client, github, make(client_secret="another"))
    assert (refused.status_code, "incorrect_client_credentials" in refused.text) == (401, True)


def test_a_person_who_refuses_comes_back_to_the_sign_in_page(client, github, make):
    provider = make()
    state = github.visit(go(client, provider))["state"]
    told = {"error": "access_denied", "error_description": "The user has denied access", "state": state}
    answer = back(client, provider, told)
    assert (answer.status_code, "access_denied" in answer.text) == (401, True)


def test_the_secret_goes_in_the_form_and_the_token_into_no_address(client, github, make):
    arrive(client, github, make())
    [sent] = github.log
    form = parse_qs(sent)
    assert form["client_secret"] == [CLIENT_SECRET]
    assert len(form["code_verifier"][0]) >= 43


@pytest.mark.parametrize(
    ("issuer", "token", "api"),
    [
        ("https://github.com", "https://github.com/login/oauth/access_token", "https://api.github.com"),
        ("https://github.com/", "https://github.com/login/oauth/access_token", "https://api.github.com"),
        ("https://acme.ghe.com", "https://acme.ghe.com/login/oauth/access_token", "https://api.acme.ghe.com"),
        (
            "https://git.acme.example",
            "https://git.acme.example/login/oauth/access_token",
            "https://git.acme.example/api/v3",
        ),
    ],
)
def test_the_addresses_follow_from_the_host(issuer, token, api):
    known = github_addresses(issuer)
    assert (known.token, known.api) == (token, api)
