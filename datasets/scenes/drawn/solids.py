"""Rendered graphics: spheres on a chequered floor, by rays of light."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from datasets.scenes.drawn.sheet import Sheet
from datasets.scenes.drawn.theme import Theme

_FINE = 2  # rays per pixel, each way
_CAMERA = 1.5  # its height over the floor

Rays = NDArray[np.float32]


def solids(sheet: Sheet, rng: np.random.Generator, theme: Theme) -> None:
    """Render some spheres with highlights and shadows, without noise as games and programs do."""
    y, x = np.mgrid[0 : sheet.height * _FINE, 0 : sheet.width * _FINE].astype(np.float32)
    scale = sheet.height * _FINE
    ray = np.stack([x / scale - sheet.width / sheet.height / 2, 0.42 - y / scale, np.ones_like(x)])
    ray /= np.linalg.norm(ray, axis=0)
    palette = np.array(theme.accents, np.float32) / 255
    sun = np.array([rng.uniform(-0.8, 0.8), rng.uniform(0.5, 1.2), -rng.uniform(0.1, 0.8)])
    sun = (sun / np.linalg.norm(sun)).astype(np.float32)
    balls = [
        (np.array([rng.uniform(-3, 3), r, rng.uniform(3, 9)], np.float32), np.float32(r))
        for r in rng.uniform(0.3, 1.2, int(rng.integers(2, 7)))
    ]
    eye = np.array([0, _CAMERA, 0], np.float32)

    level = np.linspace(0, 1, ray.shape[1], dtype=np.float32)[:, None] * np.ones_like(x)
    dark = np.float32(0.3 if theme.dark else 1.0)
    light = dark * (palette[5][:, None, None] * (1 - level) + level * np.float32(0.9))
    depth = np.full(x.shape, np.float32(np.inf))

    floor = np.where(ray[1] < -1e-3, -_CAMERA / np.minimum(ray[1], -1e-3), np.inf)
    near = floor < 40
    place = eye[:, None] + ray[:, near] * floor[near]
    step = np.float32(rng.uniform(0.4, 1.5))
    odd = (np.floor(place[0] / step) + np.floor(place[2] / step)) % 2
    tiles = np.where(odd[None] > 0, palette[0][:, None], palette[1][:, None])
    shade = np.where(_shadowed(place, sun, balls), np.float32(0.35), np.float32(1.0))
    haze = np.exp(-floor[near] / 15)
    light[:, near] = tiles * shade * haze + light[:, near] * (1 - haze)
    depth[near] = floor[near]

    for index, (centre, radius) in enumerate(balls):
        reach = _hit(eye[:, None], ray.reshape(3, -1), centre, radius).reshape(x.shape)
        seen = reach < depth
        if not seen.any():
            continue
        place = eye[:, None] + ray[:, seen] * reach[seen]
        normal = (place - centre[:, None]) / radius
        lit = (sun @ normal).clip(0, 1)
        mirrored = ray[:, seen] - 2 * (ray[:, seen] * normal).sum(0) * normal
        gloss = (sun @ mirrored).clip(0, 1) ** 40 * np.float32(rng.uniform(0, 0.9))
        base = palette[(index + 2) % 6][:, None]
        light[:, seen] = base * (0.2 + 0.8 * lit) + gloss
        depth[seen] = reach[seen]
    fine = light.clip(0, 1).reshape(3, sheet.height, _FINE, sheet.width, _FINE)
    codes = np.rint(255 * fine.mean(axis=(2, 4))).astype(np.uint8)
    sheet.picture((0, 0), np.ascontiguousarray(codes.transpose(1, 2, 0)))


def _hit(start: Rays, ray: Rays, centre: Rays, radius: np.float32) -> Rays:
    """Return how far along rays ``(3, n)`` a sphere is, infinity where it is missed."""
    offset = start - centre[:, None]
    along = (offset * ray).sum(0)
    inside = along**2 - ((offset**2).sum(0) - radius**2)
    reach = -along - np.sqrt(inside.clip(min=0))
    found: Rays = np.where((inside > 0) & (reach > 1e-3), reach, np.float32(np.inf))
    return found


def _shadowed(place: Rays, sun: Rays, balls: list[tuple[Rays, np.float32]]) -> NDArray[np.bool_]:
    """Return which places of the floor no light reaches."""
    ray = np.broadcast_to(sun[:, None], place.shape)
    hidden = np.zeros(place.shape[1], bool)
    for centre, radius in balls:
        hidden |= np.isfinite(_hit(place, ray, centre, radius))
    return hidden
