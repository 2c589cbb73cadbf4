"""Commands of packages and registrations: import, lint, package, job, registration."""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, cast
from uuid import UUID

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from hub.command_line import (
    DANGEROUS,
    REFUSED,
    CommandLine,
    json_option,
    pass_command_line,
    report,
    report_list,
    tenant_option,
)
from hub.errors import Unavailable
from hub.identity import Principal
from hub.scorm.cli_reports import begin_attempt, comment, package_report, package_settings, replay, reset, set_mode
from hub.scorm.services.folders import as_archive, packages_in
from hub.scorm.services.importing import Busy, Importing
from hub.scorm.services.imports import Imports, JobView, Upload
from hub.scorm.services.incoming import shown_url
from hub.scorm.services.launches import Launches
from hub.scorm.services.lint import LintResult
from hub.scorm.services.lint import lint as lint_file
from hub.scorm.services.packages import Changes, Packages, PackageView
from hub.scorm.services.registrations import STATUSES, Filters, Registrations, RegistrationView
from hub.scorm.services.streams import WatchedStream
from hub.scorm.services.thumbnails import Thumbnails

_POLL_SECONDS = 0.25
#: A job that no worker has taken after so long is done by the command itself.
_PATIENCE_SECONDS = 5.0
_LISTED = 200
_EXIT_CODES = {"accepted": 0, "refused": REFUSED, "dangerous": DANGEROUS}

files_argument = click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))


@click.command("import")
@click.argument("sources", nargs=-1, required=True, metavar="FILE|FOLDER|URL...")
@click.option("--package-id", metavar="ID", help="Your own id of the package; one that exists gets a new version.")
@tenant_option
@json_option
@pass_command_line
def import_packages(
    line: CommandLine, sources: tuple[str, ...], package_id: str | None, tenant: str | None, as_json: bool
) -> None:
    """Import packages and wait until they are ready.

    A folder is a package (it is zipped first), or holds zips that are all imported. What is at an https address is
    fetched by the worker.

    Exit code 0 when all are ready, 1 when one is refused, 3 when one is refused as dangerous.

    \b
    Example: hub import fire-safety.zip --package-id fire-safety
    Example: hub import exports/ https://files.example.org/first-aid.zip
    """
    wanted = [one for source in sources for one in _found(source)]
    if package_id is not None and len(wanted) > 1:
        raise click.UsageError("--package-id goes with one package.")
    with _progress(as_json) as shown:
        jobs = [_import(line, line.principal(tenant), one, package_id, shown) for one in wanted]
    if as_json:
        report(True, "", [asdict(job) for job in jobs])
    else:
        for job in jobs:
            click.echo(_job_sentence(job))
            _print_findings(job.findings)
    sys.exit(max(_EXIT_CODES[job.verdict or "refused"] for job in jobs))


@click.command()
@files_argument
@json_option
def lint(files: tuple[Path, ...], as_json: bool) -> None:
    """Judge packages (zips, or folders that would be zipped) as an import would, without any server.

    A cmi5.xml, PDF, MP4 or HTML page may stand alone. Exit code 0 when all can be imported, 1 when one is refused, 3
    when one is refused as dangerous.

    \b
    Example: hub lint fire-safety.zip
    """
    results = [_lint(one) for file in files for one in packages_in(file)]
    if as_json:
        report(True, "", [asdict(result) for result in results])
    else:
        for result in results:
            click.echo(_lint_sentence(result))
            _print_findings(result.findings)
    sys.exit(max(_EXIT_CODES[result.verdict] for result in results))


@click.group()
def job() -> None:
    """Import jobs."""


@job.command("list")
@click.option("--state", default="", help="Only jobs in this state.")
@tenant_option
@json_option
@pass_command_line
def list_jobs(line: CommandLine, state: str, tenant: str | None, as_json: bool) -> None:
    """List the newest jobs.

    \b
    Example: hub job list --state failed
    """
    jobs = line.hub.service(Imports).page(line.principal(tenant), state)
    report_list(as_json, "job(s)", jobs, _job_line)


def _job_line(one: JobView) -> str:
    return f"{one.id}  {one.state:<8}  {one.progress:>3} %  {one.archive_name}"


@job.command("show")
@click.argument("job_id", type=click.UUID)
@tenant_option
@json_option
@pass_command_line
def show_job(line: CommandLine, job_id: UUID, tenant: str | None, as_json: bool) -> None:
    """Show a job and what it found.

    \b
    Example: hub job show 0199f3a2-6f0e-7c41-9d0e-0d1f6c2b7a55
    """
    found = line.hub.service(Imports).get(line.principal(tenant), job_id)
    if as_json:
        report(True, "", asdict(found))
        return
    click.echo(_job_sentence(found))
    _print_findings(found.findings)


