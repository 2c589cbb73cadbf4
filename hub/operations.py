"""Commands that run and look after a Hub: migrate, serve, worker, keys, tenant, doctor."""

import sys
from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

import click

from hub.adapters.key_files import KeyFiles, add_data_key, create_keys, rotate_signing_key
from hub.celery_app import run_worker
from hub.command_line import DANGEROUS, REFUSED, CommandLine, json_option, pass_command_line, report, report_list
from hub.db.migrations import Migrations
from hub.errors import HubError
from hub.health import Health, PartHealth
from hub.identity import NOBODY, system_principal
from hub.oauth.services.audit_log import AuditLog
from hub.oauth.services.first_run import FirstRun
from hub.oauth.services.sealing import Sealing
from hub.oauth.services.tenant_removal import TenantRemovals
from hub.oauth.services.tenants import Tenants, TenantView
from hub.ports import KeyInfo
from hub.weak_secrets import weak_secrets
from hub.web_server import require_free_port, run_web_server
from hub.xapi_lrs.services.filing import Filing


@click.command()
@json_option
@pass_command_line
def migrate(line: CommandLine, as_json: bool) -> None:
    """Bring the database to the newest migration.

    \b
    Example: hub migrate
    """
    migrations = Migrations(line.settings.sqlalchemy_url)
    before = migrations.current()
    migrations.upgrade()
    line.hub.service(Filing).file_rest()
    after = migrations.current()
    sentence = "The database is up to date." if before == after else f"Migrated from {before or 'nothing'} to {after}."
    report(as_json, sentence, {"before": before, "after": after})


@click.command()
@pass_command_line
def serve(line: CommandLine) -> None:
    """Run the web server in the foreground.

    \b
    Example: HUB_PORT=8080 hub serve
    """
    require_free_port(line.settings)
    _tell_first_run(line)
    run_web_server(line.settings)


def _tell_first_run(line: CommandLine) -> None:
    """While nobody could sign in to let others in: the link by which somebody can. The server starts in any case."""
    try:
        link = line.hub.service(FirstRun).link()
        click.echo(f"There is no administrator yet. Whoever opens this link within 24 hours becomes one:\n  {link}")
    except HubError:
        return  # There is one, or the database is not ready; `hub doctor` tells of that.
    finally:
        line.hub.close()


@click.command("setup-link")
@json_option
@pass_command_line
def setup_link(line: CommandLine, as_json: bool) -> None:
    """Make a one-time link for the first administrator; it works for 24 hours, and while there is none.

    \b
    Example: hub setup-link
    """
    report(as_json, "Open this link to become the administrator.", {"link": line.hub.service(FirstRun).link()})


@click.command()
@pass_command_line
def worker(line: CommandLine) -> None:
    """Run the Celery worker with its periodic tasks in the foreground.

    \b
    Example: hub worker
    """
    run_worker(line.hub)


@click.group()
def keys() -> None:
    """The Hub's own keys."""


@keys.command("create")
@json_option
@pass_command_line
def create(line: CommandLine, as_json: bool) -> None:
    """Make whatever key is missing; existing ones are never touched.

    \b
    Example: hub keys create
    """
    made = create_keys(Path(line.settings.keys_dir))
    folder = line.settings.keys_dir
    report(as_json, f"Made {', '.join(made)} in {folder}." if made else f"All keys are in {folder}.", {"made": made})


@keys.command("list")
@json_option
@pass_command_line
def list_keys(line: CommandLine, as_json: bool) -> None:
    """List the keys with their ages; what is in them is never told.

    \b
    Example: hub keys list
    """
    found = KeyFiles(Path(line.settings.keys_dir)).known()
    report_list(as_json, f"key(s) in {line.settings.keys_dir}", found, _key_line)


def _key_line(key: KeyInfo) -> str:
    return f"{key.name}  {key.kind:<8}{key.state:<10}since {key.since:%Y-%m-%d %H:%M} UTC"


@keys.command("rotate")
@click.option(
    "--announce-hours", default=24, show_default=True, type=click.IntRange(0, 24 * 30), help="Until it signs."
)
@click.option(
    "--keep-days", default=30, show_default=True, type=click.IntRange(1, 3650), help="How long replaced ones stay."
)
@json_option
@pass_command_line
def rotate(line: CommandLine, announce_hours: int, keep_days: int, as_json: bool) -> None:
    """Add a signing key without a gap: it is published at once and signs a day later; the one before verifies on.

    Nothing has to be restarted. Keys that were replaced more than --keep-days ago are removed. A key that got into
    wrong hands is replaced by `--announce-hours 0`, and its file deleted.

    \b
    Example: hub keys rotate
    """
    announced, kept = timedelta(hours=announce_hours), timedelta(days=keep_days)
    made, removed = rotate_signing_key(Path(line.settings.keys_dir), announced, kept)
    _tell_tenants(line, "keys.rotated", {"made": [made], "removed": removed})
    sentence = (
        f"Published a signing key; it signs in {announce_hours} hours." if announce_hours else "It signs from now on."
    )
    report(as_json, sentence, {"made": [made], "removed": removed})


@keys.command("rotate-data")
@json_option
@pass_command_line
def rotate_data(line: CommandLine, as_json: bool) -> None:
    """Add a key for sealed columns and seal them all anew; afterwards no older data key is needed.

    \b
    Example: hub keys rotate-data
    """
    name = add_data_key(Path(line.settings.keys_dir))
    count = line.hub.service(Sealing).reseal()
    _tell_tenants(line, "keys.data_rotated", {"made": [name], "sealed": count})
    report(as_json, f"Added {name} and sealed {count} value(s) anew with it.", {"made": [name], "sealed": count})


