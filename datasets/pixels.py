"""Pixels made again: from the description of an item to its reference crop with its test crop."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
import torch
from torch import Tensor

from datasets.framing.calibration import calibrate
from datasets.framing.frames import cut_frame
from datasets.item import Item, ReferenceKey, TestKey, steps_from_json
from datasets.scenes.scene import Scene
from datasets.steps import State, run_steps
from datasets.threads import one_thread
from hdrmetrics.errors import UnknownNameError

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Pair:
    """A labelled pair: crops ``(3, size, size)``, cd/m² or display-encoded in [0, 1]."""

    reference: Tensor
    test: Tensor


_KEPT = 2  # scenes, reference frames and test frames in memory


class _Recent(Generic[K, V]):
    """The results of the last calls."""

    def __init__(self, make: Callable[[K], V]) -> None:
        self._make = make
        self._found: OrderedDict[K, V] = OrderedDict()

    def __call__(self, key: K) -> V:
        if key not in self._found:
            while len(self._found) >= _KEPT:
                self._found.popitem(last=False)
            self._found[key] = self._make(key)
        self._found.move_to_end(key)
        return self._found[key]


class PixelSource:
    """Makes frames and crops of a set again, keeping the last few.

    Neighbouring items of a table share their scene and frame: asked for in that order, each is
    read, cut and distorted once.

    Parameters
    ----------
    scenes
        The scenes that items may name.
    """

    def __init__(self, scenes: Iterable[Scene]) -> None:
        self._scenes = {scene.name: scene for scene in scenes}
        self._load: _Recent[str, Tensor] = _Recent(lambda name: self._scenes[name].load())
        self._references: _Recent[ReferenceKey, Tensor] = _Recent(self._make_reference)
        self._tests: _Recent[TestKey, State] = _Recent(self._make_test)
        self.codec_seconds = 0.0
        """Time spent in codecs so far."""

    def scene(self, name: str) -> Scene:
        """Return a scene.

        Raises
        ------
        UnknownNameError
            If it is not among those given.
        """
        if name not in self._scenes:
            raise UnknownNameError(
                f"scene {name!r} is not in the folder given; the table was made with other scenes"
            )
        return self._scenes[name]

    def pixels(self, name: str) -> Tensor:
        """Return a scene's pixels ``(3, H, W)``: relative light, or codes in [0, 1]."""
        self.scene(name)
        with one_thread():
            return self._load(name)

    def reference(self, key: ReferenceKey) -> Tensor:
        """Return a reference frame ``(1, 3, h, w)``, cd/m² or codes in [0, 1]."""
        with one_thread():
            return self._references(key)

    def test(self, key: TestKey) -> State:
        """Return a distorted frame."""
        with one_thread():
            return self._tests(key)

    def pair(self, item: Item) -> Pair:
        """Return an item's crops.

        Raises
        ------
        UnknownNameError
            If its scene is not there.
        HdrMetricsError
            Whatever reading the scene or a step raises.
        """
        frame = self.reference(item.test.reference)
        state = self.test(item.test)
        return Pair(crop(frame, item), crop(state.pixels, item))

    def _make_reference(self, key: ReferenceKey) -> Tensor:
        scene = self.scene(key.scene)
        frame = cut_frame(
            self.pixels(key.scene), key.frame, panorama=scene.panorama, kind=scene.kind
        )[None]
        if scene.kind == "hdr":
            frame = calibrate(frame[0], key.peak)[None]
        if key.source in ("widened", "rendered"):
            start = State(frame, scene.kind, frame, key.peak)
            frame = run_steps(start, steps_from_json(key.widen)).pixels
        if key.domain == "sdr":
            return torch.floor(frame * 255 + 0.5) / 255  # as a file holds it, also after resizing
        return frame if scene.kind == "hdr" else calibrate(frame[0], key.peak)[None]

    def _make_test(self, key: TestKey) -> State:
        reference = self.reference(key.reference)
        start = State(reference, key.reference.domain, reference, key.reference.peak)
        state = run_steps(start, steps_from_json(key.steps))
        self.codec_seconds += state.codec_seconds
        return state


def crop(frame: Tensor, item: Item) -> Tensor:
    """Return the crop ``(3, size, size)`` of a frame ``(1, 3, h, w)``."""
    rows = slice(item.crop_y, item.crop_y + item.size)
    columns = slice(item.crop_x, item.crop_x + item.size)
    return frame[0, :, rows, columns].contiguous()


def half_bytes(pixels: Tensor) -> bytes:
    """Return pixels as little-endian half floats, what digests and packs are made of."""
    halves: np.ndarray[tuple[int, ...], np.dtype[np.float16]] = pixels.to(torch.float16).numpy()
    return halves.astype("<f2", copy=False).tobytes()
