"""`hub lrs`: stores and their credentials."""

from uuid import UUID

import click

from hub.command_line import CommandLine, json_option, pass_command_line, report, report_list, tenant_option
from hub.xapi_lrs.services.credentials import Credentials, CredentialView, IssuedCredential
from hub.xapi_lrs.services.stores import Stores, StoreView


@click.group()
def lrs() -> None:
    """The Learning Record Store: stores and credentials."""


@lrs.group()
def store() -> None:
    """Stores of a tenant."""


@store.command("create")
@click.argument("name")
@tenant_option
@json_option
@pass_command_line
def create_store(line: CommandLine, name: str, tenant: str | None, as_json: bool) -> None:
    """Make a store.

    \b
    Example: hub lrs store create research
    """
    made = line.hub.service(Stores).create(line.principal(tenant), name)
    report(as_json, f"Made the store {made.name}.", {"id": made.id, "name": made.name})


@store.command("list")
@tenant_option
@json_option
@pass_command_line
def list_stores(line: CommandLine, tenant: str | None, as_json: bool) -> None:
    """List the stores.

    \b
    Example: hub lrs store list --json
    """
    found = line.hub.service(Stores).list(line.principal(tenant))
    report_list(as_json, "store(s)", found, lambda each: f"{each.id}  {each.name}", _store_facts)


def _store_facts(known: StoreView) -> dict[str, object]:
    return {"id": known.id, "name": known.name}


@lrs.group()
def credential() -> None:
    """Keys and secrets for HTTP Basic at /xapi."""


@credential.command("create")
@click.option("--store", "store_name", required=True, metavar="NAME", help="The store it is for.")
@click.option("--scope", "scopes", required=True, multiple=True, metavar="SCOPE", help="What it may do; repeatable.")
@click.option("--name", default="", help="What people read.")
@click.option("--requests-per-minute", type=click.IntRange(1), help="Allow no more requests than this.")
@tenant_option
@json_option
@pass_command_line
def create(
    line: CommandLine,
    store_name: str,
    scopes: tuple[str, ...],
    name: str,
    requests_per_minute: int | None,
    tenant: str | None,
    as_json: bool,
) -> None:
    """Make a credential; its secret is shown this once.

    \b
    Example: hub lrs credential create --store demo --scope statements/write --scope statements/read
    """
    service = line.hub.service(Credentials)
    issued = service.create(line.principal(tenant), store_name, scopes, name, requests_per_minute)
    _show_issued(line, issued, as_json, "Made a credential. The secret is not shown again.")


@credential.command("list")
@click.option("--store", "store_name", required=True, metavar="NAME", help="The store they are for.")
@tenant_option
@json_option
@pass_command_line
def list_credentials(line: CommandLine, store_name: str, tenant: str | None, as_json: bool) -> None:
    """List the credentials of a store, revoked ones too.

    \b
    Example: hub lrs credential list --store demo
    """
    principal = line.principal(tenant)
    found = line.hub.service(Stores).find(principal.tenant_id, store_name)
    listed = line.hub.service(Credentials).list(principal, found.id)
    report_list(as_json, "credential(s)", listed, lambda each: f"{each.id}  {_line(each)}", _facts)


@credential.command("rotate")
@click.argument("credential_id", type=click.UUID)
@tenant_option
@json_option
@pass_command_line
def rotate(line: CommandLine, credential_id: UUID, tenant: str | None, as_json: bool) -> None:
    """Give a credential a new secret; the old one stops at once.

    \b
    Example: hub lrs credential rotate 0199f3c2-...
    """
    issued = line.hub.service(Credentials).rotate(line.principal(tenant), credential_id)
    _show_issued(line, issued, as_json, "Rotated. The secret is not shown again.")


@credential.command("limit")
@click.argument("credential_id", type=click.UUID)
@click.option("--requests-per-minute", type=click.IntRange(1), help="Without it the limit is lifted.")
@tenant_option
@json_option
@pass_command_line
def limit(
    line: CommandLine, credential_id: UUID, requests_per_minute: int | None, tenant: str | None, as_json: bool
) -> None:
    """Set or lift the rate limit of a credential.

    \b
    Example: hub lrs credential limit 0199f3c2-... --requests-per-minute 600
    """
    changed = line.hub.service(Credentials).limit(line.principal(tenant), credential_id, requests_per_minute)
    allowed = f"{requests_per_minute} requests a minute" if requests_per_minute else "any number of requests"
    report(as_json, f"Allowed {allowed}.", _facts(changed))


@credential.command("revoke")
@click.argument("credential_id", type=click.UUID)
@tenant_option
@json_option
@pass_command_line
def revoke(line: CommandLine, credential_id: UUID, tenant: str | None, as_json: bool) -> None:
    """End a credential; it stops within a second.

    \b
    Example: hub lrs credential revoke 0199f3c2-...
    """
    ended = line.hub.service(Credentials).revoke(line.principal(tenant), credential_id)
    report(as_json, "Revoked.", _facts(ended))


def _show_issued(line: CommandLine, issued: IssuedCredential, as_json: bool, sentence: str) -> None:
    facts = {
        "id": issued.credential.id,
        "endpoint": f"{line.settings.public_url}/xapi",
        "key": issued.credential.key,
        "secret": issued.secret,
        "scopes": list(issued.credential.scopes),
    }
    report(as_json, sentence, facts)


def _facts(view: CredentialView) -> dict[str, object]:
    return {
        "id": view.id,
        "name": view.name,
        "key": view.key,
        "scopes": list(view.scopes),
        "requests_per_minute": view.requests_per_minute,
        "created_at": view.created_at,
        "last_used_at": view.last_used_at,
        "revoked_at": view.revoked_at,
    }


def _line(view: CredentialView) -> str:
    state = "revoked" if view.revoked_at else "in use"
    return f"{view.name}: {', '.join(view.scopes)} ({state})"
