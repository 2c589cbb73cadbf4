"""Commands of identity: OAuth clients, users, the first administrator."""

import json
import sys
from dataclasses import asdict
from typing import Any, TextIO

import click

from hub.command_line import CommandLine, json_option, pass_command_line, report, report_list, tenant_option
from hub.identity import ROLES
from hub.oauth.cli_providers import provider
from hub.oauth.cli_tokens import token
from hub.oauth.scopes import OF_CLIENTS, SCOPES
from hub.oauth.services.accounts import Accounts
from hub.oauth.services.clients import AUTHENTICATIONS, GRANTS, Client, Clients, NewClient
from hub.oauth.services.post import LANGUAGE, Post
from hub.oauth.services.second_factors import SecondFactors
from hub.oauth.services.users import NewPerson, Person, Users

password_option = click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input; without this one is made and shown."
)


@click.group()
def oauth() -> None:
    """OAuth: programs and scripts that get tokens, and the providers where people sign in."""


oauth.add_command(provider)
oauth.add_command(token)


@oauth.group()
def client() -> None:
    """OAuth clients."""


@client.command("create")
@click.option("--name", required=True, help="What people read.")
@click.option(
    "--grant", "grants", multiple=True, required=True, type=click.Choice(list(GRANTS)), help="May be repeated."
)
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice([name for name, scope in SCOPES.items() if scope.family in OF_CLIENTS]),
    metavar="SCOPE",
    help="May be repeated; docs/security.md lists them.",
)
@click.option("--store", metavar="NAME", help="The LRS store that its tokens reach; the default store without one.")
@click.option(
    "--authentication",
    type=click.Choice(list(AUTHENTICATIONS)),
    default="secret",
    show_default=True,
    help="How it proves who it is.",
)
@click.option("--redirect-uri", "redirect_uris", multiple=True, metavar="URL", help="Where a person comes back to.")
@click.option("--jwks", type=click.File(), help="Its public keys, a JWKS file; with private_key_jwt.")
@tenant_option
@json_option
@pass_command_line
def create_client(
    line: CommandLine,
    name: str,
    grants: tuple[str, ...],
    scopes: tuple[str, ...],
    store: str | None,
    authentication: str,
    redirect_uris: tuple[str, ...],
    jwks: TextIO | None,
    tenant: str | None,
    as_json: bool,
) -> None:
    """Make a client; its secret is shown this once.

    \b
    Example: hub oauth client create --name Reports --grant client_credentials --scope statements/read --json
    """
    keys = None if jwks is None else _json(jwks)
    wanted = NewClient(name, scopes, grants, store, authentication, redirect_uris, keys)
    made, secret = line.hub.service(Clients).create(line.principal(tenant), wanted)
    facts = {
        "client_id": made.client_id,
        **({} if secret is None else {"client_secret": secret}),
        "token_endpoint": f"{line.settings.public_url}/oauth/token",
        "scope": " ".join(made.scopes),
    }
    report(as_json, f"Made the client {made.name}.{'' if secret is None else ' The secret is not shown again.'}", facts)


def _json(file: TextIO) -> Any:
    try:
        return json.load(file)
    except ValueError as error:
        raise click.BadParameter(f"{file.name} is not JSON: {error}", param_hint="--jwks") from error


@client.command("list")
@tenant_option
@json_option
@pass_command_line
def list_clients(line: CommandLine, tenant: str | None, as_json: bool) -> None:
    """List the clients of a tenant.

    \b
    Example: hub oauth client list
    """
    clients = line.hub.service(Clients).list(line.principal(tenant))
    report_list(as_json, "client(s)", clients, _client_line)


def _client_line(known: Client) -> str:
    state = "revoked" if known.revoked_at else "in use"
    return f"{known.client_id}  {state:<8}{known.name}: {' '.join(known.scopes)}"


@client.command("revoke")
@click.argument("client_id")
@tenant_option
@json_option
@pass_command_line
def revoke_client(line: CommandLine, client_id: str, tenant: str | None, as_json: bool) -> None:
    """End a client and every token it holds.

    \b
    Example: hub oauth client revoke 01928f0e-0000-7000-8000-000000000000
    """
    ended = line.hub.service(Clients).revoke(line.principal(tenant), client_id)
    report(as_json, f"Revoked the client {ended.name}.", {"client_id": ended.client_id, "revoked_at": ended.revoked_at})


@click.group()
def user() -> None:
    """People who sign in to the console."""


@user.command("create")
@click.option("--email", required=True)
@click.option("--name", required=True)
@click.option("--role", "roles", multiple=True, required=True, type=click.Choice(list(ROLES)), help="May be repeated.")
@password_option
@click.option("--invite", "invite_in", metavar="LANGUAGE", help="Send a link to choose a password, in en or de.")
@tenant_option
@json_option
@pass_command_line
def create_user(
    line: CommandLine,
    email: str,
    name: str,
    roles: tuple[str, ...],
    password_stdin: bool,
    invite_in: str | None,
    tenant: str | None,
    as_json: bool,
) -> None:
    """Make a user.

    \b
    Example: hub user create --email author@school.example --name "A. Author" --role author
    """
    _create(line, NewPerson(email, name, roles, _given_password(password_stdin), invite_in), tenant, as_json)


