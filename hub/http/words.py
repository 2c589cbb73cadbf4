"""What errors say, in the reader's language: for pages. Programs read problem documents in English."""

from pathlib import Path

from flask_babel import Domain

import hub
from hub.errors import Message

_ERRORS = Domain(str(Path(hub.__file__).parent / "translations"), domain="errors")


def said(text: str) -> str:
    """The text of an error or violation in the language of the request; as it is where no translation is known."""
    if isinstance(text, Message):
        values = {name: said(one) if isinstance(one, Message) else one for name, one in text.values.items()}
        return str(_ERRORS.gettext(text.template, **values))
    return str(_ERRORS.gettext(text)) if text else text
