"""One row of a table: everything that is needed to make its pixels again."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from datasets.framing.frames import Frame
from hdrmetrics.catalogue.domain import PixelDomain


@dataclass(frozen=True, slots=True)
class Step:
    """One step as it was done: nothing left to draw.

    Parameters
    ----------
    kind, name
        As in the recipe.
    settings
        Values by name.
    strength
        For a distortion, in [0, 1]; ``None`` for the other kinds.
    seed
        For what is random in it.
    """

    kind: str
    name: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    strength: float | None = None
    seed: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values, without what is at its default."""
        found: dict[str, Any] = {"kind": self.kind}
        if self.name:
            found["name"] = self.name
        if self.settings:
            found["settings"] = self.settings
        if self.strength is not None:
            found["strength"] = self.strength
        if self.seed:
            found["seed"] = self.seed
        return found


def steps_to_json(steps: tuple[Step, ...]) -> str:
    """Return steps as a JSON text, the same text for the same steps."""
    return json.dumps([one.to_dict() for one in steps], separators=(",", ":"), sort_keys=True)


def steps_from_json(text: str) -> tuple[Step, ...]:
    """Return the steps of a JSON text that :func:`steps_to_json` wrote."""
    return tuple(Step(**one) for one in json.loads(text))


@dataclass(frozen=True, slots=True)
class ReferenceKey:
    """What makes a reference frame.

    Parameters
    ----------
    scene
        Its name.
    source
        ``hdr``, ``sdr``, ``widened`` (photographs made HDR) or ``rendered`` (HDR scenes made
        photographs).
    frame
        The window.
    peak
        cd/m² for HDR frames, rendered ones before they are; 0 for photographs.
    widen
        Steps from one domain to the other.
    """

    scene: str
    source: str
    frame: Frame
    peak: float
    widen: str  # JSON of the steps, so that the key is hashable

    @property
    def domain(self) -> PixelDomain:
        """Of the frame."""
        return "sdr" if self.source in ("sdr", "rendered") else "hdr"


@dataclass(frozen=True, slots=True)
class TestKey:
    """What makes a distorted frame: a reference with the steps done to it (as JSON)."""

    reference: ReferenceKey
    steps: str


@dataclass(frozen=True, slots=True)
class Item:
    """A crop of a distorted frame with the same crop of its reference."""

    test: TestKey
    crop_y: int
    crop_x: int
    size: int
