"""hub import, hub lint, hub package, hub job: what they do, print and return."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from PIL import Image
from structlog.testing import capture_logs

from hub.bootstrap import Hub
from hub.cli import cli
from hub.command_line import CommandLine
from hub.errors import Invalid
from hub.oauth.services.tenants import TenantView
from hub.scorm import cli as commands
from tests.support.packages import PAGE, course_1_2, course_2004, manifest_1_2, package_of


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with a good, a refused and a dangerous package."""
    (tmp_path / "good.zip").write_bytes(course_1_2())
    (tmp_path / "newer.zip").write_bytes(course_2004())
    (tmp_path / "refused.zip").write_bytes(package_of({"imsmanifest.xml": manifest_1_2()}))
    (tmp_path / "dangerous.zip").write_bytes(package_of({"imsmanifest.xml": manifest_1_2(), "../x": b"x"}))
    return tmp_path


class Commands:
    """The command line on the test's Hub and tenant."""

    def __init__(self, hub: Hub, tenant: TenantView) -> None:
        self._line = CommandLine()
        self._line.__dict__["hub"] = hub
        self._tenant = tenant.slug

    def run(self, *words: str | Path) -> Result:
        """Run a command that acts in the tenant."""
        return self.run_bare(*words, "--tenant", self._tenant)

    def run_bare(self, *words: str | Path) -> Result:
        """Run a command as it is."""
        return CliRunner().invoke(cli, [str(word) for word in words], obj=self._line)


@pytest.fixture
def hub_command(hub: Hub, tenant: TenantView, monkeypatch: pytest.MonkeyPatch) -> Iterator[Commands]:
    monkeypatch.setattr(commands, "_PATIENCE_SECONDS", 0.0)  # There is no worker here to wait for.
    with capture_logs():  # Lines of the log are no part of what a command says.
        yield Commands(hub, tenant)


def test_importing_waits_until_the_package_is_ready(hub_command: Commands, files: Path) -> None:
    result = hub_command.run("import", files / "good.zip", "--package-id", "p")
    assert result.exit_code == 0
    assert result.output == "good.zip: ready as version 1 of p.\n"
    again = hub_command.run("import", files / "newer.zip", "--package-id", "p", "--json")
    (job,) = json.loads(again.output)
    assert (job["state"], job["verdict"], job["version"], job["package_id"]) == ("ready", "accepted", 2, "p")


@pytest.mark.parametrize(
    ("names", "code"),
    [
        (["good.zip"], 0),
        (["refused.zip"], 1),
        (["good.zip", "refused.zip"], 1),
        (["dangerous.zip"], 3),
        (["dangerous.zip", "refused.zip", "good.zip"], 3),
    ],
)
def test_exit_codes_of_import_and_lint(hub_command: Commands, files: Path, names: list[str], code: int) -> None:
    assert hub_command.run("import", *(files / name for name in names)).exit_code == code
    assert hub_command.run_bare("lint", *(files / name for name in names)).exit_code == code


def test_lint_says_place_words_and_remedy(hub_command: Commands, files: Path) -> None:
    result = hub_command.run_bare("lint", files / "refused.zip")
    assert "refused." in result.output
    assert "imsmanifest.xml:13:5: “index.html” is launched by the manifest but is not in the zip" in result.output
    assert "[resource.launch-missing]" in result.output
    assert "Add the file" in result.output


def test_lint_in_json(hub_command: Commands, files: Path) -> None:
    result = hub_command.run_bare("lint", files / "good.zip", files / "dangerous.zip", "--json")
    good, dangerous = json.loads(result.output)
    assert (good["verdict"], good["standard"], good["title"], good["findings"]) == (
        "accepted",
        "scorm_1_2",
        "A course",
        [],
    )
    assert dangerous["verdict"] == "dangerous"
    assert dangerous["findings"][0]["code"] == "archive.escapes"


def test_lint_looks_into_the_data(hub_command: Commands, tmp_path: Path) -> None:
    import zipfile

    files = {"imsmanifest.xml": manifest_1_2(), "index.html": b"some text of the page"}
    damaged = package_of(files, zipfile.ZIP_STORED).replace(b"some text", b"other txt")
    (tmp_path / "damaged.zip").write_bytes(damaged)
    result = hub_command.run_bare("lint", tmp_path / "damaged.zip")
    assert result.exit_code == 1
    assert "[archive.damaged-entry]" in result.output


def test_folders_are_zipped(hub_command: Commands, tmp_path: Path) -> None:
    course = tmp_path / "My course"
    (course / "media").mkdir(parents=True)
    (course / ".git").mkdir()
    (course / ".git" / "config").write_text("hidden")
    (course / "imsmanifest.xml").write_bytes(manifest_1_2())
    (course / "index.html").write_bytes(PAGE)
    (course / "media" / "a.mp3").write_bytes(b"sound")
    assert "can be imported: SCORM 1.2, “A course”, 3 files" in hub_command.run_bare("lint", course).output
    (first,) = json.loads(hub_command.run("import", course, "--package-id", "p", "--json").output)
    (again,) = json.loads(hub_command.run("import", course, "--package-id", "p", "--json").output)
    assert (first["archive_name"], first["version"], again["version"]) == ("My course.zip", 1, 1)
    (course / "link.html").symlink_to("/etc/hostname")
    refused = hub_command.run_bare("lint", course)
    assert isinstance(refused.exception, Invalid)
    assert "link.html" in refused.exception.violations[0].where


