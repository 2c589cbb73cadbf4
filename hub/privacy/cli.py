"""Commands of data protection: look people up, export, erase, and how long things are kept."""

import sys
from pathlib import Path
from typing import TextIO

import click

from hub.command_line import REFUSED, CommandLine, json_option, pass_command_line, report, tenant_option
from hub.errors import Invalid
from hub.identity import Principal
from hub.personal_data import Identity
from hub.privacy.services.jobs import TREATMENTS, JobView, PrivacyJobs
from hub.privacy.services.retention import Retentions
from hub.privacy.spec.retention import KINDS
from hub.scorm.services.consents import Consents

identity_argument = click.argument("identities", nargs=-1, required=True, metavar="IDENTITY...")


@click.group()
def privacy() -> None:
    """What there is about people: look up, export, erase."""


@privacy.command("find")
@click.argument("words")
@tenant_option
@json_option
@pass_command_line
def find(line: CommandLine, words: str, tenant: str | None, as_json: bool) -> None:
    """Look up by what a person is known: an e-mail address, a name, an id, an OpenID, or an xAPI agent as JSON.

    \b
    Example: hub privacy find ann@example.org
    """
    principal, jobs = line.principal(tenant), line.hub.service(PrivacyJobs)
    found = [
        {
            "id": f"{each.kind}:{each.value}",
            "name": each.label,
            "holdings": {held.kind: held.count for held in jobs.holdings(principal, [each])},
        }
        for each in jobs.look_up(principal, words)
    ]
    if as_json:
        report(True, "", found)
    for each in found if not as_json else ():
        click.echo(f"{each['id']}\n  {each['name']}")
        click.echo(f"  {', '.join(f'{count} {kind}' for kind, count in each['holdings'].items())}")  # type: ignore[attr-defined]
    if not found:
        click.echo("Nobody is known by that.", err=True)
        sys.exit(REFUSED)


@privacy.command("export")
@identity_argument
@click.option("--to", "target", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The zip.")
@tenant_option
@json_option
@pass_command_line
def export(line: CommandLine, identities: tuple[str, ...], target: Path, tenant: str | None, as_json: bool) -> None:
    """Write everything about a person into a zip, as JSON and CSV, with files. Ids are those that `find` tells.

    \b
    Example: hub privacy export agent:'{"mbox":"mailto:ann@example.org"}' --to ann.zip
    """
    principal, jobs = line.principal(tenant), line.hub.service(PrivacyJobs)
    job = _done(line, principal, jobs.export(principal, _person(jobs, principal, identities)))
    _, content = jobs.download(principal, job.id)
    with content as pieces, target.open("wb") as file:
        file.writelines(pieces)
    report(as_json, f"Wrote {target}.", {"job": job.id, "bytes": job.size})


@privacy.command("erase")
@identity_argument
@click.option("--treatment", required=True, type=click.Choice(TREATMENTS), help="What becomes of results.")
@click.option("--yes", is_flag=True, help="Really erase; without it the command only says what there is.")
@tenant_option
@json_option
@pass_command_line
def erase(
    line: CommandLine, identities: tuple[str, ...], treatment: str, yes: bool, tenant: str | None, as_json: bool
) -> None:
    """Erase a person, and print the certificate. Ids are those that `find` tells. It cannot be undone.

    \b
    Example: hub privacy erase learner:0192d1f0-6d5c-7a51-8d55-3c8e7a1b2c3d --treatment remove --yes
    """
    principal, jobs = line.principal(tenant), line.hub.service(PrivacyJobs)
    person = _person(jobs, principal, identities)
    if not yes:
        held = {each.kind: each.count for each in jobs.holdings(principal, person)}
        report(as_json, "Nothing was erased: say --yes. There is:", held)
        sys.exit(REFUSED)
    job = _done(line, principal, jobs.erase(principal, person, treatment))
    certificate = dict(job.certificate or {})
    counts = {f"{each['kind']} {each['outcome']}": each["count"] for each in certificate.get("done", [])}
    report(as_json, f"Erased; certificate {job.id}.", {**certificate, "jws": job.signature} if as_json else counts)


@privacy.command("retention")
@click.option("--set", "assignments", multiple=True, metavar="KIND=DAYS", help="An empty DAYS keeps it for ever.")
@tenant_option
@json_option
@pass_command_line
def retention(line: CommandLine, assignments: tuple[str, ...], tenant: str | None, as_json: bool) -> None:
    """Show or change for how many days things are kept: statements, registrations, launches.

    \b
    Example: hub privacy retention --set statements=730 --set launches=90
    """
    principal, retentions = line.principal(tenant), line.hub.service(Retentions)
    known = retentions.get(principal)
    if assignments:
        given = dict(known.days) | dict(_assignment(each) for each in assignments)
        known = retentions.change(principal, given)
    days = {kind: known.days.get(kind) if as_json else known.days.get(kind, "for ever") for kind in KINDS}
    report(as_json, "Days for which things are kept:", days)


@privacy.command("consent")
@click.option("--text", "source", type=click.File(encoding="utf-8"), help="Ask for consent to this text; - reads it.")
@click.option("--off", is_flag=True, help="Ask no longer.")
@tenant_option
@json_option
@pass_command_line
def consent(line: CommandLine, source: TextIO | None, off: bool, tenant: str | None, as_json: bool) -> None:
    """Show or change what learners agree to before anything of them is recorded. Another text is another version, to
    which everybody is asked anew.

    \b
    Example: hub privacy consent --text consent.txt
    """
    if source is not None and off:
        raise click.UsageError("Say either --text or --off.")
    principal, consents = line.principal(tenant), line.hub.service(Consents)
    notice = consents.notice(principal)
    if source is not None or off:
        notice = consents.change(principal, source.read() if source else notice.text, is_asked=not off)
    words = f"Version {notice.version} is asked for." if notice.is_asked else "Learners are asked nothing."
    report(as_json, words, {"version": notice.version, "is_asked": notice.is_asked, "text": notice.text})


def _assignment(text: str) -> tuple[str, str]:
    kind, found, days = text.partition("=")
    if not found:
        raise Invalid(f"{text} is not KIND=DAYS.")
    return kind, days


def _person(jobs: PrivacyJobs, principal: Principal, identities: tuple[str, ...]) -> list[Identity]:
    return jobs.chosen(principal, identities)


def _done(line: CommandLine, principal: Principal, job: JobView) -> JobView:
    """Do the work here, unless a worker was faster; then wait for it."""
    jobs = line.hub.service(PrivacyJobs)
    jobs.follow(principal.tenant_id, job.id)
    done = jobs.get(principal, job.id)
    if done.state == "failed":
        raise Invalid(done.error or "It did not work.")
    return done
