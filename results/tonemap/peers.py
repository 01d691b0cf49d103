"""Compares operators with pfstmo and OpenCV: how far the pictures differ, and the times.

    python -m results.tonemap.peers      # needs pfstools and pfstmo, opencv-python-headless

Writes ``peers.json``. Pictures are compared after one exposure factor, fitted on linear values
clipped to [0, 1]. Times are of one megapixel and two threads, the best of nine (others share the
machine); pfstmo's include its start and its pipes, which a program of the same family that copies
the stream (``pfsclamp``) tells apart.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from hdrmetrics.photometry.color import luminance
from hdrmetrics.photometry.transfer import srgb_decode
from hdrmetrics.tonemap import create_operator, list_operators
from results.common.costs import best
from results.common.files import keep
from results.common.pictures import samples

HERE = Path(__file__).parent
Array = NDArray[np.float64]

# operator, settings that make it the peer's, the peer's command
PFSTMO: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("drago03", {}, "pfstmo_drago03 -b 0.85"),
    ("reinhard02", {"key": 0.18, "white": 1e6}, "pfstmo_reinhard02 -k 0.18"),
    ("reinhard02_local", {"key": 0.18, "white": 1e6}, "pfstmo_reinhard02 -k 0.18 -p 8 -s"),
    ("reinhard_devlin05", {}, "pfstmo_reinhard05 -b 0 -c 0 -l 1"),
    ("pattanaik00", {}, "pfstmo_pattanaik00"),
    ("durand02", {"contrast": 1e5, "sigma_space": 8}, "pfstmo_durand02 -s 8 -r 0.4 -c 5"),
)
TIMED = (
    "pfsclamp", "pfstmo_drago03", "pfstmo_reinhard02", "pfstmo_reinhard02 -s", "pfstmo_durand02",
    "pfstmo_reinhard05", "pfstmo_pattanaik00",
)  # fmt: skip


def megapixel() -> torch.Tensor:
    """Return a smooth random picture of six decades with noise, ``(1, 3, 1024, 1024)``."""
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(1, 3, 64, 64, generator=generator) * 6 - 2
    logs = torch.nn.functional.interpolate(coarse, (1024, 1024), mode="bicubic")
    noise = 1 + 0.05 * torch.randn(1, 3, 1024, 1024, generator=generator)
    return (10**logs * noise.clamp(min=0.5)).contiguous()


def to_array(image: torch.Tensor) -> NDArray[np.float32]:
    return np.ascontiguousarray(image[0].permute(1, 2, 0).numpy())


def write_stream(image: torch.Tensor, folder: Path) -> Path:
    """Write the picture as pfstools' stream."""
    array, pfm, stream = to_array(image), folder / "in.pfm", folder / "in.pfs"
    header = f"PF\n{array.shape[1]} {array.shape[0]}\n-1.0\n".encode()
    pfm.write_bytes(header + array[::-1].astype("<f4").tobytes())
    with stream.open("wb") as file:
        subprocess.run(["pfsin", str(pfm)], stdout=file, check=True)
    return stream


def run(command: str, stream: Path) -> bytes:
    with stream.open("rb") as file:
        done = subprocess.run(command.split(), stdin=file, capture_output=True, check=True)
    return done.stdout


def run_pfstmo(command: str, stream: Path, folder: Path) -> Array:
    """Return what a pfstmo program makes of the picture."""
    out = folder / "out.pfm"
    subprocess.run(
        ["pfsout", str(out)], input=run(command, stream), capture_output=True, check=True
    )
    _, size, scale, data = out.read_bytes().split(b"\n", 3)
    width, height = (int(v) for v in size.split())
    kind = "<f4" if float(scale) < 0 else ">f4"
    return np.frombuffer(data, kind).reshape(height, width, 3)[::-1].astype(np.float64)


def difference(ours: NDArray[Any], theirs: NDArray[Any]) -> dict[str, float]:
    """Return the mean and 99th percentile of |ours − theirs| in [0, 1], best exposure fitted."""
    ours, theirs = np.clip(ours, 0, 1), np.clip(theirs, 0, None)
    factors = np.exp(np.linspace(-4, 4, 1601))
    errors = [np.abs(ours - np.clip(theirs * f, 0, 1)).mean() for f in factors[::20]]
    middle = 20 * int(np.argmin(errors))
    near = factors[max(middle - 20, 0) : middle + 21]
    gaps = [np.abs(ours - np.clip(theirs * f, 0, 1)) for f in near]
    best = min(range(len(near)), key=lambda i: float(gaps[i].mean()))
    return {
        "mean": float(gaps[best].mean()),
        "p99": float(np.quantile(gaps[best], 0.99)),
        "factor": float(near[best]),
    }


