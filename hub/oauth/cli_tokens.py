"""Commands of personal access tokens."""

from uuid import UUID

import click

from hub.command_line import CommandLine, json_option, pass_command_line, report, report_list, tenant_option
from hub.oauth.scopes import SCOPES
from hub.oauth.services.personal_tokens import LONGEST_DAYS, PersonalTokens, PersonalTokenView
from hub.oauth.services.users import Users

user_option = click.option("--user", "email", required=True, metavar="EMAIL", help="Whose token it is.")


@click.group()
def token() -> None:
    """Personal access tokens: what scripts of a person use."""


@token.command("create")
@user_option
@click.option("--name", required=True, help="What the script is for.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice(list(SCOPES)),
    metavar="SCOPE",
    help="May be repeated; docs/security.md lists them.",
)
@click.option("--days", type=click.IntRange(1, LONGEST_DAYS), default=90, show_default=True, help="How long it works.")
@tenant_option
@json_option
@pass_command_line
def create_token(
    line: CommandLine, email: str, name: str, scopes: tuple[str, ...], days: int, tenant: str | None, as_json: bool
) -> None:
    """Make a token for a person; it is shown this once.

    \b
    Example: hub oauth token create --user author@school.example --name "Nightly report" --scope packages:read
    """
    principal = line.principal(tenant)
    owner = line.hub.service(Users).of_email(principal, email)
    made, secret = line.hub.service(PersonalTokens).create(principal, name, scopes, days, owner)
    facts = {"id": made.id, "token": secret, "scope": " ".join(made.scopes), "expires_at": made.expires_at}
    report(as_json, f"Made the token {made.name} for {owner.email}. It is not shown again.", facts)


@token.command("list")
@user_option
@tenant_option
@json_option
@pass_command_line
def list_tokens(line: CommandLine, email: str, tenant: str | None, as_json: bool) -> None:
    """List the tokens of a person that are still good.

    \b
    Example: hub oauth token list --user author@school.example
    """
    principal = line.principal(tenant)
    owner = line.hub.service(Users).of_email(principal, email)
    tokens = line.hub.service(PersonalTokens).of_person(principal, owner.id)
    report_list(as_json, "token(s)", tokens, _token_line)


def _token_line(known: PersonalTokenView) -> str:
    return f"{known.id}  until {known.expires_at:%Y-%m-%d}  {known.name}: {' '.join(known.scopes)}"


@token.command("revoke")
@click.argument("token_id", type=click.UUID)
@user_option
@tenant_option
@json_option
@pass_command_line
def revoke_token(line: CommandLine, token_id: UUID, email: str, tenant: str | None, as_json: bool) -> None:
    """End a token; it stops working within a second.

    \b
    Example: hub oauth token revoke 01928f0e-0000-7000-8000-000000000000 --user author@school.example
    """
    principal = line.principal(tenant)
    owner = line.hub.service(Users).of_email(principal, email)
    ended = line.hub.service(PersonalTokens).revoke_of_person(principal, owner.id, token_id)
    report(as_json, f"Revoked the token {ended.name}.", {"id": ended.id})
