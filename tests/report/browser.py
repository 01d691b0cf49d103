"""A headless Chromium, where there is one."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the PATH")
_FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-sync", "--disable-background-networking", "--disable-component-update",
    "--allow-file-access-from-files", "--virtual-time-budget=5000", "--dump-dom",
]  # fmt: skip
_HARNESS = """<!doctype html><meta charset="utf-8">
<iframe id="page" src="PAGE" style="width:WIDTHpx;height:2000px"></iframe><pre id="found"></pre>
<script>
document.getElementById("page").addEventListener("load", async () => {
  const page = document.getElementById("page").contentDocument;
  const view = document.getElementById("page").contentWindow;
  let found;
  const asked = async (page, view) => { SCRIPT };
  try { found = await asked(page, view); } catch (error) { found = String(error); }
  document.getElementById("found").textContent = JSON.stringify(found);
});
</script>
"""


def dom(page: Path) -> str:
    """Return a page as it is after its script has run."""
    assert CHROMIUM is not None
    with tempfile.TemporaryDirectory() as home:
        done = subprocess.run(
            [CHROMIUM, *_FLAGS, f"--user-data-dir={home}", page.resolve().as_uri()],
            capture_output=True, text=True, encoding="utf-8", timeout=120, check=False,
        )  # fmt: skip
    return done.stdout


def ask(page: Path, script: str, width: int = 1000) -> Any:
    """Return what a script makes of a page that another one holds in a frame.

    The script has ``page``, the document, and ``view``, its window; it may wait, and returns what
    JSON can hold.
    """
    harness = page.with_name("harness.html")
    text = _HARNESS.replace("PAGE", page.name).replace("WIDTH", str(width))
    harness.write_text(text.replace("SCRIPT", script), encoding="utf-8")
    found = re.search('<pre id="found">(.*?)</pre>', dom(harness), re.DOTALL)
    harness.unlink()
    assert found is not None
    return json.loads(html.unescape(found[1]))
