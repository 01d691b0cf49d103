"""The clean photographs that enhancers are judged on, and what befalls them."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor

from datasets.scenes.scene_files import FileScene
from datasets.streams import digest, fraction
from trainers.restoring.degrade import Step, degrade
from trainers.restoring.references import HALVED, REDUCED, reduced, references

SIDE = 320
"""Pixels a side that are looked at, at most, in the middle."""

DEGRADATIONS: dict[str, tuple[list[Step], ...]] = {
    "motion blur": tuple([("motion_blur", s)] for s in (0.4, 0.6, 0.8)),
    "lens blur": tuple([("defocus_blur", s)] for s in (0.4, 0.6, 0.8)),
    "Gaussian noise": tuple([("gaussian_noise", s)] for s in (0.5, 0.7, 0.9)),
    "camera noise": tuple([("camera_noise", s)] for s in (0.3, 0.5, 0.7)),
    "JPEG": tuple([("jpeg", q)] for q in (60.0, 30.0, 12.0)),
    "clipped highlights": tuple([("saturation_clipping", s)] for s in (0.2, 0.4, 0.6)),
    "mixture": tuple(
        [("motion_blur", s), ("gaussian_noise", s), ("jpeg", q)]
        for s, q in ((0.3, 70.0), (0.5, 45.0), (0.7, 25.0))
    ),
    **{
        f"{kind} in a file": tuple([(name, s), ("jpeg", q)] for q in (95.0, 85.0))
        for kind, name, s in (
            ("motion blur", "motion_blur", 0.5),
            ("lens blur", "defocus_blur", 0.5),
            ("camera noise", "camera_noise", 0.7),
        )
    },
}
"""Each at strengths of :mod:`hdrmetrics.distort`, or qualities of JPEG."""


def clean_photographs(
    photographs: Path | None, opinions: Path | None, most: int
) -> dict[str, Tensor]:
    """Return test photographs ``(1, 3, h, w)`` in [0, 1] by name, in eight bits.

    Those of BIQ2021 are of its table for training, and of the part of it that trains nothing here.

    Parameters
    ----------
    photographs, opinions
        See :func:`trainers.restoring.references.references`.
    most
        Of each folder.
    """
    chosen: list[FileScene] = []
    for folders in ((photographs, None), (None, opinions)):
        own = [scene for scene, _ in references("test", *folders)]
        chosen += sorted(own, key=lambda scene: fraction("enhance", scene.name))[:most]
    found = {}
    for scene in chosen:
        factor = HALVED if scene.name.startswith("biq2021_") else REDUCED[0]
        small = reduced(scene.load(), factor)
        top, left = (max(0, side - SIDE) // 2 for side in small.shape[-2:])
        window = small[None, :, top : top + SIDE, left : left + SIDE]
        found[scene.name] = (255 * window).round() / 255
    return found


def degraded(clean: Tensor, name: str, steps: list[Step]) -> Tensor:
    """Return a photograph after some steps, in eight bits, ``(1, 3, h, w)`` in [0, 1]."""
    return degrade(clean, steps, digest("enhance", name) >> 33).float() / 255


def label(steps: list[Step]) -> str:
    """Return what a table calls some steps."""
    return ", ".join(f"{'Q ' if name == 'jpeg' else ''}{amount:g}" for name, amount in steps)
