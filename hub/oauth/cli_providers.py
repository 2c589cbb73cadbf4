"""Commands of identity providers."""

import sys
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID

import click

from hub.command_line import CommandLine, json_option, pass_command_line, report, report_list, tenant_option
from hub.identity import ROLES
from hub.oauth.services.providers import NewProvider, Providers, ProviderView
from hub.oauth.services.single_sign_on import SingleSignOn
from hub.oauth.spec.providers import KINDS

domain_option = click.option(
    "--domain", "domains", multiple=True, help="Of e-mail addresses that may come; may be repeated, all without."
)
role_option = click.option(
    "--role",
    "default_roles",
    multiple=True,
    metavar="ROLE",
    help=f"That everybody gets; may be repeated: {', '.join(ROLES)}.",
)
rule_option = click.option(
    "--rule", "rules", multiple=True, metavar="'CLAIM=VALUE -> ROLE'", help="A role by a claim; may be repeated."
)


@click.group()
def provider() -> None:
    """Identity providers: where people sign in instead of with a password here."""


@provider.command("create")
@click.option("--kind", type=click.Choice(list(KINDS)), default="oidc", show_default=True)
@click.option("--name", required=True, help="What the button on the sign-in page says.")
@click.option("--issuer", required=True, metavar="URL", help="The address of the provider, as it tells it itself.")
@click.option("--client-id", required=True, help="As the provider shows it.")
@domain_option
@role_option
@rule_option
@click.option("--no-accounts", is_flag=True, help="Let in only those who have an account already.")
@tenant_option
@json_option
@pass_command_line
def create_provider(
    line: CommandLine,
    kind: str,
    name: str,
    issuer: str,
    client_id: str,
    no_accounts: bool,
    tenant: str | None,
    as_json: bool,
    **lists: Sequence[str],
) -> None:
    """Add a provider. Its client secret is read from standard input, so that no list of processes shows it.

    \b
    Example: hub oauth provider create --kind google --name Google --issuer https://accounts.google.com
               --client-id 1234.apps.googleusercontent.com --domain school.example --role author < secret.txt
    """
    wanted = NewProvider(kind, name, issuer, client_id, _secret(), makes_accounts=not no_accounts, **_as_written(lists))
    made = line.hub.service(Providers).create(line.principal(tenant), wanted)
    _tell(line, as_json, f"Added {made.name}. Give it the addresses below.", made)


def _as_written(lists: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """What may be repeated, as people write it; one that is empty stands for none at all."""
    domains, roles, rules = ([one for one in lists[name] if one] for name in ("domains", "default_roles", "rules"))
    return {"domains": " ".join(domains), "default_roles": roles, "rules": "\n".join(rules)}


def _secret() -> str:
    if sys.stdin.isatty():
        secret: str = click.prompt("Client secret", hide_input=True, err=True)
        return secret
    return sys.stdin.readline().rstrip("\r\n")


def _tell(line: CommandLine, as_json: bool, sentence: str, known: ProviderView) -> None:
    facts = _facts(line, known)
    in_words = {name: ", ".join(value) if isinstance(value, list) else value for name, value in facts.items()}
    report(as_json, sentence, facts if as_json else in_words)


def _facts(line: CommandLine, known: ProviderView) -> dict[str, Any]:
    addresses = line.hub.service(SingleSignOn)
    back_channel, front_channel = addresses.logout_addresses(known.id)
    return {
        "id": known.id,
        "kind": known.kind,
        "name": known.name,
        "issuer": known.issuer,
        "client_id": known.client_id,
        "domains": list(known.domains),
        "default_roles": list(known.default_roles),
        "rules": known.rules_text.splitlines(),
        "makes_accounts": known.makes_accounts,
        "is_active": known.is_active,
        "return_address": addresses.return_address(known),
        "back_channel_logout": back_channel,
        "front_channel_logout": front_channel,
    }


@provider.command("list")
@tenant_option
@json_option
@pass_command_line
def list_providers(line: CommandLine, tenant: str | None, as_json: bool) -> None:
    """List the providers of a tenant.

    \b
    Example: hub oauth provider list
    """
    found = line.hub.service(Providers).list(line.principal(tenant))
    report_list(as_json, "provider(s)", found, _provider_line, partial(_facts, line))


def _provider_line(known: ProviderView) -> str:
    return f"{known.id}  {'in use' if known.is_active else 'off':<7}{known.name}: {known.issuer}"


@provider.command("show")
@click.argument("provider_id", type=click.UUID)
@tenant_option
@json_option
@pass_command_line
def show_provider(line: CommandLine, provider_id: UUID, tenant: str | None, as_json: bool) -> None:
    """Show a provider, and the addresses that it has to be given.

    \b
    Example: hub oauth provider show 01928f0e-0000-7000-8000-000000000000
    """
    known = line.hub.service(Providers).get(line.principal(tenant), provider_id)
    _tell(line, as_json, f"The provider {known.name}.", known)


@provider.command("check")
@click.argument("provider_id", type=click.UUID)
@tenant_option
@json_option
@pass_command_line
def check_provider(line: CommandLine, provider_id: UUID, tenant: str | None, as_json: bool) -> None:
    """Fetch discovery document and keys of a provider; whether id and secret are right, only a sign-in tells.

    \b
    Example: hub oauth provider check 01928f0e-0000-7000-8000-000000000000
    """
    known = line.hub.service(Providers).get(line.principal(tenant), provider_id)
    found = line.hub.service(SingleSignOn).check(known)
    report(as_json, f"{found.issuer} answers.", {"keys": found.keys, "ends_sessions": found.ends_sessions})


@provider.command("change")
@click.argument("provider_id", type=click.UUID)
@click.option("--name", help="What the button on the sign-in page says.")
@click.option("--issuer", metavar="URL", help="Only while nobody came by it.")
@click.option("--client-id", help="As the provider shows it.")
@click.option("--secret-stdin", is_flag=True, help="Read another client secret from standard input.")
@domain_option
@role_option
@rule_option
@click.option("--accounts/--no-accounts", "makes_accounts", default=None, help="Whether who is new gets an account.")
@click.option("--on/--off", "is_active", default=None, help="Whether people may sign in by it.")
@tenant_option
@json_option
@pass_command_line
def change_provider(
    line: CommandLine, provider_id: UUID, secret_stdin: bool, tenant: str | None, as_json: bool, **given: Any
) -> None:
    """Change what is given of a provider; what is not named stays. `--domain ""` lets every domain in.

    \b
    Example: hub oauth provider change 01928f0e-0000-7000-8000-000000000000 --off
    """
    lists = {name: given.pop(name) for name in ("domains", "default_roles", "rules")}
    changes = {name: value for name, value in given.items() if value is not None}
    changes |= {name: value for name, value in _as_written(lists).items() if lists[name]}
    if secret_stdin:
        changes["client_secret"] = _secret()
    changed = line.hub.service(Providers).change(line.principal(tenant), provider_id, **changes)
    _tell(line, as_json, f"Changed {changed.name}.", changed)


@provider.command("remove")
@click.argument("provider_id", type=click.UUID)
@tenant_option
@json_option
@pass_command_line
def remove_provider(line: CommandLine, provider_id: UUID, tenant: str | None, as_json: bool) -> None:
    """Remove a provider; accounts stay, but nobody signs in by it any more.

    \b
    Example: hub oauth provider remove 01928f0e-0000-7000-8000-000000000000
    """
    line.hub.service(Providers).remove(line.principal(tenant), provider_id)
    report(as_json, "Removed the provider.", {"id": provider_id})
