"""`hub lti`: platforms on the command line."""

from dataclasses import asdict
from typing import Any, BinaryIO
from uuid import UUID

import click
import orjson
from marshmallow import ValidationError

from hub.command_line import CommandLine, json_option, pass_command_line, report, report_list, tenant_option
from hub.http.problem import violations_of
from hub.lti.services.dynamic_registration import INVITATION_DAYS, DynamicRegistration
from hub.lti.services.platforms import Platforms
from hub.lti.spec.platform import Platform, PlatformDetails
from hub.lti.views.api_schemas import NewPlatformSchema, described, details_of


@click.group()
def lti() -> None:
    """Learning platforms that launch courses of the Hub by LTI 1.3."""


@lti.group()
def platform() -> None:
    """Add, list and remove platforms."""


@platform.command()
@click.option(
    "--file", "file", type=click.File("rb"), help="A JSON file with one platform as the API takes it, or more."
)
@click.option("--issuer", metavar="URL", help="The platform's issuer (`iss`).")
@click.option("--client-id", metavar="ID", help="The id that the platform gave to the Hub.")
@click.option("--auth-url", metavar="URL", help="Its OpenID Connect authentication address.")
@click.option("--token-url", metavar="URL", help="Its access token address.")
@click.option("--jwks-url", metavar="URL", help="Its public key set address.")
@click.option("--deployment", "deployments", multiple=True, metavar="ID", help="May be repeated.")
@click.option("--learn-deployments", "learns_deployments", is_flag=True, help="Take new deployments from launches.")
@click.option("--use-pseudonyms", "uses_pseudonyms", is_flag=True, help="Statements do not name its learners.")
@click.option("--name", default="", metavar="TEXT", help="What people call it; the issuer's origin by default.")
@click.option("--token-audience", metavar="URL", help="`aud` of token requests where it is not the token address.")
@tenant_option
@json_option
@pass_command_line
def add(
    command_line: CommandLine,
    tenant: str | None,
    as_json: bool,
    file: BinaryIO | None,
    deployments: tuple[str, ...],
    **options: Any,
) -> None:
    """Add a platform, and print what to enter there; from a file, all of its platforms or none.

    \b
    Examples:
      hub lti platform add --issuer https://lms.example --client-id abc --auth-url https://lms.example/auth
          --token-url https://lms.example/token --jwks-url https://lms.example/jwks --deployment 1
      hub lti platform add --file platforms.json
    """
    wanted = _in_file(file) if file else [_in_options(deployments, options)]
    platforms = command_line.hub.service(Platforms)
    made = platforms.add_all(command_line.principal(tenant), wanted)
    facts = [{"id": one.id, **asdict(platforms.settings)} for one in made]
    names = ", ".join(one.name for one in made)
    report(as_json, f"Added {names}. Enter these addresses in the platform:", facts[0] if len(facts) == 1 else facts)
    if len(facts) > 1 and not as_json:
        report(False, "", asdict(platforms.settings))


_NEEDED = ("issuer", "client_id", "auth_url", "token_url", "jwks_url")


def _in_options(deployments: tuple[str, ...], options: dict[str, Any]) -> PlatformDetails:
    missing = [f"--{name.replace('_', '-')}" for name in _NEEDED if not options[name]]
    if missing:
        raise click.UsageError(f"Say {', '.join(missing)}, or --file.")
    return PlatformDetails(deployment_ids=deployments, **options)


def _in_file(file: BinaryIO) -> list[PlatformDetails]:
    """The platforms of a JSON file: one object or a list of them, with the members of POST /api/v1/platforms."""
    try:
        document = orjson.loads(file.read())
    except ValueError as error:
        raise click.UsageError(f"{file.name} is not JSON: {error}") from error
    entries = document if isinstance(document, list) else [document]
    return [_in_entry(f"{file.name}, platform {number}", entry) for number, entry in enumerate(entries, 1)]


def _in_entry(where: str, entry: Any) -> PlatformDetails:
    if not isinstance(entry, dict):
        raise click.UsageError(f"{where} is not an object.")
    try:
        return details_of(NewPlatformSchema().load(entry))
    except ValidationError as error:
        faults = [f"{fault.where}: {fault.message}" for fault in violations_of(error.messages)]
        raise click.UsageError(f"{where}: {' '.join(faults)}") from error


@platform.command()
@click.option("--days", default=INVITATION_DAYS, show_default=True, help="How long the link is good.")
@tenant_option
@json_option
@pass_command_line
def invite(command_line: CommandLine, days: int, tenant: str | None, as_json: bool) -> None:
    """Make a one-time link for LTI Dynamic Registration; a platform that comes by it is let in at once.

    Example: hub lti platform invite --days 2
    """
    made, url = command_line.hub.service(DynamicRegistration).invite(command_line.principal(tenant), days)
    facts = {"url": url, "id": made.id, "expires_at": made.expires_at.isoformat()}
    report(as_json, "Paste this address where the platform adds tools by dynamic registration. It works once.", facts)


@platform.command()
@click.argument("platform_id", type=click.UUID)
@tenant_option
@json_option
@pass_command_line
def approve(command_line: CommandLine, platform_id: UUID, tenant: str | None, as_json: bool) -> None:
    """Let a platform in that registered itself.

    Example: hub lti platform approve 0198c0de-0000-7000-8000-000000000000
    """
    found = command_line.hub.service(Platforms).approve(command_line.principal(tenant), platform_id)
    report(as_json, f"{found.name} may launch now.", described(found))


@platform.command("list")
@tenant_option
@json_option
@pass_command_line
def list_platforms(command_line: CommandLine, tenant: str | None, as_json: bool) -> None:
    """List the platforms. Example: hub lti platform list --json"""
    found = command_line.hub.service(Platforms).list(command_line.principal(tenant), limit=1000)
    report_list(as_json, "platform(s)", found, _platform_line, described)


def _platform_line(one: Platform) -> str:
    return f"{one.id}  {one.name} ({one.client_id}{', waits for approval' if one.awaits_approval else ''})"


@platform.command()
@click.argument("platform_id", type=click.UUID)
@tenant_option
@json_option
@pass_command_line
def remove(command_line: CommandLine, platform_id: UUID, tenant: str | None, as_json: bool) -> None:
    """Remove a platform with its links and score deliveries; registrations and statements stay.

    Example: hub lti platform remove 0198c0de-0000-7000-8000-000000000000
    """
    command_line.hub.service(Platforms).remove(command_line.principal(tenant), platform_id)
    report(as_json, "Removed the platform.", {"id": platform_id})
