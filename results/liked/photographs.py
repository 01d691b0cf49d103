"""What nima does to photographs of other sources: dark copies, black surrounds, sizes, strength.

    python -m results.liked.photographs --photos FOLDER [--sheet FILE]

Writes ``photographs.md``. FILE gets the best and the worst 24 to look at; it is not kept with the
results, since the licences of some ask for more than a sheet can give.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from datasets.reporting.contact_sheet import SheetEntry, save_sheet
from datasets.statistics.weighted import once, srocc
from hdrmetrics import create_metric, read_image
from hdrmetrics.distort import distort
from hdrmetrics.jobs.pairing import find_files
from hdrmetrics.learned.liked.nima import Nima
from hdrmetrics.photometry.transfer import srgb_decode, srgb_encode
from hdrmetrics.text.markdown import markdown_table
from hdrmetrics.text.textfile import write_text
from results.learned.odd_pictures import PICTURES

HERE = Path(__file__).parent
_STOPS = (-1.0, -2.0, -3.0, -4.0, 2.0)
_EVERY, _SHOWN = 12, 24
_DAMAGE = ("gaussian_blur", "motion_blur", "gaussian_noise", "banding", "block_loss", "resampling")
_STRENGTHS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


@dataclass(frozen=True)
class Photograph:
    """A file with its score."""

    path: Path
    score: float


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--photos", type=Path, required=True, help="folder of photographs")
    parser.add_argument("--sheet", type=Path, help="a picture of the best and the worst")
    options = parser.parse_args()
    torch.set_num_threads(1)
    metric = create_metric("nima")
    assert isinstance(metric, Nima)
    with torch.no_grad():
        ranked = sorted(
            (Photograph(one.path, float(metric(load(one.path)))) for one in find_files(
                options.photos, recursive=False
            )),
            key=lambda one: -one.score,
        )  # fmt: skip
        some = sorted(ranked, key=lambda one: one.path.name)[::_EVERY][:50]
        parts = [
            f"# nima on {len(ranked)} photographs of other sources\n",
            dark(metric, some), black(metric, some, ranked), sizes(metric, some),
            strengths(metric, some), extremes(ranked), speed(metric),
        ]  # fmt: skip
    if options.sheet is not None:
        show(ranked, options.sheet)
    write_text(HERE / "photographs.md", "\n".join(parts))
    print(HERE / "photographs.md")


def load(path: Path) -> Tensor:
    """Return a photograph ``(1, 3, H, W)`` in [0, 1]."""
    return read_image(path).tensor().clamp(0.0, 1.0)


def dark(metric: Nima, photographs: list[Photograph]) -> str:
    """Return how often a copy with other light outranks its original."""
    rows = []
    for stops in _STOPS:
        falls = []
        for one in photographs:
            copy = exposed(load(one.path), stops)
            falls.append(one.score - float(metric(copy)))
        above = sum(fall < 0 for fall in falls)
        rows.append([f"{stops:+g}", f"{np.mean(falls):.2f}", f"{min(falls):+.2f}", str(above)])
    table = markdown_table(["stops", "falls by", "at least by", "outrank the original"], rows)
    return f"""## Dark and bright copies

{len(photographs)} photographs, and copies with their light multiplied (and clipped at white), in
8 bits. A known weakness of NIMA is that a dark picture can beat a bright one.

{table}
"""


def black(metric: Nima, photographs: list[Photograph], ranked: list[Photograph]) -> str:
    """Return how photographs on black are scored."""
    frames: dict[str, Callable[[Tensor], Tensor]] = {
        "black frame, a tenth on each side": lambda x: padded(x, 0.1, 0.1),
        "letterbox, a quarter above and below": lambda x: padded(x, 0.25, 0.0),
        "on a black ground of four times the area": lambda x: padded(x, 0.5, 0.5),
        "cut out as an oval, on black": oval,
    }
    scores = np.array([one.score for one in ranked])
    rows = []
    for name, change in frames.items():
        found = np.array([float(metric(change(load(one.path)))) for one in photographs])
        moved = found - np.array([one.score for one in photographs])
        below = np.mean([np.mean(scores < value) for value in found])
        rows.append([name, f"{moved.mean():+.2f}", f"{moved.min():+.2f}", f"{below:.0%}"])
    table = markdown_table(["", "moves by", "at worst by", "of all are below, on average"], rows)
    known = {one.path.stem: rank for rank, one in enumerate(ranked, 1)}
    real = [
        f"- {odd.what} (`{odd.scene}`): place {known[odd.scene]} of {len(ranked)}"
        for odd in PICTURES
        if odd.scene in known and ("black" in odd.what or "dark" in odd.what or "night" in odd.what)
    ]
    return f"""## Black surrounds

{table}

Photographs that are dark, or have a black background of their own:

