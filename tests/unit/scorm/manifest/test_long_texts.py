"""Identifiers that no database keeps refuse a package, with their place; titles that no page shows are cut."""

import pytest

from hub.scorm.spec.manifest import package
from hub.scorm.spec.manifest.archive import Limits
from hub.scorm.spec.manifest.findings import Verdict
from hub.scorm.spec.manifest.long_texts import LONGEST_IDENTIFIER, LONGEST_TITLE
from tests.support.packages import ORGANIZATIONS, PAGE, BytesSource, manifest_1_2, manifest_2004, package_of

OBJECTIVE = (
    "<imsss:sequencing><imsss:objectives><imsss:primaryObjective objectiveID='P'><imsss:mapInfo "
    "targetObjectiveID='{}'/></imsss:primaryObjective></imsss:objectives></imsss:sequencing></item>"
)


def read(files: dict[str, bytes]) -> package.Reading:
    return package.read(BytesSource(package_of(files | {"index.html": PAGE})), Limits())


def scorm(identifier: str) -> dict[str, bytes]:
    return {"imsmanifest.xml": manifest_1_2(ORGANIZATIONS.replace("ITEM-1", identifier))}


def global_objective(identifier: str) -> dict[str, bytes]:
    sequencing = OBJECTIVE.format(identifier)
    return {"imsmanifest.xml": manifest_2004(ORGANIZATIONS.replace("</item>", sequencing))}


def aicc(identifier: str) -> dict[str, bytes]:
    return {
        "c.crs": b"[Course]\nCourse_Title=T\n",
        "c.au": f"system_id,file_name\n{identifier},index.html\n".encode(),
        "c.des": b"system_id,title\n",
        "c.cst": f"block,member\nroot,{identifier}\n".encode(),
    }


@pytest.mark.parametrize(
    ("make", "place"),
    [(scorm, ("imsmanifest.xml", 9)), (global_objective, ("imsmanifest.xml", 12)), (aicc, ("c.crs", None))],
)
@pytest.mark.parametrize("letter", ["a", "ä"])
def test_an_identifier_is_kept_up_to_a_length_in_bytes(make, place, letter):
    longest = letter * (LONGEST_IDENTIFIER // len(letter.encode()))
    assert read(make(longest)).verdict is Verdict.ACCEPTED
    reading = read(make(longest + "a"))
    assert reading.verdict is Verdict.REFUSED
    (found,) = [one for one in reading.findings if one.refuses]
    assert (found.code, found.file, found.line) == ("identifier.too-long", *place)


def test_titles_are_cut_with_a_note():
    titled = ORGANIZATIONS.replace("First page", "x" * (LONGEST_TITLE + 1)).replace("A course", "y" * LONGEST_TITLE)
    reading = read({"imsmanifest.xml": manifest_1_2(titled)})
    assert reading.course is not None
    assert reading.course.title == "y" * LONGEST_TITLE
    assert reading.course.organization.items[0].title == "x" * (LONGEST_TITLE - 1) + "…"
    (note,) = [one for one in reading.findings if one.code == "item.long-titles"]
    assert note.facts["count"] == 1
