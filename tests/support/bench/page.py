"""The page of a thousand tenants in a browser: its first picture, and a keystroke in the search.

These are times, not ratios: they are what somebody in front of the page waits. So the medians of several runs
count, and a machine that is busy with something else is over the limit.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from support.bench.measuring import Figure

FIRST_PICTURE_MS, KEYSTROKE_MS = 1_000, 50
_RUNS = 5

FIRST_PICTURE = "performance.getEntriesByType('navigation')[0].loadEventEnd"
"""Milliseconds from the request to the end of the scripts, which draw at once."""

KEYSTROKES = """async () => {
  const query = document.getElementById('query');
  const times = [];
  for (const text of ['t', 't1', 't12', 't1', '', 'n', 'no', 'nothing', 'project', '']) {
    query.value = text;
    const began = performance.now();
    query.dispatchEvent(new Event('input', { bubbles: true }));
    document.body.getBoundingClientRect();
    times.push(performance.now() - began);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return times;
}"""
"""Milliseconds of each of some keystrokes, with the layout of what they show."""


def page_at_scale(paletteai: Path, stacks: Path, folder: Path) -> Iterator[Figure | str]:
    """Both figures of the page of some stacks, or why they were not measured."""
    chromium = os.environ.get("PALETTEAI_CHROMIUM") or shutil.which("chromium")
    if chromium is None:
        yield "the page: not measured; it needs chromium on PATH"
        return
    from playwright.sync_api import sync_playwright

    file = folder / "graph.html"
    command: Sequence[str | Path] = [paletteai, "graph", "--stacks", stacks, "--format", "html", "--output", file]
    subprocess.run(command, capture_output=True, check=True)
    first: list[float] = []
    keystrokes: list[float] = []
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        for _ in range(_RUNS):
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.goto(file.as_uri())
            first.append(page.evaluate(FIRST_PICTURE))
            page.wait_for_timeout(500)
            keystrokes += page.evaluate(KEYSTROKES)
            page.close()
        browser.close()
    count = len(list(stacks.iterdir()))
    for name, limit, times in (
        ("first picture", FIRST_PICTURE_MS, first),
        ("a keystroke in the search", KEYSTROKE_MS, keystrokes),
    ):
        detail = f"{statistics.median(times):.0f} ms, at most {max(times):.0f} ms"
        yield Figure(
            f"{name} of the page of {count:,} stacks / {limit} ms", statistics.median(times) / limit, 1.0, detail
        )