@click.group()
def package() -> None:
    """Packages and their versions."""


@package.command("list")
@click.option("--search", default="", metavar="WORDS", help="Words in title, description or id.")
@tenant_option
@json_option
@pass_command_line
def list_packages(line: CommandLine, search: str, tenant: str | None, as_json: bool) -> None:
    """List the newest packages.

    \b
    Example: hub package list --search safety
    """
    found = line.hub.service(Packages).page(line.principal(tenant), search, limit=_LISTED)
    report_list(as_json, "package(s)", found, lambda one: f"{one.id}  {_version_of(one):<12}  {one.title}")


@package.command("show")
@click.argument("package_id")
@tenant_option
@json_option
@pass_command_line
def show_package(line: CommandLine, package_id: str, tenant: str | None, as_json: bool) -> None:
    """Show a package and its versions.

    \b
    Example: hub package show fire-safety
    """
    principal, packages = line.principal(tenant), line.hub.service(Packages)
    found = packages.get(principal, package_id)
    versions = packages.versions(principal, package_id)
    if as_json:
        report(True, "", asdict(found) | {"versions": [asdict(version) for version in versions]})
        return
    click.echo(f"{found.id}: {found.title}")
    for version in versions:
        mark = "*" if version.is_published else " "
        click.echo(
            f"{mark} {version.number:>3}  {version.standard}  {version.file_count} files  {version.archive_name}"
        )


@package.command("publish")
@click.argument("package_id")
@click.argument("version", type=int)
@tenant_option
@json_option
@pass_command_line
def publish(line: CommandLine, package_id: str, version: int, tenant: str | None, as_json: bool) -> None:
    """Let new attempts begin with another version; attempts under way stay on theirs.

    \b
    Example: hub package publish fire-safety 1
    """
    changes = Changes(published_version=version)
    changed = line.hub.service(Packages).change(line.principal(tenant), package_id, changes)
    facts = asdict(changed) if as_json else {}
    report(as_json, f"New attempts at {changed.id} begin with version {version}.", facts)


@package.command("changes")
@click.argument("package_id")
@click.argument("version", type=int)
@click.option("--since", type=int, metavar="VERSION", help="The version to compare with; the one before without it.")
@tenant_option
@json_option
@pass_command_line
def changes(
    line: CommandLine, package_id: str, version: int, since: int | None, tenant: str | None, as_json: bool
) -> None:
    """Show what a version changed: items of the outline, and files by their content.

    \b
    Example: hub package changes fire-safety 3 --since 1
    """
    before = version - 1 if since is None else since
    found = line.hub.service(Packages).compare(line.principal(tenant), package_id, before, version)
    if as_json:
        report(True, "", asdict(found))
        return
    click.echo(f"{package_id}: from version {found.before} to version {found.after}")
    for mark, names in (("+", found.outline.added), ("-", found.outline.removed)):
        for name in names:
            click.echo(f"  {mark} item {name}")
    for item in found.outline.changed:
        click.echo(f"  ~ item {item.title or item.identifier}: {', '.join(item.what)}")
    for mark, names in (("+", found.files.added), ("-", found.files.removed), ("~", found.files.changed)):
        for name in names:
            click.echo(f"  {mark} {name}")


@package.command("download")
@click.argument("package_id")
@click.option("--version", type=int, help="The version's number; the published one without it.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Where to; the zip's own name without.")
@tenant_option
@json_option
@pass_command_line
def download(
    line: CommandLine, package_id: str, version: int | None, output: Path | None, tenant: str | None, as_json: bool
) -> None:
    """Write the very zip that was uploaded.

    \b
    Example: hub package download fire-safety --version 1 --output fire-safety-1.zip
    """
    with line.hub.service(Packages).archive(line.principal(tenant), package_id, version) as archive:
        target = output or Path(archive.name)
        with target.open("xb") as file:
            for piece in archive.pieces:
                file.write(piece)
    report(as_json, f"Wrote {target}.", {"file": str(target), "bytes": archive.size} if as_json else {})


