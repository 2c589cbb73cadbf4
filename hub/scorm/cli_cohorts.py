"""Commands on cohorts: list, create, say who leads one, enrol from a file."""

from dataclasses import asdict
from typing import BinaryIO
from uuid import UUID

import click

from hub.command_line import DANGEROUS, CommandLine, json_option, pass_command_line, report, report_list, tenant_option
from hub.errors import NotFound
from hub.identity import Principal
from hub.scorm.services.cohorts import Cohorts, CohortView
from hub.scorm.services.enrolments import Enrolments


@click.group()
def cohort() -> None:
    """Cohorts: people who learn together."""


def _all(line: CommandLine, principal: Principal) -> list[CohortView]:
    found: list[CohortView] = []
    while page := line.hub.service(Cohorts).page(
        principal, [found[-1].name, str(found[-1].id)] if found else None, 200
    ):
        found.extend(page)
    return found


def _named(line: CommandLine, principal: Principal, name: str) -> UUID:
    """The id of the cohort of that name or id."""
    for each in _all(line, principal):
        if name in {each.name, str(each.id)}:
            return each.id
    raise NotFound(f"There is no cohort {name}.", code="cohort_not_found")


@cohort.command("list")
@tenant_option
@json_option
@pass_command_line
def list_cohorts(line: CommandLine, tenant: str | None, as_json: bool) -> None:
    """List the cohorts of a tenant, by name.

    \b
    Example: hub cohort list
    """
    found = _all(line, line.principal(tenant))
    report_list(as_json, "cohort(s)", found, lambda each: f"{each.id}  {each.name}: {each.members} learner(s)")


@cohort.command("create")
@click.argument("name")
@tenant_option
@json_option
@pass_command_line
def create_cohort(line: CommandLine, name: str, tenant: str | None, as_json: bool) -> None:
    """Make a cohort.

    \b
    Example: hub cohort create "Class 7b"
    """
    made = line.hub.service(Cohorts).create(line.principal(tenant), name)
    report(as_json, f"Made the cohort {made.name}.", asdict(made))


@cohort.command("lead")
@click.argument("name")
@click.argument("email")
@tenant_option
@json_option
@pass_command_line
def lead_cohort(line: CommandLine, name: str, email: str, tenant: str | None, as_json: bool) -> None:
    """Let a user lead a cohort: an instructor, or the representative of an organisation.

    \b
    Example: hub cohort lead "Class 7b" guide@school.example
    """
    principal = line.principal(tenant)
    cohort_id = _named(line, principal, name)
    line.hub.service(Cohorts).add_leader(principal, cohort_id, email)
    report(as_json, f"{email} leads the cohort now.", {"cohort": cohort_id, "leader": email})


@cohort.command("show")
@click.argument("name")
@tenant_option
@json_option
@pass_command_line
def show_cohort(line: CommandLine, name: str, tenant: str | None, as_json: bool) -> None:
    """Show who leads a cohort, and how far it is with each of its packages.

    \b
    Example: hub cohort show "Class 7b"
    """
    principal = line.principal(tenant)
    found = line.hub.service(Cohorts).get(principal, _named(line, principal, name))
    if as_json:
        report(True, "", asdict(found))
        return
    click.echo(f"{found.cohort.name}: {found.cohort.members} learner(s).")
    for leader in found.leaders:
        click.echo(f"  led by {leader.name} ({leader.email})")
    for each in found.progress:
        counts = f"{each.registered} registered, {each.begun} begun, {each.completed} completed"
        click.echo(f"  {each.title}: {counts}, {each.passed} passed, {each.failed} failed")


@cohort.command("rename")
@click.argument("name")
@click.argument("new_name")
@tenant_option
@json_option
@pass_command_line
def rename_cohort(line: CommandLine, name: str, new_name: str, tenant: str | None, as_json: bool) -> None:
    """Give a cohort another name.

    \b
    Example: hub cohort rename "Class 7b" "Class 8b"
    """
    principal = line.principal(tenant)
    done = line.hub.service(Cohorts).rename(principal, _named(line, principal, name), new_name)
    report(as_json, f"The cohort is called {done.name} now.", asdict(done))


@cohort.command("remove")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Really remove it.")
@tenant_option
@json_option
@pass_command_line
def remove_cohort(line: CommandLine, name: str, yes: bool, tenant: str | None, as_json: bool) -> None:
    """Remove a cohort. Its learners and their results stay; who led it sees them no longer.

    \b
    Example: hub cohort remove "Class 7b" --yes
    """
    principal = line.principal(tenant)
    cohort_id = _named(line, principal, name)
    if not yes:
        click.echo("Nothing was removed: say --yes.", err=True)
        raise SystemExit(DANGEROUS)
    line.hub.service(Cohorts).delete(principal, cohort_id)
    report(as_json, f"Removed the cohort {name}.", {"id": cohort_id})


@cohort.command("enrol")
@click.argument("name")
@click.argument("file", type=click.File("rb"))
@click.option("--package", default="", metavar="ID", help="For lines that name no package.")
@click.option("--language", default="en", show_default=True, type=click.Choice(["en", "de"]), help="Of invitations.")
@tenant_option
@json_option
@pass_command_line
def enrol(
    line: CommandLine,
    name: str,
    file: BinaryIO,
    package: str,
    language: str,
    tenant: str | None,
    as_json: bool,
) -> None:
    """Enrol everybody in a CSV file (columns email, name, package) in a cohort, all or nobody.

    \b
    Example: hub cohort enrol "Class 7b" people.csv --package fire-safety
    """
    principal = line.principal(tenant)
    done = line.hub.service(Enrolments).enrol(principal, _named(line, principal, name), file, package, language)
    report(as_json, f"Read {done.lines} line(s).", asdict(done))
