"""Commands on how packages are played and used: settings, report, and what support people do with registrations."""

import csv
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import click

from hub.command_line import CommandLine, json_option, pass_command_line, report, report_list, tenant_option
from hub.scorm.services.analytics import TABLES, Analytics, Wanted, table_of
from hub.scorm.services.comments import Comments
from hub.scorm.services.learners import Learners
from hub.scorm.services.package_settings import SettingsOfPackages
from hub.scorm.services.registrations import MODES, Registrations
from hub.scorm.services.replays import CallView, NavigationView, Replays
from hub.scorm.spec.settings import FIELDS
from hub.spreadsheets import cell

_LISTED = 200


@click.command("settings")
@click.argument("package_id")
@click.option("--version", type=int, help="Of this version only; of the package without.")
@click.option("--set", "assignments", multiple=True, metavar="NAME=VALUE", help="Set a value; may be repeated.")
@click.option("--unset", multiple=True, metavar="NAME", help="Have a value inherited again; may be repeated.")
@tenant_option
@json_option
@pass_command_line
def package_settings(
    line: CommandLine,
    package_id: str,
    version: int | None,
    assignments: tuple[str, ...],
    unset: tuple[str, ...],
    tenant: str | None,
    as_json: bool,
) -> None:
    """Show or change how a package is played, and who set each value.

    \b
    Example: hub package settings fire-safety --set success=score --set pass_score=0.7
    """
    principal, settings = line.principal(tenant), line.hub.service(SettingsOfPackages)
    changes = {**dict(_assigned(text) for text in assignments), **dict.fromkeys(unset)}
    if changes:
        found = settings.change(principal, package_id, changes, version)
    else:
        found = settings.get(principal, package_id, version)
    if as_json:
        report(True, "", asdict(found))
        return
    for name, value in found.values.items():
        shown = "none" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
        click.echo(f"{name:<20} {shown:<14} {found.set_by[name]}")


def _assigned(text: str) -> tuple[str, Any]:
    """A name and its value; a number or true or false where the setting is one, else the text as it is."""
    name, equals, value = text.partition("=")
    if not equals:
        raise click.UsageError(f"--set takes NAME=VALUE, not {text}.")
    if "choices" in FIELDS.get(name, {}):
        return name, value
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


@click.command("report")
@click.argument("package_id")
@click.option("--version", type=int, help="Only attempts on this version.")
@click.option("--since", type=click.DateTime(), help="Only attempts begun since (UTC).")
@click.option("--until", type=click.DateTime(), help="Only attempts begun before (UTC).")
@click.option("--table", type=click.Choice(TABLES), help="Write this table as CSV.")
@tenant_option
@json_option
@pass_command_line
def package_report(
    line: CommandLine,
    package_id: str,
    version: int | None,
    since: datetime | None,
    until: datetime | None,
    table: str | None,
    tenant: str | None,
    as_json: bool,
) -> None:
    """Report how a package is used: attempts, scores, time, activities, interactions.

    \b
    Example: hub package report fire-safety --since 2026-11-01 --table items
    """
    wanted = Wanted(version, _utc(since), _utc(until))
    found = line.hub.service(Analytics).get(line.principal(tenant), package_id, wanted)
    if as_json:
        report(True, "", asdict(found))
        return
    if table is not None:
        names, rows = table_of(found, table)
        writer = csv.writer(sys.stdout)
        writer.writerows([names, *([cell(value) for value in row] for row in rows)])
        return
    whole = found.overview
    click.echo(f"{whole.attempts} attempts, {whole.completed} completed, {whole.passed} passed, {whole.failed} failed")
    for activity in found.activities:
        click.echo(f"  {activity.opened:>6} opened  {activity.left_here:>6} left here  {activity.title}")
    for item in found.items:
        click.echo(f"  difficulty {_share(item.difficulty)}  discrimination {_share(item.discrimination)}  {item.item}")


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=UTC)


def _share(value: float | None) -> str:
    return "    –" if value is None else f"{value:5.2f}"


@click.command("begin-attempt")
@click.argument("registration_id")
@tenant_option
@json_option
@pass_command_line
def begin_attempt(line: CommandLine, registration_id: str, tenant: str | None, as_json: bool) -> None:
    """End the current attempt and begin a new one on the published version.

    \b
    Example: hub registration begin-attempt 0199f3a2-6f0e-7c41-9d0e-0d1f6c2b7a55
    """
    principal, registrations = line.principal(tenant), line.hub.service(Registrations)
    changed = registrations.begin_attempt(principal, registrations.find(principal, registration_id))
    report(as_json, f"A new attempt of {changed.external_id} has begun.", asdict(changed) if as_json else {})


