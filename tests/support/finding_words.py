"""The words of findings and their translations: `python -m tests.support.finding_words` brings them up to date.

New messages are added without a translation, to be filled in, and those that nothing says any more go.
"""

import io
import sys
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir, extract_from_file
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

import hub.scorm
from hub.console.app import LANGUAGES
from hub.scorm.services.wording import DOMAIN, TRANSLATIONS
from hub.scorm.spec.manifest.findings import with_braces
from hub.scorm.spec.manifest.in_tools import ADVICE
from hub.scorm.spec.manifest.rules import RULES

_SCORM = Path(hub.scorm.__file__).parent
#: A date that does not change with each run.
_WRITTEN_AT = datetime(2026, 11, 20, tzinfo=UTC)
_REASONS = (_SCORM.parent / "adapters" / "outbound_http.py", _SCORM / "services" / "streams.py")
_METHODS = [("spec/manifest/**.py", "python"), ("services/**.py", "python")]


def said() -> set[str]:
    """Every message: the words of the rules, the phrases in the sources, the advice for authoring tools."""
    rules = {words for rule in RULES.values() for words in (rule.message, rule.fix)}
    phrases = {message for _, _, message, _, _ in extract_from_dir(_SCORM, _METHODS, {}, {"Phrase": None})}
    return rules | phrases | _reasons() | {advice for topic in ADVICE.values() for advice in topic.values()}


def _reasons() -> set[str]:
    """Why an import came to no end, which errors of these sources tell (`Phrase.of`)."""
    found = {message for file in _REASONS for _, message, *_ in extract_from_file("python", file, {"say": None})}
    return {with_braces(message) for message in found}


def file_of(language: str) -> Path:
    """The translations into a language."""
    return TRANSLATIONS / language / "LC_MESSAGES" / f"{DOMAIN}.po"


def catalog_of(language: str) -> Catalog:
    """The same, read."""
    return read_po(io.BytesIO(file_of(language).read_bytes()))


def compiled(catalog: Catalog) -> bytes:
    """The catalog in the form that programs read."""
    written = io.BytesIO()
    write_mo(written, catalog)
    return written.getvalue()


def update(language: str) -> int:
    """Bring one language up to date; returns how many messages lack a translation."""
    file = file_of(language)
    known = {message.id: message.string for message in catalog_of(language) if message.id} if file.exists() else {}
    catalog = Catalog(
        language,
        header_comment="# The words of findings.",
        project="Standards Hub",
        version="0.1",
        msgid_bugs_address="none",
        last_translator="Standards Hub <none>",
        language_team="none",
        creation_date=_WRITTEN_AT,
        revision_date=_WRITTEN_AT,
        fuzzy=False,
    )
    for message in sorted(said()):
        catalog.add(message, known.get(message, ""))
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("wb") as output:
        write_po(output, catalog, width=110, omit_header=False)
    file.with_suffix(".mo").write_bytes(compiled(catalog_of(language)))
    return sum(not message.string for message in catalog if message.id)


if __name__ == "__main__":
    for each in LANGUAGES:
        if each != "en":
            sys.stdout.write(f"{each}: {update(each)} messages without a translation\n")
