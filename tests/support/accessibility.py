"""axe-core on a page (WCAG 2.1 AA and axe's best practices)."""

from pathlib import Path

import pytest
from playwright.sync_api import Frame, Page

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"

_RUN = """
axe.run(document, {iframes: false}).then((results) =>
  results.violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html.slice(0, 200)).join(" | ")}`))
"""


def violations(page: Page | Frame) -> list[str]:
    """What axe-core finds, a line each; skips the test where axe-core is not installed.

    The page's context needs `bypass_csp=True`, or a page with a strict policy lets no script of a test run.
    """
    if not AXE.exists():
        pytest.skip("axe-core is not in node_modules (make install fetches it)")
    page.wait_for_load_state()
    page.evaluate(AXE.read_text())
    return list(page.evaluate(_RUN))
