"""How two decoded pictures differ, in one word: equal, turned, another curve or matrix."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

MOST = 2**20  # pixels compared: every n-th of larger pictures
EXACT = 2e-6
CLOSE = 2.6 / 255  # what two decoders of one lossy file may differ by


@dataclass
class Verdict:
    """One comparison.

    Parameters
    ----------
    word
        ``equal``, ``close``, ``turned``, ``scaled``, ``curve``, ``matrix``, ``size`` or
        ``different``.
    largest
        Largest difference left, relative to the larger of 1 and the value.
    """

    word: str
    largest: float = 0.0
    what: str = ""


def compare(ours: np.ndarray, theirs: np.ndarray) -> Verdict:
    """Return how ``theirs`` differs from ``ours``, both ``(H, W, C)``.

    The first simple step that makes both equal names the difference; it does not say who is right.
    """
    theirs = channels(theirs, ours.shape[2])
    if theirs.shape != ours.shape:
        if theirs.shape[:2] == ours.shape[1::-1]:
            fitting = [(gap(ours, t), name) for name, t in turns(theirs) if t.shape == ours.shape]
            nearest, name = min(fitting, key=lambda one: one[0])
            if nearest < CLOSE:
                return Verdict("turned", nearest, name)
        return Verdict("size", what=f"{theirs.shape[1]}x{theirs.shape[0]}")
    distance = gap(ours, theirs)
    if distance <= EXACT:
        return Verdict("equal", distance)
    if distance <= CLOSE:
        return Verdict("close", distance)
    for name, turned in turns(theirs)[1:]:
        if turned.shape == ours.shape and gap(ours, turned) < CLOSE:
            return Verdict("turned", gap(ours, turned), name)
    a, b = thinned(ours), thinned(theirs)
    good = np.isfinite(a).all(axis=1) & np.isfinite(b).all(axis=1)
    a, b = a[good], b[good]
    for name, step in STEPS.items():
        left = gap(a, step(b))
        if left < CLOSE / 4:
            return Verdict("curve", left, name)
    if len(a) > 16:
        factor = float((a * b).sum() / max(float((b * b).sum()), 1e-30))
        if gap(a, factor * b) < 1e-4:
            return Verdict("scaled", gap(a, factor * b), f"{factor:.5g}")
        if a.shape[1] == 3:
            matrix = np.linalg.lstsq(b, a, rcond=None)[0]
            if gap(a, b @ matrix) < 1e-3:
                return Verdict("matrix", gap(a, b @ matrix), "colours converted")
    return Verdict("different", distance)


def channels(picture: np.ndarray, wanted: int) -> np.ndarray:
    """Return ``(H, W, wanted)``: without alpha, grey repeated, or one of equal channels."""
    picture = picture[..., None] if picture.ndim == 2 else picture
    if picture.shape[2] in (2, 4):
        picture = picture[..., :-1]
    picture = picture[..., :3]
    if wanted == 3 and picture.shape[2] == 1:
        return np.repeat(picture, 3, axis=2)
    if wanted == 1 and picture.shape[2] == 3 and (picture == picture[..., :1]).all():
        return picture[..., :1]
    return picture


def turns(picture: np.ndarray) -> list[tuple[str, np.ndarray]]:
    """Return the eight orientations of a picture, the given one first."""
    made = []
    for mirrored, base in ((False, picture), (True, picture[:, ::-1])):
        for quarter in range(4):
            made.append((f"{90 * quarter}°{' mirrored' * mirrored}", np.rot90(base, quarter)))
    return made


def thinned(picture: np.ndarray) -> np.ndarray:
    """Return at most :data:`MOST` pixels ``(N, C)`` in float64."""
    flat = picture.reshape(-1, picture.shape[-1])
    return flat[:: -(-len(flat) // MOST)].astype(np.float64)


def gap(a: np.ndarray, b: np.ndarray) -> float:
    """Return the largest difference, relative above 1; NaN and infinity must agree."""
    a, b = thinned(a), thinned(b)
    wild = ~np.isfinite(a) | ~np.isfinite(b)
    if wild.any() and not np.array_equal(np.isnan(a), np.isnan(b)):
        return float("inf")
    with np.errstate(invalid="ignore"):
        difference = np.where(wild, 0.0, np.abs(a - b) / np.maximum(1.0, np.abs(a)))
    return float(difference.max(initial=0.0))


def _from_srgb(x: np.ndarray) -> np.ndarray:
    return np.where(x <= 0.04045, x / 12.92, (np.maximum(x, 0) / 1.055 + 0.055 / 1.055) ** 2.4)


def _to_srgb(x: np.ndarray) -> np.ndarray:
    x = np.maximum(x, 0)
    return np.where(x <= 0.0031308, 12.92 * x, 1.055 * x ** (1 / 2.4) - 0.055)


STEPS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "sRGB undone": _from_srgb,
    "sRGB applied": _to_srgb,
    "inverted": lambda x: 1 - x,
    "no negative values": lambda x: np.maximum(x, 0),
    "clipped to 0 to 1": lambda x: np.clip(x, 0, 1),
    "gamma 2.2 undone": lambda x: np.maximum(x, 0) ** 2.2,
}
