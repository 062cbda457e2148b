"""axe-core on an open page: what a reader with a screen reader, a keyboard or weak eyes cannot use."""

import os
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

SCRIPT = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
SERIOUS = ("serious", "critical")
# What the law asks of a site, level AA, and axe's own good practice.
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

RUN = """async ([within, tags]) => {
  const found = await axe.run(within || document, {runOnly: {type: "tag", values: tags}, resultTypes: ["violations"]})
  return found.violations.map(({id, impact, help, nodes}) => ({
    id, impact, help, nodes: nodes.map(({html, failureSummary}) => ({html, failureSummary})),
  }))
}"""


@lru_cache
def _script() -> str:
    if not SCRIPT.exists():
        if os.environ.get("RUCHE_REQUIRE_BROWSER"):
            pytest.fail("axe-core is not installed (npm install), and this run requires it.")
        pytest.skip("axe-core is not installed: npm install")
    return SCRIPT.read_text()


def findings(page: Page, within: str = "") -> list[dict[str, Any]]:
    """All violations on the page as it is now; `within`: a selector, to look at a part."""
    if not page.evaluate("() => Boolean(window.axe)"):
        # Evaluated through the debugger: the page's policy allows no script of ours.
        page.evaluate(_script())
    violations: list[dict[str, Any]] = page.evaluate(RUN, [within, TAGS])
    return violations


def serious(page: Page, within: str = "") -> list[str]:
    """The serious ones, one line each with the first places: `assert serious(page) == []`."""
    return [
        f"{violation['id']} ({violation['impact']}): {violation['help']}: "
        + " | ".join(f"{node['html'][:160]} [{node['failureSummary'][:160]}]" for node in violation["nodes"][:3])
        for violation in findings(page, within)
        if violation["impact"] in SERIOUS
    ]
