"""Stand-in metrics for every test here."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.improve.standins import install, photograph


@pytest.fixture(autouse=True)
def standins(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Return a folder: much.jpg gains most, some.png a little by noise, fine.png nothing."""
    folder = tmp_path / "photos"
    photograph(folder / "much.jpg", 0.8, quality=95)
    photograph(folder / "some.png", 0.2, 0.6)
    photograph(folder / "fine.png", 0.1)
    return folder
