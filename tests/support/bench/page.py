"""The page of a thousand tenants in a browser: its first picture, and a keystroke in the search.

These are times, not ratios: they are what somebody in front of the page waits. So the medians of several runs
count, and a machine that is busy with something else is over the limit.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from support.bench.measuring import Figure

if TYPE_CHECKING:
    from playwright.sync_api import Page

FIRST_PICTURE_MS, KEYSTROKE_MS = 1_000, 50
_RUNS = 5

FIRST_PICTURE = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
"""Milliseconds from the request to the first paint. The scripts draw everything before it."""

SOUGHT = ("t12", "nothing", "pai008", "project-9")
"""What is typed letter by letter, and deleted so again."""

_WATCHED = """() => {
  window.keys = [];
  window.watch = new PerformanceObserver((list) => window.keys.push(...list.getEntries()));
  window.watch.observe({ type: 'event', durationThreshold: 16 });
}"""
_PAINTED = "new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))"
_TIMES = """() => {
  window.keys.push(...window.watch.takeRecords());
  return window.keys.filter(({ name }) => name === 'keydown').map(({ duration }) => duration);
}"""


def keystrokes(page: Page, sought: Iterable[str] = SOUGHT) -> list[float]:
    """Milliseconds of each keystroke in the search, from the event of its key until its result is on the screen.

    This is the browser's own figure, in steps of 8. Less than 16 is not told, so it counts as 16.
    """
    page.evaluate(_WATCHED)
    page.focus("#query")
    keys = [key for word in sought for key in (*word, *["Backspace"] * len(word))]
    for key in keys:
        page.keyboard.press(key)
        page.evaluate(_PAINTED)
    times: list[float] = page.evaluate(_TIMES)
    return times + [16.0] * (len(keys) - len(times))


def page_at_scale(paletteai: Path, stacks: Path, folder: Path) -> Iterator[Figure | str]:
    """Both figures of the page of some stacks with problems, or why they were not measured."""
    chromium = os.environ.get("PALETTEAI_CHROMIUM") or shutil.which("chromium")
    if chromium is None:
        yield "the page: not measured; it needs chromium on PATH"
        return
    from playwright.sync_api import sync_playwright

    file = folder / "graph.html"
    command: Sequence[str | Path] = [paletteai, "graph", "--stacks", stacks, "--format", "html", "--output", file]
    # Its exit code is 1, because there are problems.
    subprocess.run(command, capture_output=True, check=False)
    first: list[float] = []
    keys: list[float] = []
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        for _ in range(_RUNS):
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.goto(file.as_uri())
            page.wait_for_timeout(500)
            first.append(page.evaluate(FIRST_PICTURE))
            keys += keystrokes(page)
            page.close()
        browser.close()
    count = len(list(stacks.iterdir()))
    for name, limit, times in (
        ("first picture", FIRST_PICTURE_MS, first),
        ("a keystroke in the search", KEYSTROKE_MS, keys),
    ):
        detail = f"{statistics.median(times):.0f} ms, at most {max(times):.0f} ms"
        yield Figure(
            f"{name} of the page of {count:,} stacks / {limit} ms", statistics.median(times) / limit, 1.0, detail
        )
