"""axe-core on an open page. The page's policy forbids foreign scripts, so it is put in as a debugger puts it in."""

from __future__ import annotations

import functools
from importlib.resources import files
from typing import Any

#: What keeps somebody from using a page, by axe-core's own measure.
GRAVE = ("serious", "critical")


@functools.cache
def _axe() -> str:
    return (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")


def findings(page: Any) -> list[str]:
    """`rule: what it says: where` of what is serious or critical on the page as it is now."""
    page.evaluate(_axe())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{one['id']}: {one['help']}: {node['target']} {node['html'][:160]} {node.get('failureSummary', '')[:200]}"
        for one in found["violations"] if one["impact"] in GRAVE
        for node in one["nodes"]
    ]  # fmt: skip
