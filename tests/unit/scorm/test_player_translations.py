"""Every word of the player can be translated, and every translation is complete."""

import io
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

import hub.scorm
from hub.scorm.views.origin import LANGUAGES

SCORM = Path(hub.scorm.__file__).parent
TRANSLATIONS = SCORM / "player" / "translations"
OPTIONS = {"player/templates/**.html": {"trim_blocks": "true", "lstrip_blocks": "true"}}
METHODS = [("views/player.py", "python"), ("player/templates/**.html", "jinja2")]
TRANSLATED = [language for language in LANGUAGES if language != "en"]


@pytest.fixture(scope="module")
def said() -> set[str]:
    """Every message in the sources."""
    found = extract_from_dir(SCORM, METHODS, OPTIONS, {"_": None, "gettext": None})
    return {message for _, _, message, _, _ in found}


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_language_has_every_message_and_no_other(said: set[str], language: str) -> None:
    file = TRANSLATIONS / language / "LC_MESSAGES" / "messages.po"
    catalog = read_po(io.BytesIO(file.read_bytes()))
    assert {message.id for message in catalog if message.id} == said
    assert [message.id for message in catalog if message.id and not message.string] == []
    compiled = io.BytesIO()
    write_mo(compiled, catalog)
    assert file.with_suffix(".mo").read_bytes() == compiled.getvalue(), (
        "run pybabel compile -d hub/scorm/player/translations"
    )
