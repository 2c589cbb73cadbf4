"""The demo courses' packages: complete, lawful by their manifests, and the same bytes each time."""

import io
import zipfile
from pathlib import Path

import pytest
from lxml import etree

from hub.demo import courses


def members(course: str) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(courses.build(course))) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def manifest(course: str) -> etree._Element:
    return etree.fromstring(members(course)["imsmanifest.xml"])


@pytest.mark.parametrize("course", courses.COURSES)
def test_same_sources_give_the_same_bytes(course: str, tmp_path: Path) -> None:
    paths = courses.write(tmp_path)
    written = next(path for path in paths if path.stem == course.replace("_", "-"))
    assert written.read_bytes() == courses.build(course)


@pytest.mark.parametrize("course", courses.COURSES)
def test_manifest_names_every_file_and_no_other(course: str) -> None:
    named = {element.get("href") for element in manifest(course).iter("{*}file")}
    assert named == set(members(course)) - {"imsmanifest.xml"}


@pytest.mark.parametrize("course", courses.COURSES)
def test_items_and_dependencies_point_to_resources(course: str) -> None:
    root = manifest(course)
    resources = {element.get("identifier"): element for element in root.iter("{*}resource")}
    references = [e.get("identifierref") for e in root.iter("{*}item", "{*}dependency")]
    assert references
    assert set(references) <= set(resources)
    identifiers = [e.get("identifier") for e in root.iter("{*}item", "{*}organization", "{*}resource")]
    assert len(identifiers) == len(set(identifiers))
    for item in root.iter("{*}item"):
        assert resources[item.get("identifierref")].get("href") in members(course)
        assert (item.findtext("{*}title") or "").strip()


@pytest.mark.parametrize(
    ("course", "version", "scos"), [("fire_safety", "1.2", 1), ("weather_map", "2004 4th Edition", 4)]
)
def test_editions_and_number_of_scos(course: str, version: str, scos: int) -> None:
    root = manifest(course)
    assert root.findtext("{*}metadata/{*}schemaversion") == version
    assert len(list(root.iter("{*}item"))) == scos


@pytest.mark.parametrize("course", courses.COURSES)
def test_pages_are_documents_with_title_and_language_and_fetch_nothing_from_elsewhere(course: str) -> None:
    files = members(course)
    for name, content in files.items():
        assert b"https://" not in content.replace(b"https://www.w3.org", b""), name
        if name.endswith(".html"):
            page = content.decode()
            assert '<html lang="en">' in page
            assert "<title>" in page
            assert set(_local_references(page)) <= set(files), name


def _local_references(page: str) -> list[str]:
    tree = etree.HTML(page)
    return [str(value) for value in tree.xpath("//script/@src | //link/@href | //img/@src")]
