"""The scenes that tuning is measured on, as light, and what the commands are told of them."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from torch import Tensor
from tqdm import tqdm

from datasets.framing.calibration import calibrate
from datasets.scenes.scene import Kind
from datasets.scenes.scene_files import FileScene
from hdrmetrics.expand import get_expansion
from results.learned.whole import PEAK, WIDENED, chosen

HERE = Path(__file__).parent


def read_options(described: str) -> argparse.Namespace:
    """Return where scenes lie, how many are taken, and where measurements are kept."""
    parser = argparse.ArgumentParser(description=described.split("\n")[0])
    parser.add_argument("--scenes", type=Path, required=True)
    parser.add_argument("--photographs", type=Path, help="photographs to make HDR")
    parser.add_argument("--most", type=int, default=16, help="scenes")
    parser.add_argument("--widened", type=int, default=40, help="photographs")
    parser.add_argument("--work", type=Path, default=HERE, help="where measurements are kept")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    return options


def measured_scenes(options: argparse.Namespace, what: str) -> Iterator[tuple[FileScene, Kind]]:
    """Return scenes of the test split, then photographs, with a line of progress."""
    folders: tuple[tuple[Path | None, Kind, int], ...] = (
        (options.scenes, "hdr", options.most), (options.photographs, "sdr", options.widened)
    )  # fmt: skip
    for folder, kind, most in folders:
        if folder is not None:
            for scene in tqdm(chosen(folder, kind, "test", most), desc=f"{kind}, {what}"):
                yield scene, kind


def light_of(pixels: Tensor, kind: Kind) -> Tensor:
    """Return a whole scene, or a photograph made HDR, as light ``(1, 3, h, w)``."""
    if kind == "sdr":
        pixels = get_expansion(WIDENED)(pixels[None], peak=PEAK)[0]
    return calibrate(pixels, PEAK).clamp(min=1e-3)[None]
