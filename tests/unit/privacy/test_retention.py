"""How long things may be kept."""

from typing import Any

import pytest

from hub.errors import Invalid
from hub.privacy.spec.retention import checked


@pytest.mark.parametrize(
    ("given", "days"),
    [
        ({}, {}),
        ({"statements": None, "launches": ""}, {}),
        ({"statements": 1, "registrations": "36500"}, {"statements": 1, "registrations": 36_500}),
    ],
)
def test_days(given: dict[str, Any], days: dict[str, int]) -> None:
    assert checked(given) == days


@pytest.mark.parametrize("days", [0, "0", 36_501, -1, 1.5, "1.0", "٣", "soon", True, "9" * 30, []])
def test_what_are_no_days(days: Any) -> None:
    with pytest.raises(Invalid) as refused:
        checked({"launches": days, "letters": 7})
    assert [fault.where for fault in refused.value.violations] == ["letters", "launches"]
