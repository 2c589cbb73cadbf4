"""Commands of the audit log: its months."""

from datetime import UTC, datetime
from pathlib import Path

import click
import orjson

from hub.command_line import REFUSED, CommandLine, json_option, pass_command_line, report
from hub.errors import Invalid
from hub.oauth.services.audit_log import AuditLog


@click.group()
def audit() -> None:
    """The audit log: who did what. Its months, of all tenants together."""


@audit.command("list")
@json_option
@pass_command_line
def list_months(line: CommandLine, as_json: bool) -> None:
    """List the months with their events and size, and say which are detached.

    \b
    Example: hub audit list
    """
    found = line.hub.service(AuditLog).months()
    if as_json:
        report(
            True,
            "",
            [{"month": m.name, "attached": m.is_attached, "events": m.events, "bytes": m.bytes} for m in found],
        )
        return
    for month in found:
        state = "" if month.is_attached else "  detached"
        click.echo(f"{month.name:<8} {month.events:>10} events {month.bytes // 1024:>10} kB{state}")


@audit.command("detach")
@click.option("--before", metavar="YYYY-MM", help="Months before this one; those older than HUB_AUDIT_DAYS without.")
@json_option
@pass_command_line
def detach(line: CommandLine, before: str | None, as_json: bool) -> None:
    """Take old months out of the log; they stay in the database until `hub audit remove`. The worker does it daily.

    \b
    Example: hub audit detach --before 2026-01
    """
    log = line.hub.service(AuditLog)
    gone = log.detach_before(_month(before)) if before else log.keep_months()
    report(as_json, f"Detached {', '.join(gone) or 'nothing'}.", {"detached": gone} if as_json else {})


@audit.command("export")
@click.argument("month")
@click.option("--to", "target", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The file.")
@json_option
@pass_command_line
def export(line: CommandLine, month: str, target: Path, as_json: bool) -> None:
    """Write the events of a month, detached or not, as JSON Lines.

    \b
    Example: hub audit export 2026-01 --to audit-2026-01.jsonl
    """
    events = line.hub.service(AuditLog).events_of_month(month)
    with target.open("wb") as file:
        count = sum(file.write(orjson.dumps(event) + b"\n") > 0 for event in events)
    report(as_json, f"Wrote {count} events to {target}.", {"month": month, "events": count} if as_json else {})


@audit.command("remove")
@click.argument("month")
@click.option("--yes", is_flag=True, help="Really remove it.")
@json_option
@pass_command_line
def remove(line: CommandLine, month: str, yes: bool, as_json: bool) -> None:
    """Remove a detached month for good; export it before.

    \b
    Example: hub audit remove 2026-01 --yes
    """
    if not yes:
        click.echo("Nothing was removed: say --yes.", err=True)
        raise SystemExit(REFUSED)
    count = line.hub.service(AuditLog).remove_month(month)
    report(as_json, f"Removed {month} with {count} events.", {"month": month, "events": count} if as_json else {})


def _month(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC)
    except ValueError:
        raise Invalid(f"{text} is not YYYY-MM.") from None
