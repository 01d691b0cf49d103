"""From a page's data to one HTML file that runs nothing but its own script."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from functools import cache
from pathlib import Path
from typing import Any

from hdrmetrics import __version__
from hdrmetrics.errors import MissingPackageError
from hdrmetrics.jobs.page_files import remove_unused
from hdrmetrics.report.packing import packed
from hdrmetrics.report.page import Page
from hdrmetrics.text.textfile import readable, write_text

_ROOM = Path(__file__).parent
_SCRIPTS = (
    "data", "elements", "values", "pictures", "forms", "order", "list", "details", "histogram",
    "controls", "keys", "start",
)  # fmt: skip


def write_page(path: str | os.PathLike[str], page: Page, *, tidy: bool = True) -> None:
    """Write a page, replacing the file in one step.

    Parameters
    ----------
    path
        Where to.
    page
        See :class:`~hdrmetrics.report.page.Page`.
    tidy
        Whether pictures beside it that a page of before showed, and this one does not, go: see
        :func:`~hdrmetrics.jobs.page_files.remove_unused`, which otherwise is left to the caller.

    Raises
    ------
    MissingPackageError
        If the package that fills templates is not installed.
    ImageWriteError
        If the file cannot be written.
    """
    write_text(path, render(page))
    if tidy:
        remove_unused(path)


def render(page: Page) -> str:
    """Return a page as HTML.

    Style and script stand in the page, and its Content Security Policy names them by their digest:
    no other script runs, nothing is loaded but pictures, and nothing is sent. Titles and facts are
    escaped; all that is said of rows lies in one block of JSON, which the script shows as text.

    Parameters
    ----------
    page
        See :class:`~hdrmetrics.report.page.Page`.

    Raises
    ------
    MissingPackageError
        If Jinja2 is not installed.

    Examples
    --------
    >>> from hdrmetrics.report.page import Page, PageRow
    >>> html = render(Page("Mine", [], [PageRow("<b>.png")]))
    >>> "<b>" in html, "Content-Security-Policy" in html
    (False, True)
    """
    style, script = _text("page.css"), _script()
    beside = any(
        not p.src.startswith("data:") for row in page.rows for p in (*row.pictures, *row.figures)
    )
    pictures = "data: 'self' file:" if beside else "data:"
    policy = (
        f"default-src 'none'; img-src {pictures}; style-src {_digest(style)}; "
        f"script-src {_digest(script)}; base-uri 'none'; form-action 'none'"
    )
    filled: str = _template().render(
        page=page,
        policy=policy,
        style=style,
        script=script,
        data=script_json(packed(page)),
        version=__version__,
    )
    return readable(filled)


def script_json(value: Any) -> str:
    r"""Return a value as JSON that can stand in a script element, whatever its texts are.

    Examples
    --------
    >>> script_json(["</script>", "<!--", "é & \u2028"])
    '["\\u003c/script\\u003e","\\u003c!--","\\u00e9 \\u0026 \\u2028"]'
    """
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def check_pages() -> None:
    """Raise :class:`MissingPackageError` now where :func:`render` would, after hours of work."""
    _template()


def _digest(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


@cache
def _text(name: str) -> str:
    # The digest is of what stands between the tags, in which browsers see no carriage return.
    return "\n" + (_ROOM / "static" / name).read_text(encoding="utf-8")


@cache
def _script() -> str:
    """Return the parts of the script as one, whose names nobody else sees."""
    parts = "".join(_text(f"{name}.js") for name in _SCRIPTS)
    return f'\n"use strict";\n(() => {{{parts}}})();\n'


@cache
def _template() -> Any:
    try:
        import jinja2
    except ImportError as error:
        raise MissingPackageError(
            "HTML pages need Jinja2: pip install 'hdrmetrics[report]'"
        ) from error
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_ROOM / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html")
