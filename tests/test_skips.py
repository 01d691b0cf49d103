"""Every test that may be skipped says why, in the line that skips it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent
SKIPS = {
    f"pytest.{name}" for name in ("skip", "importorskip", "mark.skip", "mark.skipif", "mark.xfail")
}


def silent(source: str) -> Iterator[int]:
    """Yield the lines of skips without a reason."""
    tree = ast.parse(source)
    called = {id(node.func): node for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute) or ast.unparse(node) not in SKIPS:
            continue
        call = called.get(id(node))
        if call is None:  # a bare mark: @pytest.mark.skip
            yield node.lineno
            continue
        said = [word.value for word in call.keywords if word.arg == "reason"]
        said += call.args[:1] if node.attr == "skip" else []
        if not said or (isinstance(said[0], ast.Constant) and not said[0].value):
            yield node.lineno


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("cv2 = pytest.importorskip('cv2')", [1]),
        ("pytest.importorskip('cv2', reason='a peer')", []),
        ("\n@pytest.mark.skip\ndef f(): pass", [2]),
        ("@pytest.mark.skipif(True)\ndef f(): pass", [1]),
        ("@pytest.mark.skipif(True, reason='')\ndef f(): pass", [1]),
        ("pytest.skip()", [1]),
        ("pytest.skip(f'no {thing}')", []),
        ("plan.skip", []),
    ],
)
def test_what_is_silent(source: str, lines: list[int]) -> None:
    assert list(silent(source)) == lines


def test_skips_say_why() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in sorted(ROOT.rglob("*.py"))
        for line in silent(path.read_text(encoding="utf-8"))
    ]
    assert found == []