def devlin_as_pfstmo(image: torch.Tensor) -> Array:
    """Return the photoreceptor operator as pfstmo has it, on linear values.

    The contrast comes from the extremes of luminance, not from percentiles; the result is
    stretched between the extremes of all channels, not of luminance; and it counts as sRGB code.
    """
    pixels = to_array(image).astype(np.float64)
    light = luminance(image)[0, 0].double().numpy()
    high, low = np.log(light.max()), np.log(light.min())
    contrast = 0.3 + 0.7 * ((high - np.log(2.3e-5 + light).mean()) / (high - low)) ** 1.4
    response = pixels / (pixels + light[..., None] ** contrast)
    code = (response - response.min()) / (response.max() - response.min())
    return srgb_decode(torch.from_numpy(code)).numpy()


def agreement(folder: Path) -> list[dict[str, Any]]:
    import cv2

    rows = []
    for scene, light in samples(least=1e-4).items():
        stream = write_stream(light, folder)
        for name, settings, command in PFSTMO:
            operator = create_operator(name, **settings)
            ours = to_array(operator(light))
            if operator.info.encoded:
                ours = np.clip(ours, 0, 1) ** 2.2
            gap = difference(ours, run_pfstmo(command, stream, folder))
            rows.append({"scene": scene, "operator": name, "peer": command, **gap})
        command = next(c for name, _, c in PFSTMO if name == "reinhard_devlin05")
        gap = difference(devlin_as_pfstmo(light), run_pfstmo(command, stream, folder))
        name = "reinhard_devlin05, changed to pfstmo's choices"
        rows.append({"scene": scene, "operator": name, "peer": command, **gap})
        # OpenCV scales to [0, 1] first and takes a logarithm after: one dark sample that is no
        # black pixel keeps its result free of NaN.
        lifted = light + 1e-3
        lifted[0, 0, 0, 0] = 0
        bgr = np.ascontiguousarray(to_array(lifted)[..., ::-1])
        theirs = cv2.createTonemapDrago(1.0, 1.0, 0.85).process(bgr)[..., ::-1]
        gap = difference(to_array(create_operator("drago03")(lifted)), theirs)
        rows.append({"scene": scene, "operator": "drago03", "peer": "cv2 Drago", **gap})
        theirs = cv2.createTonemapReinhard(1.0, 0.0, 1.0, 0.0).process(bgr)[..., ::-1]
        name = "reinhard_devlin05"
        gap = difference(to_array(create_operator(name)(lifted)), theirs)
        rows.append({"scene": scene, "operator": name, "peer": "cv2 Reinhard", **gap})
    return rows


def best_ms(job: Callable[[], Any], repeats: int = 9) -> float:
    return best(job, least=repeats) * 1e3


def timings(folder: Path) -> dict[str, float]:
    import cv2

    torch.set_num_threads(2)
    cv2.setNumThreads(2)
    light = megapixel()
    found: dict[str, float] = {}
    with torch.no_grad():
        for info in list_operators():
            if info.name == "durand02_exact":  # minutes
                continue
            operator = create_operator(info.name)
            found[info.name] = best_ms(lambda op=operator: op(light))  # type: ignore[misc]
    bgr = np.ascontiguousarray(to_array(light)[..., ::-1])
    for name, peer in (
        ("cv2 Drago", cv2.createTonemapDrago(1.0, 1.0, 0.85)),
        ("cv2 Reinhard (2005)", cv2.createTonemapReinhard(1.0, 0.0, 1.0, 0.0)),
    ):
        found[name] = best_ms(lambda peer=peer: peer.process(bgr))  # type: ignore[misc]
    stream = write_stream(light, folder)
    for command in TIMED:
        found[command] = best_ms(lambda c=command: run(c, stream), 4)  # type: ignore[misc]
    return found


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        report = {
            "agreement": agreement(folder),
            "load": os.getloadavg()[0],
            "milliseconds": timings(folder),
        }
    keep(HERE / "peers.json", report)


if __name__ == "__main__":
    main()
