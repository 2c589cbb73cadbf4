"""Every SetValue of ADL's SCORM 2004 4th Edition cases, judged by our tables."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.scorm.spec.runtime.model import violations
from hub.scorm.spec.runtime.scorm2004 import SCORM_2004

CASES = Path(__file__).resolve().parents[5] / "shared" / "adl2004" / "cases.json"

_COMMAND = re.compile(r"SET->(?P<argument>.*)->(?:t|f)->(?P<code>\d+)", re.DOTALL)
#: Cases whose objectives come from the manifest, and the one that sets before Initialize.
_ELSEWHERE = {"OB-14b", "API"}


@pytest.fixture(scope="module")
def cases() -> Any:
    if not CASES.exists():
        pytest.skip(f"ADL's cases are not at {CASES}.")
    return json.loads(CASES.read_text())


def _set_values(cases: Any) -> Iterator[tuple[str, int, str, str, bool]]:
    """Case, visit, element, value and whether it is accepted, in order."""
    word = cases["tokens"].get
    visit_number = 0
    for case in cases["cases"]:
        for visit in case["visits"]:
            visit_number += 1
            for command in visit["commands"]:
                match = _COMMAND.fullmatch(command)
                if match and case["case"] not in _ELSEWHERE:
                    name, _, value = match["argument"].partition("!")
                    element = ".".join(word(part, part) for part in name.split("~"))
                    if element.startswith("cmi") and "&" not in element:  # A named index stands for what came back.
                        yield case["case"], visit_number, element, word(value, value), match["code"] == "0"


def test_our_verdict_is_adls(cases: Any) -> None:
    stored: dict[str, str] = {}
    current, judged, wrong = 0, 0, []
    for case, visit, element, value, is_accepted in _set_values(cases):
        if visit != current:
            stored, current = {}, visit
        found = violations(SCORM_2004, stored, {element: value})
        judged += 1
        if is_accepted:
            stored[element] = value
        if bool(found) == is_accepted:
            wrong.append((case, element, value[:60], is_accepted))
    assert judged > 4_000
    assert wrong == []