@package.command("thumbnail")
@click.argument("package_id")
@click.argument("picture", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--remove", is_flag=True, help="Show a plain tile instead.")
@tenant_option
@json_option
@pass_command_line
def thumbnail(
    line: CommandLine, package_id: str, picture: Path | None, remove: bool, tenant: str | None, as_json: bool
) -> None:
    """Choose the picture of a package: a PNG, JPEG, GIF or WebP, drawn anew at 320 x 180 pixels.

    \b
    Example: hub package thumbnail fire-safety alarm.png
    """
    if (picture is None) != remove:
        raise click.UsageError("Name a picture, or --remove.")
    principal, thumbnails = line.principal(tenant), line.hub.service(Thumbnails)
    if picture is None:
        thumbnails.remove(principal, package_id)
    else:
        with picture.open("rb") as body:
            thumbnails.choose(principal, package_id, body)
    shown = line.hub.service(Packages).get(principal, package_id).thumbnail
    facts = {"package": package_id, "thumbnail": shown} if as_json else {}
    report(as_json, f"{package_id} shows {'this picture' if shown else 'a plain tile'} now.", facts)


@package.command("delete")
@click.argument("package_id")
@click.option("--yes", is_flag=True, help="Do not ask.")
@tenant_option
@json_option
@pass_command_line
def delete(line: CommandLine, package_id: str, yes: bool, tenant: str | None, as_json: bool) -> None:
    """Delete a package with all its versions and files. Registrations and their results stay.

    \b
    Example: hub package delete fire-safety --yes
    """
    principal, packages = line.principal(tenant), line.hub.service(Packages)
    found = packages.get(principal, package_id)
    if not yes:
        if not sys.stdin.isatty():
            raise click.UsageError("There is no terminal to ask on; use --yes.")
        click.confirm(f"Delete “{found.title}” with {found.version_count} versions?", abort=True)
    packages.delete(principal, package_id)
    report(as_json, f"Deleted {found.id}.", {"deleted": found.id} if as_json else {})


@click.group()
def registration() -> None:
    """Registrations: learners' use of packages."""


@registration.command("list")
@click.option("--status", help="Only those that are: " + ", ".join(STATUSES) + ".")
@tenant_option
@json_option
@pass_command_line
def list_registrations(line: CommandLine, status: str | None, tenant: str | None, as_json: bool) -> None:
    """List the newest registrations.

    \b
    Example: hub registration list --status completed
    """
    found = line.hub.service(Registrations).page(line.principal(tenant), Filters(status=status), None, _LISTED)
    report_list(as_json, "registration(s)", found, _registration_line)


def _registration_line(one: RegistrationView) -> str:
    return f"{one.external_id}  {one.status:<11}  {one.package_title}"


@registration.command("show")
@click.argument("registration_id")
@tenant_option
@json_option
@pass_command_line
def show_registration(line: CommandLine, registration_id: str, tenant: str | None, as_json: bool) -> None:
    """Show a registration with its attempts.

    \b
    Example: hub registration show 0199f3a2-6f0e-7c41-9d0e-0d1f6c2b7a55
    """
    principal, registrations = line.principal(tenant), line.hub.service(Registrations)
    found = registrations.get(principal, registrations.find(principal, registration_id))
    if as_json:
        report(True, "", asdict(found))
        return
    shown = found.registration
    click.echo(f"{shown.external_id}: {shown.package_title}, {shown.status}")
    for attempt in found.attempts:
        click.echo(f"  attempt {attempt.number}")
        for activity in attempt.activities:
            click.echo(f"    {'  ' * activity.depth}{activity.title}: {activity.status}")


@registration.command("launch-link")
@click.argument("registration_id")
@tenant_option
@json_option
@pass_command_line
def launch_link(line: CommandLine, registration_id: str, tenant: str | None, as_json: bool) -> None:
    """Print an address that opens the registration once.

    \b
    Example: hub registration launch-link 0199f3a2-6f0e-7c41-9d0e-0d1f6c2b7a55
    """
    principal = line.principal(tenant)
    found = line.hub.service(Registrations).find(principal, registration_id)
    link = line.hub.service(Launches).create(principal, found)
    report(as_json, link.url, asdict(link) if as_json else {})


for command in (package_settings, package_report):
    package.add_command(command)
for command in (begin_attempt, reset, set_mode, comment, replay):
    registration.add_command(command)


# --- importing


def _found(source: str) -> Sequence[Path | str]:
    """The packages that an argument stands for: an address for itself, a path for what is there."""
    if "://" in source:
        return [source]
    path = Path(source)
    if not path.exists():
        raise click.UsageError(f"There is no file or folder {source}.")
    return packages_in(path)


def _import(
    line: CommandLine, principal: Principal, source: Path | str, package_id: str | None, shown: "_Shown"
) -> JobView:
    """Upload or name the package and follow its job to the end."""
    imports = line.hub.service(Imports)
    if isinstance(source, str):
        bar, job = shown.begin(shown_url(source)), imports.fetch(principal, source, package_id)
    else:
        bar = shown.begin(source.name)
        job = _upload(imports, principal, source, package_id, bar)
    begun = time.monotonic()
    while not job.is_finished:
        bar.update(job.progress, 100, job.state)
        if job.state == "queued" and time.monotonic() - begun > _PATIENCE_SECONDS:
            _work_here(line.hub.service(Importing), principal.tenant_id, job.id)
        time.sleep(_POLL_SECONDS)
        job = imports.get(principal, job.id)
    bar.update(job.progress, 100, job.state)
    return job


def _upload(imports: Imports, principal: Principal, file: Path, package_id: str | None, bar: "_Bar") -> JobView:
    if file.is_dir():
        bar.update(0, None, "packing")
    with as_archive(file) as archive, archive.open("rb") as body:
        size = archive.stat().st_size
        sending = WatchedStream(body, lambda sent: bar.update(sent, size, "sending"))
        return imports.accept(principal, Upload(cast(BinaryIO, sending), archive.name, package_id))


def _lint(file: Path) -> LintResult:
    with as_archive(file) as archive:
        return replace(lint_file(archive), file=str(file))


def _work_here(importing: Importing, tenant_id: UUID, job_id: UUID) -> None:
    """No worker runs, or all are busy: do its part in this process."""
    try:
        importing.run(tenant_id, job_id)
    except Busy:  # One has taken it just now.
        return
    except Unavailable as error:
        if error.code != "not_fetched":
            raise
        # The other side may answer the next time; the job ends by itself when it does not.


class _Bar:
    """The progress of one package: packing, sending, then what its job says. Shows nothing without `bars`."""

    def __init__(self, bars: Progress | None, name: str) -> None:
        self._bars = bars
        self._task = bars.add_task(name, total=None, state="") if bars else None

    def update(self, done: int, total: int | None, state: str) -> None:
        """So much of `total` of this state is done; a total of None is not known."""
        if self._bars is not None and self._task is not None:
            self._bars.update(self._task, completed=done, total=total, state=state)


@dataclass(frozen=True)
class _Shown:
    bars: Progress | None

    def begin(self, name: str) -> _Bar:
        """A bar for one more package."""
        return _Bar(self.bars, name)


@contextmanager
def _progress(is_quiet: bool) -> Iterator[_Shown]:
    """Shows a bar for each file, on a terminal only."""
    console = Console(stderr=True)
    if is_quiet or not console.is_terminal:
        yield _Shown(None)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TextColumn("{task.fields[state]}"),
    )
    with Progress(*columns, console=console) as bars:
        yield _Shown(bars)