def _tell_tenants(line: CommandLine, deed: str, details: Mapping[str, object]) -> None:
    """Write it into every tenant's audit log. A key that got into wrong hands is replaced even without a database."""
    if not line.settings.database_url:
        return
    try:
        line.hub.service(AuditLog).tell_all(deed, dict(details))
    except HubError as fault:
        click.echo(f"It was done, but could not be written into the audit log: {fault}", err=True)


@click.group()
def tenant() -> None:
    """Tenants: separate worlds of data."""


@tenant.command("create")
@click.argument("slug")
@click.option("--name", help="What people read; the slug without one.")
@json_option
@pass_command_line
def create_tenant(line: CommandLine, slug: str, name: str | None, as_json: bool) -> None:
    """Make a tenant.

    \b
    Example: hub tenant create hillside --name "Hillside School"
    """
    made = line.hub.service(Tenants).create(slug, name or slug)
    report(as_json, f"Made the tenant {made.slug}.", {"id": made.id, "slug": made.slug, "name": made.name})


@tenant.command("list")
@click.option("--search", default="", metavar="TEXT", help="Part of a name or short name.")
@json_option
@pass_command_line
def list_tenants(line: CommandLine, search: str, as_json: bool) -> None:
    """List the tenants, by short name.

    \b
    Example: hub tenant list
    """
    found: list[TenantView] = []
    asker = system_principal(NOBODY)
    while page := line.hub.service(Tenants).page(asker, search, found[-1].slug if found else None, 200):
        found.extend(page)
    report_list(as_json, "tenant(s)", found, _tenant_line)


def _tenant_line(each: TenantView) -> str:
    return f"{each.slug}  {each.name}{' (suspended)' if each.suspended_at else ''}"


@tenant.command("rename")
@click.argument("slug")
@click.argument("name")
@json_option
@pass_command_line
def rename_tenant(line: CommandLine, slug: str, name: str, as_json: bool) -> None:
    """Give a tenant another name; its short name stays.

    \b
    Example: hub tenant rename hillside "Hillside Academy"
    """
    tenant_id = line.hub.service(Tenants).resolve(slug).id
    done = line.hub.service(Tenants).change(system_principal(tenant_id), tenant_id, name=name)
    report(as_json, f"The tenant {done.slug} is called {done.name} now.", asdict(done))


@tenant.command("remove")
@click.argument("slug")
@click.option("--confirm", metavar="SLUG", help="The short name once more; asked for on a terminal.")
@json_option
@pass_command_line
def remove_tenant(line: CommandLine, slug: str, confirm: str | None, as_json: bool) -> None:
    """Remove a suspended tenant with all that it has: people, packages, statements, files. It cannot be undone.

    Only the audit log stays. Begun again after it was broken off, it goes on.

    \b
    Example: hub tenant remove hillside --confirm hillside
    """
    tenant_id = line.hub.service(Tenants).resolve(slug).id
    if confirm is None and sys.stdin.isatty():
        confirm = click.prompt(f"This removes everything of the tenant {slug}. Its short name, to confirm")
    if confirm is None:
        click.echo("Nothing was removed: say --confirm with the short name of the tenant.", err=True)
        sys.exit(DANGEROUS)
    removals, asker = line.hub.service(TenantRemovals), system_principal(tenant_id)
    removals.begin(asker, tenant_id, confirm)
    removals.follow(tenant_id, _progress_on_terminal)
    done = removals.get(asker, tenant_id)
    report(as_json, f"Removed the tenant {done.slug}.", asdict(done) if as_json else done.counts)


def _progress_on_terminal(percent: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r{percent} %", nl=percent == 100, err=True)


@tenant.command("suspend")
@click.argument("slug")
@json_option
@pass_command_line
def suspend_tenant(line: CommandLine, slug: str, as_json: bool) -> None:
    """Let nobody into a tenant any more: no sign-in, no token or credential, no launch. Nothing is lost.

    \b
    Example: hub tenant suspend hillside
    """
    tenant_id = line.hub.service(Tenants).resolve(slug).id
    done = line.hub.service(Tenants).suspend(system_principal(tenant_id), tenant_id)
    report(as_json, f"Suspended the tenant {done.slug}.", asdict(done))


@tenant.command("reopen")
@click.argument("slug")
@json_option
@pass_command_line
def reopen_tenant(line: CommandLine, slug: str, as_json: bool) -> None:
    """Let people and programs into a suspended tenant again.

    \b
    Example: hub tenant reopen hillside
    """
    tenant_id = line.hub.service(Tenants).resolve(slug).id
    done = line.hub.service(Tenants).reopen(system_principal(tenant_id), tenant_id)
    report(as_json, f"Opened the tenant {done.slug} again.", asdict(done))


@click.command()
@json_option
@pass_command_line
def doctor(line: CommandLine, as_json: bool) -> None:
    """Check every part that the Hub needs, and say what is wrong and how to mend it; warn of weak secrets.

    \b
    Example: hub doctor
    """
    key_faults = KeyFiles(Path(line.settings.keys_dir)).check()
    parts = [PartHealth("keys", " ".join(key_faults) or None, "")]
    if not key_faults:
        parts += line.hub.service(Health).of_all()
    warnings = weak_secrets(line.settings)
    if as_json:
        report(True, "", {part.name: part.fault or "ok" for part in parts} | {"warnings": warnings})
    else:
        for part in parts:
            click.echo(f"ok   {part.name}" if part.fault is None else f"BAD  {part.name}: {part.fault} {part.remedy}")
            if part.reason:
                click.echo(f"     {part.reason}")
        for warning in warnings:
            click.echo(f"weak {warning}")
    if any(part.fault for part in parts):
        sys.exit(REFUSED)