@click.command("reset")
@click.argument("registration_id")
@click.option("--yes", is_flag=True, help="Do not ask.")
@tenant_option
@json_option
@pass_command_line
def reset(line: CommandLine, registration_id: str, yes: bool, tenant: str | None, as_json: bool) -> None:
    """Remove all attempts with what was tracked. Statements and grades that were sent stay.

    \b
    Example: hub registration reset 0199f3a2-6f0e-7c41-9d0e-0d1f6c2b7a55 --yes
    """
    principal, registrations = line.principal(tenant), line.hub.service(Registrations)
    found = registrations.find(principal, registration_id)
    if not yes:
        if not sys.stdin.isatty():
            raise click.UsageError("There is no terminal to ask on; use --yes.")
        click.confirm(f"Remove all attempts of {registration_id}?", abort=True)
    changed = registrations.reset(principal, found)
    report(as_json, f"Reset {changed.external_id}.", asdict(changed) if as_json else {})


@click.command("mode")
@click.argument("registration_id")
@click.argument("mode", type=click.Choice(MODES))
@tenant_option
@json_option
@pass_command_line
def set_mode(line: CommandLine, registration_id: str, mode: str, tenant: str | None, as_json: bool) -> None:
    """Say in which mode launches open a registration: browse and review record nothing.

    \b
    Example: hub registration mode 0199f3a2-6f0e-7c41-9d0e-0d1f6c2b7a55 review
    """
    principal, registrations = line.principal(tenant), line.hub.service(Registrations)
    changed = registrations.set_mode(principal, registrations.find(principal, registration_id), mode)
    report(as_json, f"Launches open {changed.external_id} in {mode} mode.", asdict(changed) if as_json else {})


@click.command("comment")
@click.argument("registration_id")
@click.argument("text")
@click.option("--activity", required=True, help="The identifier of the activity whose content reads it.")
@click.option("--location", default="", help="The place within the content that it is about.")
@tenant_option
@json_option
@pass_command_line
def comment(
    line: CommandLine, registration_id: str, text: str, activity: str, location: str, tenant: str | None, as_json: bool
) -> None:
    """Leave a comment for the learner, which the content of an activity reads when it is next started.

    \b
    Example: hub registration comment 0199f3a2-6f0e-7c41-9d0e-0d1f6c2b7a55 --activity item-1 "Look at question 3 again."
    """
    principal = line.principal(tenant)
    found = line.hub.service(Registrations).find(principal, registration_id)
    made = line.hub.service(Comments).add(principal, found, activity, text, location)
    report(as_json, f"{made.activity_title} will find the comment when it is next started.", asdict(made))


@click.command("replay")
@click.argument("registration_id")
@click.option("--attempt", type=int, default=1, show_default=True, help="Which attempt.")
@tenant_option
@json_option
@pass_command_line
def replay(line: CommandLine, registration_id: str, attempt: int, tenant: str | None, as_json: bool) -> None:
    """Print every API call and sequencing step of an attempt, in order.

    \b
    Example: hub registration replay 0199f3a2-6f0e-7c41-9d0e-0d1f6c2b7a55 --attempt 2
    """
    principal, replays = line.principal(tenant), line.hub.service(Replays)
    records = replays.all(principal, replays.find(principal, registration_id), attempt)
    if as_json:
        report(True, "", [asdict(record) for record in records])
        return
    for record in records:
        if record.navigation is not None:
            _print_navigation(record.at, record.navigation)
        _print_calls(record.activity, record.calls)


def _print_navigation(at: datetime, found: NavigationView) -> None:
    led_to = found.delivered or ("the end of the visit" if found.ended else "nothing")
    refused = f", refused: {found.reason} [{found.exception}]" if found.exception else ""
    click.echo(f"{at:%H:%M:%S} {found.request} {found.target or ''} -> {led_to}{refused}")
    for step in found.trace:
        click.echo(f"           {step.process} {step.step}  {step.activity or ''}  {step.note}")


def _print_calls(activity: str | None, calls: Sequence[CallView]) -> None:
    for call in calls:
        given = f"{call.element}={call.value}" if call.value else call.element
        error = f"  [{call.error} {call.error_words}]" if call.error else ""
        click.echo(f"{call.at:%H:%M:%S} {activity}: {call.method}({given}) -> {call.answer}{error}")


@click.group()
def learner() -> None:
    """Learners: who takes courses."""


@learner.command("list")
@click.option("--search", default="", metavar="TEXT", help="Part of a name or e-mail address, or a whole id.")
@tenant_option
@json_option
@pass_command_line
def list_learners(line: CommandLine, search: str, tenant: str | None, as_json: bool) -> None:
    """List the newest learners.

    \b
    Example: hub learner list --search ada
    """
    found = line.hub.service(Learners).page(line.principal(tenant), search, limit=_LISTED)
    report_list(as_json, "learner(s)", found, lambda one: f"{one.id}  {one.source}  {one.subject}  {one.name}")
