"""Some of ADL's cases in the real player; `python -m tests.adl2004 FOLDER --browser` runs them all."""

from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext

from hub.bootstrap import Hub
from tests.adl2004.__main__ import outcomes
from tests.adl2004.browser import Browsing
from tests.adl2004.cases import load

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "adl2004"
#: One of each kind: API and data model, every way to move and to leave, what is shown, shared objectives, assets.
CASES = {"API", "DMI", "CM-01", "CM-04b", "CM-05", "CM-08", "CM-11", "OB-14b", "SX-08a", "SX-09"}

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not (FOLDER / "cases.json").exists(), reason=f"ADL's cases are not at {FOLDER}"),
]


def test_cases_of_every_kind_pass_in_the_player(live_hub: Hub, browser: BrowserContext) -> None:
    cases = [case for case in load(FOLDER) if case.name in CASES]
    assert len(cases) == len(CASES)
    browsing = Browsing(live_hub, browser)
    faults = [fault for _, found in outcomes(cases, browsing.player) for fault in found]
    assert faults == []
