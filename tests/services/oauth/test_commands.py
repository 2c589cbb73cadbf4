"""The commands of identity."""

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner

from hub.command_line import CommandLine
from hub.oauth.authlib_bridge import TokenRequest
from hub.oauth.cli import admin, oauth, user
from hub.oauth.services.clients import Clients
from hub.oauth.services.second_factors import SecondFactors
from hub.oauth.services.sessions import Sessions
from hub.oauth.services.sign_in import SignIn
from hub.oauth.services.tokens import Tokens
from hub.oauth.services.users import Users
from hub.oauth.storage.tables import SecondFactor
from hub.scorm.cli_cohorts import cohort
from tests.support.people import make_account

HERE = "192.0.2.77"


@pytest.fixture
def run(hub, settings, tenant):
    """Run a command in the test's tenant."""

    def invoke(command, *arguments, stdin=None):
        line = CommandLine()
        line.settings, line.hub = settings, hub
        return CliRunner().invoke(command, [*arguments, "--tenant", tenant.slug], obj=line, input=stdin)

    return invoke


def create_client(run, *arguments):
    grant = ("--grant", "client_credentials")
    return run(oauth, "client", "create", "--name", "Reports", *grant, "--scope", "packages:read", *arguments)


def test_a_client_is_made_and_its_secret_works(run, hub):
    facts = json.loads(create_client(run, "--json").stdout)
    form = {
        "grant_type": ["client_credentials"],
        "client_id": [facts["client_id"]],
        "client_secret": [facts["client_secret"]],
    }
    assert hub.service(Tokens).answer(TokenRequest({}, form)).status == 200


def test_people_read_a_sentence_and_the_secret_once(run):
    said = create_client(run)
    assert said.exit_code == 0
    assert said.stdout.startswith("Made the client Reports.")
    assert "client_secret" in said.stdout
    assert "client_secret" not in run(oauth, "client", "list").stdout


def test_clients_are_listed_and_revoked(run, hub, system):
    client_id = json.loads(create_client(run, "--json").stdout)["client_id"]
    listed = json.loads(run(oauth, "client", "list", "--json").stdout)
    assert [known["client_id"] for known in listed] == [client_id]
    assert run(oauth, "client", "revoke", client_id).exit_code == 0
    assert hub.service(Clients).get(system, client_id).revoked_at
    assert "revoked" in run(oauth, "client", "list").stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("--name", "x", "--grant", "password", "--scope", "packages:read"),
        ("--name", "x", "--grant", "client_credentials", "--scope", "nonsense"),
        ("--name", "x", "--grant", "client_credentials"),
        ("--grant", "client_credentials", "--scope", "packages:read"),
    ],
)
def test_wrong_use_is_exit_2(run, arguments):
    assert run(oauth, "client", "create", *arguments).exit_code == 2


def test_an_administrator_is_made_with_a_password_shown_once(run, hub):
    email = f"admin-{hub.ports.ids.uuid().hex}@school.example"
    facts = json.loads(run(admin, "create", "--email", email, "--json").stdout)
    session = hub.service(SignIn).sign_in(email, facts["password"], HERE)
    assert hub.service(Sessions).who(session).roles == ["administrator"]


def test_a_password_can_be_given_on_standard_input_and_is_not_repeated(run, hub):
    email = f"author-{hub.ports.ids.uuid().hex}@school.example"
    arguments = ("create", "--email", email, "--name", "A. Author", "--role", "author", "--password-stdin")
    said = run(user, *arguments, stdin="plover tin umbrella\n")
    assert said.exit_code == 0
    assert "plover" not in said.stdout
    assert hub.service(SignIn).sign_in(email, "plover tin umbrella", HERE)


def test_a_weak_password_is_refused(run, hub, system):
    said = run(admin, "create", "--email", "admin@school.example", "--password-stdin", stdin="password1\n")
    assert said.exception is not None
    assert hub.service(Users).list(system) == []


def test_users_are_listed_however_many_there_are(run, hub, system, monkeypatch):
    for name in ("ann", "bob"):
        run(user, "create", "--email", f"{name}@school.example", "--name", name, "--role", "reporting")
    listed = json.loads(run(user, "list", "--json").stdout)
    assert [person["email"] for person in listed] == ["ann@school.example", "bob@school.example"]
    assert "1 user(s)." in run(user, "list", "--search", "bob").stdout


def test_a_forgotten_password_is_replaced(run, hub):
    email = f"author-{hub.ports.ids.uuid().hex}@school.example"
    run(user, "create", "--email", email, "--name", "A. Author", "--role", "author")
    facts = json.loads(run(user, "password", email.upper(), "--json").stdout)
    assert hub.service(SignIn).sign_in(email, facts["password"], HERE)
    assert run(user, "password", "nobody@school.example").exception is not None


@pytest.mark.parametrize("command", [oauth.commands["client"].commands, user.commands, admin.commands])
def test_every_command_has_an_example(command):
    assert all("Example: hub" in each.help for each in command.values())


def test_a_user_is_changed_closed_and_opened(run, hub, system):
    person = make_account(hub, system, "author").person
    changed = json.loads(run(user, "change", person.email, "--name", "Kim", "--role", "mentor", "--json").stdout)
    assert (changed["name"], changed["roles"]) == ("Kim", ["mentor"])
    assert run(user, "change", person.email, "--close").exit_code == 0
    assert not hub.service(Users).get(system, person.id).is_active
    assert run(user, "change", person.email, "--open").exit_code == 0
    assert hub.service(Users).get(system, person.id).is_active
    nothing = run(user, "change", person.email)
    assert (nothing.exit_code, "Say what to change" in nothing.output) == (2, True)


def test_who_lost_every_second_step_signs_in_by_the_password(run, hub, system):
    person = make_account(hub, system, "author").person
    hub.service(SecondFactors).begin(replace(system, kind="user", id=str(person.id)), person.email)
    with hub.db.unit_of_work(system.tenant_id) as work:
        work.session.query(SecondFactor).filter_by(user_id=person.id).one().confirmed_at = hub.ports.clock.now()
    assert hub.service(SecondFactors).factors(system.tenant_id, person.id) == (True, False)
    assert run(user, "reset-second-step", person.email).exit_code == 0
    assert hub.service(SecondFactors).factors(system.tenant_id, person.id) == (False, False)


def test_a_cohort_is_renamed_shown_and_removed_on_purpose(run, hub, system):
    leader = make_account(hub, system, "representative", name="Lea Leader").person
    assert run(cohort, "create", "Class 7b").exit_code == 0
    assert run(cohort, "lead", "Class 7b", leader.email).exit_code == 0
    assert run(cohort, "rename", "Class 7b", "Class 8b").exit_code == 0
    assert f"led by Lea Leader ({leader.email})" in run(cohort, "show", "Class 8b").stdout
    assert json.loads(run(cohort, "show", "Class 8b", "--json").stdout)["cohort"]["name"] == "Class 8b"
    assert run(cohort, "remove", "Class 8b").exit_code == 3
    assert run(cohort, "remove", "Class 8b", "--yes").exit_code == 0
    assert "0 cohort(s)" in run(cohort, "list").stdout
