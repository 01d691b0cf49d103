"""Writes the page about HDR-VDP-2 from what the other two scripts measured.

    python -m results.hdrvdp2.page

Reads ``agreement.json`` and ``timings.json``; writes ``README.md``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hdrmetrics.text.markdown import markdown_table
from hdrmetrics.text.textfile import write_text
from results.common.files import kept

HERE = Path(__file__).parent
ASKED = {
    "float64": {"Q": 1e-4, "ln C_max": 1e-3},
    "float32": {"Q": 5e-3, "ln C_max": 2e-2},
}


def agreement(report: dict[str, Any]) -> str:
    def asked(name: str, key: str) -> str:
        return f"{report[name][key]:.1e} (asked {ASKED[name][key]:.0e})"

    return markdown_table(
        ["precision", "pairs", "Q", "Q_MOS", "P_det", "ln C_max"],
        [
            [
                name, str(row["pairs"]), asked(name, "Q"), f"{row['Q_MOS']:.1e}",
                f"{row['P_det']:.1e}", asked(name, "ln C_max"),
            ]
            for name, row in report.items()
        ],
    )  # fmt: skip


def times(row: dict[str, Any], name: str) -> str:
    seconds = row[name]
    if row.get("original") is None:
        return f"{seconds * 1e3:.0f} ms"
    return f"{seconds * 1e3:.0f} ms ({row['original'] / seconds:.1f}×)"


def timings(report: dict[str, Any]) -> str:
    lines = []
    for row in report["sizes"]:
        pixels, first = row["height"] * row["width"], row.get("original")
        floor = row["floor"]["total"]
        lines.append([
            f"{row['width']}×{row['height']}", f"{first:.2f} s" if first else "–",
            *(times(row, name) for name in ("q", "q_prepared", "all_outputs")),
            f"{row['q'] / pixels * 1e9:.0f}", f"{floor * 1e3:.0f} ms",
            f"{row['q'] / floor:.1f}", f"{row['peak_mb']:.0f} MB",
        ])  # fmt: skip
    return markdown_table(
        ["size", "original", "Q", "Q, reference prepared", "all outputs", "ns/pixel (Q)", "floor",
         "Q / floor", "peak memory"],
        lines,
    )  # fmt: skip


def batches(report: dict[str, Any]) -> str:
    base = report["sizes"][0].get("original")
    lines = []
    for name, seconds in report["batch_of_eight"].items():
        ratio = f" ({base / seconds:.0f}×)" if base else ""
        lines.append([name.replace("_", " "), f"{seconds * 1e3:.1f} ms{ratio}"])
    return markdown_table(["eight pairs of 256×256", "per pair"], lines)


def main() -> None:
    found = kept(HERE / "agreement.json")
    measured = kept(HERE / "timings.json")
    lines = [
        "# HDR-VDP-2: agreement and speed",
        "",
        "Made by `agreement.py`, `benchmark.py` and `page.py` in this folder.",
        "",
        "## Agreement with HDR-VDP 2.2.0",
        "",
        "Largest difference over all golden pairs, the original under Octave in double precision:",
        "",
        agreement(found),
        "",
        "![ours against the original](agreement.png)",
        "",
        "## Time",
        "",
        (
            f"Luminance, float32, {measured['threads']} thread(s) on {measured['machine']}, torch "
            f"{measured['torch']}; load average {measured['load_before']:.1f} before and "
            f"{measured['load_after']:.1f} after. Ratios are to the original under Octave in the "
            "same run. The floor is the multiplications of the pyramid at the rate of a matrix "
            "product, the powers of the masking model and the double-precision transforms of the "
            "eye's optics. Other work on the machine hits two threads harder than one, which is "
            "all that Octave uses most of the time: run it on a quiet machine."
        ),
        "",
        timings(measured),
        "",
        batches(measured),
        "",
    ]
    write_text(HERE / "README.md", "\n".join(lines))


if __name__ == "__main__":
    main()