def test_a_folder_of_zips_stands_for_each_of_them(hub_command: Commands, files: Path, tmp_path: Path) -> None:
    exports = tmp_path / "exports"
    (exports / "2026").mkdir(parents=True)
    (exports / ".trash").mkdir()
    for target in ("a.zip", "2026/B.ZIP", ".trash/c.zip"):
        (exports / target).write_bytes((files / "good.zip").read_bytes())
    jobs = json.loads(hub_command.run("import", exports, "--json").output)
    assert [(job["archive_name"], job["state"]) for job in jobs] == [("B.ZIP", "ready"), ("a.zip", "ready")]
    assert hub_command.run("import", exports, "--package-id", "p").exit_code == 2
    assert hub_command.run_bare("lint", exports).output.count("can be imported") == 2
    (exports / "index.html").write_bytes(PAGE)
    assert "B.ZIP" not in hub_command.run_bare("lint", exports).output, "a folder of pages is a package itself"


def test_importing_from_an_address(hub_command: Commands) -> None:
    refused = hub_command.run("import", "ftp://me:secret@files.example/a.zip")
    assert isinstance(refused.exception, Invalid)
    assert refused.exception.violations[0].where == "url"
    unreached = hub_command.run("import", "http://me:secret@127.0.0.1:1/a.zip?token=t0ken")
    assert unreached.exit_code == 1
    assert "127.0.0.1 does not answer" in unreached.output
    assert "secret" not in unreached.output + hub_command.run("job", "list").output
    assert "t0ken" not in unreached.output


def test_the_picture_and_the_changes_of_a_package(hub_command: Commands, files: Path, tmp_path: Path) -> None:
    hub_command.run("import", files / "good.zip", "--package-id", "p")
    hub_command.run("import", files / "newer.zip", "--package-id", "p")
    picture = tmp_path / "alarm.png"
    Image.new("RGB", (4, 3), "red").save(picture)
    chosen = json.loads(hub_command.run("package", "thumbnail", "p", picture, "--json").output)
    assert chosen["thumbnail"].endswith(".jpg")
    assert hub_command.run("package", "thumbnail", "p", "--remove").output == "p shows a plain tile now.\n"
    assert hub_command.run("package", "thumbnail", "p").exit_code == 2
    assert "~ imsmanifest.xml" in hub_command.run("package", "changes", "p", "2").output
    facts = json.loads(hub_command.run("package", "changes", "p", "1", "--since", "2", "--json").output)
    assert (facts["before"], facts["after"]) == (2, 1)


@pytest.mark.parametrize(
    "words", [["lint"], ["lint", "no-such-file.zip"], ["import"], ["import", "a.zip", "b.zip", "--package-id", "p"]]
)
def test_wrong_use_is_2(hub_command: Commands, words: list[str]) -> None:
    assert hub_command.run_bare(*words).exit_code == 2


def test_looking_after_packages(hub_command: Commands, files: Path, tmp_path: Path) -> None:
    hub_command.run("import", files / "good.zip", "--package-id", "p")
    hub_command.run("import", files / "newer.zip", "--package-id", "p")
    assert "p  version 2" in hub_command.run("package", "list").output
    assert hub_command.run("package", "list", "--search", "nothing").output == "0 package(s).\n"
    assert "begin with version 1" in hub_command.run("package", "publish", "p", "1").output
    assert "*   1  scorm_1_2" in hub_command.run("package", "show", "p").output
    target = tmp_path / "copy.zip"
    assert hub_command.run("package", "download", "p", "--version", "2", "--output", target).exit_code == 0
    assert target.read_bytes() == course_2004()
    assert hub_command.run("package", "delete", "p").exit_code == 2
    assert hub_command.run("package", "delete", "p", "--yes").exit_code == 0
    assert hub_command.run("package", "list").output == "0 package(s).\n"


def test_looking_at_jobs(hub_command: Commands, files: Path) -> None:
    (job,) = json.loads(hub_command.run("import", files / "refused.zip", "--json").output)
    assert "refused.zip" in hub_command.run("job", "list", "--state", "failed").output
    shown = hub_command.run("job", "show", job["id"]).output
    assert "[resource.launch-missing]" in shown
    assert json.loads(hub_command.run("job", "show", job["id"], "--json").output)["verdict"] == "refused"


@pytest.mark.parametrize("command", ["import", "lint", "package", "job", "registration"])
def test_every_command_explains_itself(hub_command: Commands, command: str) -> None:
    result = hub_command.run_bare(command, "--help")
    assert result.exit_code == 0
    assert "Usage" in result.output