{chr(10).join(real) or "- none in this folder"}
"""


def sizes(metric: Nima, photographs: list[Photograph]) -> str:
    """Return how far the score depends on the size of the file."""
    rows = []
    base = [one.score for one in photographs]
    for name, side in (("12 MP", 3464), ("2 MP", 1414), ("512² px", 512), ("256² px", 256)):
        found = []
        for one in photographs:
            picture = load(one.path)
            height, width = picture.shape[-2:]
            scale = side / (height * width) ** 0.5
            size = (round(height * scale), round(width * scale))
            small = interpolate(picture, size, mode="bicubic", antialias=True).clamp(0, 1)
            found.append(float(metric(small)))
        moved = np.abs(np.array(found) - base)
        agreement = once(srocc(np.array(found), np.array(base)), len(base))
        rows.append([name, f"{moved.mean():.2f}", f"{moved.max():.2f}", f"{agreement:.3f}"])
    table = markdown_table(["made", "differs by", "at most by", "SROCC"], rows)
    return f"""## Sizes

The same photographs (sides up to 768 px) made larger and smaller, against the file as it is.

{table}
"""


def strengths(metric: Nima, photographs: list[Photograph]) -> str:
    """Return how often more damage scores less."""
    rows = []
    for name in _DAMAGE:
        found = []
        for index, one in enumerate(photographs[::2]):
            picture = load(one.path)
            said = [one.score]
            for strength in _STRENGTHS[1:]:
                made = distort(picture, name, strength=strength, domain="sdr", seed=index)
                said.append(float(metric(eight_bits(made))))
            found.append(said)
        values = np.array(found)
        less = -np.array(_STRENGTHS)
        order = np.mean([once(srocc(less, along), len(along)) for along in values])
        rows.append([name, f"{order:.3f}", *(f"{v:.2f}" for v in values.mean(axis=0))])
    titles = ["distortion", "order", *(f"{s:g}" for s in _STRENGTHS)]
    return f"""## Strength

Order: the mean SROCC of less strength and score along each photograph's six strengths; then the
mean score at each. People, and so `nima`, mind mild damage little; `diqm` and the metrics with a
reference are for that.

{markdown_table(titles, rows)}
"""


def extremes(ranked: list[Photograph]) -> str:
    """Return the best and the worst, by name."""
    best, worst = ranked[:_SHOWN], ranked[-_SHOWN:]

    def line(ones: list[Photograph]) -> str:
        return ", ".join(f"`{one.path.stem}` {one.score:.2f}" for one in ones)

    scores = np.array([one.score for one in ranked])
    low, middle, high = np.percentile(scores, (5, 50, 95))
    return f"""## Best and worst

Scores: 5 % under {low:.2f}, half under {middle:.2f}, 5 % over {high:.2f}.

Best: {line(best)}.

Worst: {line(worst)}.
"""


def speed(metric: Nima) -> str:
    """Return the time of a score on one core, beyond decoding."""
    rows = []
    for name, size in (("512 × 512", (512, 512)), ("1920 × 1080", (1080, 1920)),
                       ("4000 × 3000 (12 MP)", (3000, 4000))):  # fmt: skip
        picture = interpolate(torch.rand(1, 3, 60, 80), size, mode="bicubic").clamp(0, 1)
        calls: list[Callable[[Tensor], object]] = [metric, metric.assess, metric.map]
        cells = []
        for call in calls:
            best = min(_seconds(call, picture) for _ in range(5))
            cells.append(f"{1000 * best:.0f}")
        rows.append([name, *cells])
    table = markdown_table(
        ["picture", "score, ms", "with interval and doubts, ms", "map, ms"], rows
    )
    return f"## Speed\n\nOne thread of this machine, the best of five.\n\n{table}\n"


def _seconds(call: Callable[[Tensor], object], picture: Tensor) -> float:
    began = time.perf_counter()
    call(picture)
    return time.perf_counter() - began


def exposed(picture: Tensor, stops: float) -> Tensor:
    """Return a photograph with its light multiplied by 2^stops, in 8 bits."""
    return eight_bits(srgb_encode((srgb_decode(picture) * 2.0**stops).clamp(0.0, 1.0)))


def eight_bits(picture: Tensor) -> Tensor:
    """Return codes as a file of 8 bits holds them."""
    return (255 * picture.clamp(0.0, 1.0)).round() / 255


def padded(picture: Tensor, rows: float, columns: float) -> Tensor:
    """Return a picture with black around it, as parts of its sides."""
    down, across = round(rows * picture.shape[-2]), round(columns * picture.shape[-1])
    return torch.nn.functional.pad(picture, (across, across, down, down))


def oval(picture: Tensor) -> Tensor:
    """Return the middle of a picture on black, with a soft edge."""
    y, x = (torch.linspace(-1, 1, n) for n in picture.shape[-2:])
    away = (y[:, None].square() + x.square()).sqrt()
    return eight_bits(picture * ((0.85 - away) / 0.06).clamp(0, 1))


def show(ranked: list[Photograph], path: Path) -> None:
    """Write a sheet of the best and the worst."""
    entries = []
    for one in (*ranked[:_SHOWN], *ranked[-_SHOWN:]):
        picture = load(one.path)
        scale = 176 / max(picture.shape[-2:])
        size = [max(1, round(n * scale)) for n in picture.shape[-2:]]
        small = interpolate(picture, size, mode="bicubic", antialias=True).clamp(0, 1)[0]
        square = torch.ones(3, 176, 176)
        square[:, : size[0], : size[1]] = small
        entries.append(SheetEntry(None, square, "sdr", (f"{one.score:.2f}", one.path.stem)))
    save_sheet(path, entries, title="nima: the best 24, then the worst 24")


if __name__ == "__main__":
    main()
