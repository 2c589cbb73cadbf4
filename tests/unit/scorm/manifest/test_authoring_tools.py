"""What authoring tools export lints without an error, and without a warning that is not true."""

import pytest

from hub.scorm.spec.manifest import package
from hub.scorm.spec.manifest.archive import Limits
from hub.scorm.spec.manifest.findings import Severity, Verdict
from tests.support.authoring_tools import EXPORTS, TITLE
from tests.support.packages import BytesSource


@pytest.mark.parametrize("name", EXPORTS)
def test_an_export_is_taken_without_an_error_or_a_warning(name):
    export = EXPORTS[name]()
    reading = package.read(BytesSource(export.archive), Limits(), f"{name}.zip")
    assert reading.verdict is Verdict.ACCEPTED
    assert [one for one in reading.findings if one.severity is not Severity.HINT] == []
    course = reading.course
    assert course is not None
    assert (course.standard, course.edition, course.title) == (export.standard, export.edition, TITLE)
    items = [item for item, _ in course.organization.walk()]
    assert (len(items), items[0].href) == (export.items, export.launch)


@pytest.mark.parametrize("name", EXPORTS)
def test_a_missing_launch_page_is_found_and_told_in_the_words_of_the_tool(name):
    export = EXPORTS[name]()
    files = {path: data for path, data in export.files.items() if path != export.launch}
    reading = package.read(BytesSource(type(export)(export.tool, files, export.launch).archive), Limits())
    assert reading.verdict is Verdict.REFUSED
    (found,) = [one for one in reading.findings if one.severity is Severity.ERROR]
    assert found.code == "resource.launch-missing"
    assert export.tool in found.as_dict()["in_tools"]
