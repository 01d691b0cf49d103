"""The page on which pairs are judged, and the policy that goes with it."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from importlib.resources import files
from typing import NamedTuple


class Page(NamedTuple):
    """The page as bytes, and its Content-Security-Policy."""

    html: bytes
    policy: str


@cache
def page() -> Page:
    """Return the page: one file that loads nothing but pictures and answers of its own server.

    Its style and script are named in the policy by their hashes: what a file's name might ever
    smuggle in would not run.

    Examples
    --------
    >>> page().html.startswith(b"<!doctype html>"), "unsafe" in page().policy
    (True, False)
    """
    html = (files("hdrmetrics") / "data" / "annotate.html").read_bytes()
    html = html.replace(b"\r\n", b"\n")  # as browsers hash it, however it was checked out
    (style,) = re.findall(rb"<style>(.*?)</style>", html, re.DOTALL)
    (script,) = re.findall(rb"<script>(.*?)</script>", html, re.DOTALL)
    policy = "; ".join(
        (
            "default-src 'none'",
            "img-src 'self'",
            "connect-src 'self'",
            f"style-src {_source(style)}",
            f"script-src {_source(script)}",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )
    return Page(html, policy)


def _source(text: bytes) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text).digest()).decode()}'"
