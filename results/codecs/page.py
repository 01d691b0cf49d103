"""Makes ``report.md`` of ``measurements.json``, and prints the ladders that it proposes.

    python -m results.codecs.page

A codec's ladder holds eight values of its first parameter at equal steps of the mean Q of HDR-VDP-2
between −2.4, where differences begin to be seen, and −0.75, or as far as the codec goes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from hdrmetrics.codecs import CodecInfo, codec_info
from hdrmetrics.text.markdown import markdown_table
from hdrmetrics.text.textfile import write_text
from results.common.files import kept

HERE = Path(__file__).parent
MILD, SEVERE, STEPS = -2.4, -0.75, 8
_LOGARITHMIC = {"distance", "step"}
_NOTES = {
    "gainmap": """\
The spread at high quality is that of scenes with a small sun: the outermost 0.05 % of the gains are
clipped, so that no outlier rules. At quality 100 light of 9,000 cd/m² and more comes back 4.4 stops
darker in `portland_landing_pad` and 2.6 in `shanghai_riverside`, all under 1,000 within 0.01.""",
}
"""What must be known to read a codec's table."""


def ladder(info: CodecInfo, rows: list[dict[str, Any]]) -> list[float]:
    """Return the settings at equal steps of Q, rounded to what one would type."""
    parameter = info.parameters[0]
    q = np.maximum.accumulate([row["q"] for row in rows])
    settings = np.array([float(row["setting"]) for row in rows])
    wanted = np.linspace(max(MILD, q[0]), min(SEVERE, q[-1]), STEPS)
    rising = np.concatenate([[True], np.diff(q) > 0])
    logs = parameter.name in _LOGARITHMIC
    found = np.interp(wanted, q[rising], (np.log(settings) if logs else settings)[rising])
    if logs:
        return [float(f"{np.exp(value):.2g}") for value in found]
    if parameter.kind == "integer":
        return [round(value) for value in found]
    return [round(float(value), 1) for value in found]


def q_at(rows: list[dict[str, Any]], setting: float) -> float:
    """Return the mean Q of a setting, interpolated between those that were measured."""
    ordered = np.array(sorted((float(row["setting"]), float(row["q"])) for row in rows))
    return float(np.interp(setting, *ordered.T))


def table(rows: list[dict[str, Any]], name: str) -> str:
    """Return one codec's table."""
    return markdown_table(
        [name, "bits/pixel", "PSNR, dB", "Q", "Q_MOS", "C_max", "encode, ms", "decode, ms"],
        [
            [
                f"{row['setting']:g}", f"{row['bpp']:.3f}", f"{row['psnr']:.1f}",
                f"{row['q']:.2f} ± {row['q_sd']:.2f}", f"{row['q_mos']:.1f}",
                f"{row['c_max']:.3g}", f"{row['encode'] * 1e3:.0f}", f"{row['decode'] * 1e3:.0f}",
            ]
            for row in rows
        ],
    )  # fmt: skip


def main() -> None:
    whole = kept(HERE / "measurements.json")
    made = whole["made"]
    versions = ", ".join(f"{name} {version}" for name, version in made["versions"].items())
    peaks = ", ".join(f"{peak:g}" for peak in made["peaks"])
    lines = [
        "# Codecs",
        "",
        "Made by `benchmark.py` and `page.py` in this folder.",
        "",
        f"HDR: {made['scenes']}; frames of {made['frame']}, 99.9th percentile at {peaks} cd/m² in",
        f"turn. SDR: {made['sdr']}.",
        "PSNR is PU21-PSNR of the whole frame. Q, Q_MOS and C_max are those of HDR-VDP-2.2 on the",
        "256×256 pixels in the middle, 30 pixels per degree (higher Q is worse; at C_max = 1 the",
        "strongest difference of the crop is seen half of the time). SDR pictures are shown on the",
        "display `srgb-100`. Means over the pictures, ± standard deviation; medians of C_max and",
        "of the times, which are processor time. JPEG XT's hold the start of a program. Other",
        f"settings than the first are the defaults. {versions}.",
        "",
        "## Ladders",
        "",
        f"Settings at equal steps of the mean Q, from {MILD} (Q_MOS 99) to {SEVERE} (Q_MOS 38), or",
        "as far as a codec goes. They are `CodecInfo.ladder`; `quality_at(name, strength)`",
        "interpolates them. Those of the simulated JPEG XT profiles are measured in `../jpegxt`.",
        "",
    ]
    ladders = []
    for name, rows in whole["codecs"].items():
        info = codec_info(name)
        proposed = ladder(info, rows)
        if tuple(proposed) != info.ladder:
            print(f"{name}: proposed {proposed}, in the package {list(info.ladder)}")
        used = info.ladder or tuple(proposed)
        mild, severe = (q_at(rows, setting) for setting in (used[0], used[-1]))
        steps = ", ".join(f"{value:g}" for value in used)
        ladders.append([f"`{name}`", info.parameters[0].name, steps, f"{mild:.2f} to {severe:.2f}"])
    lines += [markdown_table(["codec", "setting", "mild to severe", "Q"], ladders), ""]
    for name, rows in whole["codecs"].items():
        info = codec_info(name)
        lines += [f"## `{name}`: {info.title}", ""]
        lines += [f"{info.coding}.", ""] if info.coding else []
        lines += [_NOTES[name], ""] if name in _NOTES else []
        lines += [table(rows, info.parameters[0].name), ""]
    write_text(HERE / "report.md", "\n".join(lines).rstrip() + "\n")


if __name__ == "__main__":
    main()