@user.command("invite")
@click.argument("email")
@click.option("--language", default=LANGUAGE, show_default=True, help="Of the message: en or de.")
@tenant_option
@json_option
@pass_command_line
def invite_user(line: CommandLine, email: str, language: str, tenant: str | None, as_json: bool) -> None:
    """Send a user a link to choose a password, the first one or another.

    \b
    Example: hub user invite author@school.example
    """
    principal = line.principal(tenant)
    found = line.hub.service(Users).of_email(principal, email)
    line.hub.service(Accounts).invite(principal, found.id, language)
    report(as_json, f"The message to {found.email} is on its way.", {"email": found.email})


@user.command("list")
@click.option("--search", default="", metavar="TEXT", help="Part of a name or address.")
@tenant_option
@json_option
@pass_command_line
def list_users(line: CommandLine, search: str, tenant: str | None, as_json: bool) -> None:
    """List the users of a tenant, by address.

    \b
    Example: hub user list --search school.example
    """
    principal = line.principal(tenant)
    people: list[Person] = []
    while page := line.hub.service(Users).list(principal, search, people[-1].email if people else None, 200):
        people.extend(page)
    report_list(as_json, "user(s)", people, _person_line)


def _person_line(person: Person) -> str:
    return f"{person.email}  {person.name}: {', '.join(person.roles)}{'' if person.is_active else ' (closed)'}"


@user.command("password")
@click.argument("email")
@password_option
@tenant_option
@json_option
@pass_command_line
def reset_password(line: CommandLine, email: str, password_stdin: bool, tenant: str | None, as_json: bool) -> None:
    """Give a user a new password; their open sessions end at once.

    \b
    Example: hub user password author@school.example
    """
    principal = line.principal(tenant)
    found = line.hub.service(Users).of_email(principal, email)
    made = line.hub.service(Users).reset_password(principal, found.id, _given_password(password_stdin))
    facts = {"email": found.email} | ({"password": made} if made else {})
    report(as_json, f"Gave {found.email} a new password.{' It is not shown again.' if made else ''}", facts)


@user.command("change")
@click.argument("email")
@click.option("--name", help="Another name.")
@click.option("--role", "roles", multiple=True, type=click.Choice(list(ROLES)), help="All roles; may repeat.")
@click.option("--close/--open", "is_closed", default=None, help="Let them sign in no longer, or again.")
@tenant_option
@json_option
@pass_command_line
def change_user(
    line: CommandLine,
    email: str,
    name: str | None,
    roles: tuple[str, ...],
    is_closed: bool | None,
    tenant: str | None,
    as_json: bool,
) -> None:
    """Change a user's name or roles, or close the account; what is taken away is gone at once.

    \b
    Example: hub user change author@school.example --role author --role instructor
    """
    if name is None and not roles and is_closed is None:
        raise click.UsageError("Say what to change: --name, --role, --close or --open.")
    principal = line.principal(tenant)
    found = line.hub.service(Users).of_email(principal, email)
    is_active = None if is_closed is None else not is_closed
    done = line.hub.service(Users).change(principal, found.id, name=name, roles=roles or None, is_active=is_active)
    report(as_json, f"Changed the user {done.email}.", asdict(done))


@user.command("reset-second-step")
@click.argument("email")
@tenant_option
@json_option
@pass_command_line
def reset_second_step(line: CommandLine, email: str, tenant: str | None, as_json: bool) -> None:
    """Remove authenticator, passkeys and recovery codes of a user who lost them all; be sure who asks.

    \b
    Example: hub user reset-second-step author@school.example
    """
    principal = line.principal(tenant)
    found = line.hub.service(Users).of_email(principal, email)
    line.hub.service(SecondFactors).remove(principal, found.id)
    report(as_json, f"{found.email} signs in by the password alone again.", {"email": found.email})


@click.group()
def mail() -> None:
    """E-mail that the Hub sends."""


@mail.command("test")
@click.argument("address")
@click.option("--language", default=LANGUAGE, show_default=True, help="Of the message: en or de.")
@json_option
@pass_command_line
def try_mail(line: CommandLine, address: str, language: str, as_json: bool) -> None:
    """Send a message now, and say what the mail server says against it.

    \b
    Example: hub mail test admin@school.example
    """
    line.hub.service(Post).try_out(address, language)
    report(as_json, f"The mail server has taken a message to {address}.", {"address": address})


@click.group()
def admin() -> None:
    """Administrators."""


@admin.command("create")
@click.option("--email", required=True)
@click.option("--name", default="Administrator", show_default=True)
@password_option
@tenant_option
@json_option
@pass_command_line
def create_admin(
    line: CommandLine, email: str, name: str, password_stdin: bool, tenant: str | None, as_json: bool
) -> None:
    """Make the first administrator of a tenant, or another one.

    \b
    Example: hub admin create --email admin@school.example
    """
    _create(line, NewPerson(email, name, ("administrator",), _given_password(password_stdin)), tenant, as_json)


def _given_password(from_stdin: bool) -> str | None:
    return sys.stdin.readline().rstrip("\r\n") if from_stdin else None


def _create(line: CommandLine, wanted: NewPerson, tenant: str | None, as_json: bool) -> None:
    person, made = line.hub.service(Users).create(line.principal(tenant), wanted)
    facts: dict[str, object] = {"id": person.id, "email": person.email, "roles": " ".join(person.roles)}
    if made is not None:
        facts["password"] = made
    shown = " The password is not shown again." if made else ""
    report(as_json, f"Made the user {person.email}.{shown}", facts)
