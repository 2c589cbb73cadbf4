"""The words of findings in the languages of the pages.

The API, the commands and what is kept say findings in English, with codes and facts for those who say them otherwise.
"""

import gettext
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from hub.scorm.spec.manifest.wording import Say, in_words

TRANSLATIONS = Path(__file__).parents[1] / "translations"
DOMAIN = "findings"


@cache
def words_of(language: str) -> Say:
    """What says a message in this language; English where there is no translation."""
    return gettext.translation(DOMAIN, TRANSLATIONS, [language], fallback=True).gettext


def worded(findings: Iterable[Mapping[str, Any]], language: str) -> list[dict[str, Any]]:
    """Findings as JSON, in this language."""
    say = words_of(language)
    return [in_words(one, say) for one in findings]
