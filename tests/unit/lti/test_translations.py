"""Every word of the pages inside an LMS can be translated, and every translation is complete."""

import io
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

import hub.lti
from hub.lti.views.pages import LANGUAGES

LTI = Path(hub.lti.__file__).parent
OPTIONS = {"templates/**.html": {"trim_blocks": "true", "lstrip_blocks": "true"}}
METHODS = [("views/**.py", "python"), ("templates/**.html", "jinja2")]


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_a_language_has_every_message_and_no_other(language: str) -> None:
    said = {message for _, _, message, _, _ in extract_from_dir(LTI, METHODS, OPTIONS, {"_": None})}
    file = LTI / "translations" / language / "LC_MESSAGES" / "messages.po"
    catalog = read_po(io.BytesIO(file.read_bytes()))
    assert {message.id for message in catalog if message.id} == said
    assert [message.id for message in catalog if message.id and not message.string] == []
    compiled = io.BytesIO()
    write_mo(compiled, catalog)
    assert file.with_suffix(".mo").read_bytes() == compiled.getvalue(), "run pybabel compile -d hub/lti/translations"