# --- printing


def _print_findings(findings: Sequence[dict[str, Any]]) -> None:
    for one in findings:
        place = ":".join(str(one[part]) for part in ("file", "line", "column") if one[part])
        click.echo(f"  {one['severity']:<7}  {place + ': ' if place else ''}{one['message']} [{one['code']}]")
        if one.get("quote"):
            click.echo(f"           | {one['quote']}")
            if one["mark"] is not None:
                click.echo(f"           | {' ' * one['mark']}^")
        click.echo(f"           {one['fix']}{' (' + one['section'] + ')' if one['section'] else ''}")
    advice = {(tool, words): None for one in findings for tool, words in one.get("in_tools", {}).items()}
    for tool, words in sorted(advice, key=lambda pair: pair[0].casefold()):
        click.echo(f"  In {tool}: {words}")


def _job_sentence(job: JobView) -> str:
    if job.state == "ready":
        return f"{job.archive_name}: ready as version {job.version} of {job.package_id}."
    if job.state == "failed":
        why = "as dangerous" if job.verdict == "dangerous" else "and not stored"
        return f"{job.archive_name}: refused {why}."
    return f"{job.archive_name}: {job.state}, {job.progress} %."


def _lint_sentence(result: LintResult) -> str:
    if result.verdict == "accepted":
        return f"{result.file}: can be imported: {result.standard_name}, “{result.title}”, {result.file_count} files."
    why = "refused as dangerous" if result.verdict == "dangerous" else "refused"
    return f"{result.file}: {why}."


def _version_of(package: PackageView) -> str:
    return f"version {package.published.number}" if package.published else "unpublished"
