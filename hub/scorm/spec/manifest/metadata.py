"""Whether metadata follow their schemas: those in a manifest, and those in files of their own that it names.

Nothing that learners see depends on them, so everything is a hint.
"""

from collections.abc import Callable, Iterator

from lxml import etree

from hub.scorm.spec.manifest import namespaces, schema, xml
from hub.scorm.spec.manifest.findings import Finding, Phrase, Place, Refused
from hub.scorm.spec.manifest.hrefs import BadReference, Files, resolve
from hub.scorm.spec.manifest.metadata_tables import IMS_METADATA, LOM, VOCABULARIES
from hub.scorm.spec.manifest.rules import finding
from hub.scorm.spec.manifest.values import text_of
from hub.scorm.spec.manifest.xml import Document

#: The namespace of metadata once `namespaces.normalise` has seen them.
FAMILY = "lom"
#: Files of metadata that are read, each once, and their bytes together; more are not worth a worker's time.
MOST_FILES, MOST_BYTES = 20, 500_000


def notes(document: Document) -> Iterator[Finding]:
    """What is wrong with the metadata of a document whose namespaces are normalised."""
    for root in document.root.iter(f"{{{FAMILY}}}lom"):
        is_ims = next(root.iter(f"{{{FAMILY}}}langstring", f"{{{FAMILY}}}lifecycle"), None) is not None
        families, table = ({FAMILY: "md"}, IMS_METADATA) if is_ims else ({FAMILY: "lom"}, LOM)
        for fault in schema.faults(root, families, table):
            facts = {"element": fault.owner, "name": fault.name, "what": fault.what}
            yield finding(f"metadata.{fault.kind}", document.place(fault.at), **facts)
        yield from _words(document, root)


def files_of(manifest: Document, files: Files) -> list[str]:
    """The files of metadata that a manifest names (adlcp:location) and that are there."""
    folder = manifest.file.rpartition("/")[0]
    named = (text_of(element) for element in manifest.root.iter("{adlcp}location"))
    found = (_file(folder, path, files) for path in named)
    return list(dict.fromkeys(filter(None, found)))


def notes_on_files(named: list[str], load: Callable[[str], bytes | None]) -> Iterator[Finding]:
    """What is wrong with files of metadata; `load` gives the bytes of one. One that is damaged is told elsewhere."""
    left = MOST_BYTES
    for file in named[:MOST_FILES]:
        data = load(file)
        if data is None or len(data) > left:
            continue
        left -= len(data)
        try:
            document = xml.parse(data, file)
        except Refused as refusal:
            place = Place(file, refusal.finding.line, refusal.finding.column)
            yield finding("metadata.unreadable", place, file=file)
            continue
        list(namespaces.normalise(document))
        yield from notes(document)


def _file(folder: str, path: str, files: Files) -> str | None:
    try:
        return resolve(folder, path).found_in(files)
    except BadReference:
        return None


def _words(document: Document, root: etree._Element) -> Iterator[Finding]:
    """Values that are not of the vocabulary that they say they are of (IEEE 1484.12.1, LOMv1.0)."""
    for element in root.iter(etree.Element):
        name = etree.QName(element).localname
        parent = element.getparent()
        above = parent.getparent() if parent is not None else None
        kind = f"{etree.QName(above).localname} {name}" if above is not None and name == "role" else name
        source, value = (element.findtext(f"{{{FAMILY}}}{one}") for one in ("source", "value"))
        if kind in VOCABULARIES and value is not None and (source or "").strip() == "LOMv1.0":
            words = VOCABULARIES[kind].split("|")
            if value.strip() not in words:
                allowed = Phrase("one of {words}", words=", ".join(words))
                what = Phrase("“{value}”, which is not {allowed}", value=value.strip(), allowed=allowed)
                yield finding("metadata.value", document.place(element), element=name, name="value", what=what)
