"""`hub lti`: platforms on the command line."""

from typing import Any
from uuid import UUID

import click

from hub.command_line import CommandLine, json_option, pass_command_line, report, tenant_option
from hub.lti.services.platforms import Platforms
from hub.lti.spec.platform import Platform, PlatformDetails


@click.group()
def lti() -> None:
    """Learning platforms that launch courses of the Hub by LTI 1.3."""


@lti.group()
def platform() -> None:
    """Add, list and remove platforms."""


@platform.command()
@click.option("--issuer", required=True, metavar="URL", help="The platform's issuer (`iss`).")
@click.option("--client-id", required=True, metavar="ID", help="The id that the platform gave to the Hub.")
@click.option("--auth-url", required=True, metavar="URL", help="Its OpenID Connect authentication address.")
@click.option("--token-url", required=True, metavar="URL", help="Its access token address.")
@click.option("--jwks-url", required=True, metavar="URL", help="Its public key set address.")
@click.option("--deployment", "deployments", required=True, multiple=True, metavar="ID", help="May be repeated.")
@click.option("--name", default="", metavar="TEXT", help="What people call it; the issuer's origin by default.")
@click.option("--token-audience", metavar="URL", help="`aud` of token requests where it is not the token address.")
@tenant_option
@json_option
@pass_command_line
def add(
    command_line: CommandLine,
    tenant: str | None,
    as_json: bool,
    deployments: tuple[str, ...],
    **details: Any,
) -> None:
    """Add a platform, and print what to enter there.

    Example: hub lti platform add --issuer https://lms.example --client-id abc --auth-url https://lms.example/auth
    --token-url https://lms.example/token --jwks-url https://lms.example/jwks --deployment 1
    """
    platforms = command_line.hub.service(Platforms)
    made = platforms.add(command_line.principal(tenant), PlatformDetails(deployment_ids=deployments, **details))
    tool = platforms.settings
    facts = {
        "id": made.id,
        "login_url": tool.login_url,
        "launch_url": tool.launch_url,
        "jwks_url": tool.jwks_url,
        "deep_link_url": tool.deep_link_url,
    }
    report(as_json, f"Added {made.name}. Enter these addresses in the platform:", facts)


@platform.command("list")
@tenant_option
@json_option
@pass_command_line
def list_platforms(command_line: CommandLine, tenant: str | None, as_json: bool) -> None:
    """List the platforms. Example: hub lti platform list --json"""
    found = command_line.hub.service(Platforms).list(command_line.principal(tenant), limit=1000)
    if as_json:
        report(True, "", [_facts(one) for one in found])
        return
    report(False, f"{len(found)} platforms", {str(one.id): f"{one.name} ({one.client_id})" for one in found})


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


def _facts(platform: Platform) -> dict[str, Any]:
    return {
        "id": platform.id,
        "name": platform.name,
        "issuer": platform.issuer,
        "client_id": platform.client_id,
        "auth_url": platform.auth_url,
        "token_url": platform.token_url,
        "jwks_url": platform.jwks_url,
        "deployments": sorted(platform.deployment_ids),
        "is_active": platform.is_active,
    }
