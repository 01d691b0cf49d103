"""Writes README.md from agreement.json and timings.json.

python -m results.tmqi.page
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hdrmetrics.text.markdown import markdown_table
from hdrmetrics.text.textfile import write_text
from results.common.files import kept

HERE = Path(__file__).parent
SETS = {
    "procedural": "pictures made by a script (in `tests/data`)",
    "more": "two photographs and eleven operators (not in this repository)",
}
PAGE = """# TMQI and FSITM: agreement and speed

Made by `agreement.py`, `benchmark.py` and `page.py` in this folder.

## Agreement with the authors' code

TMQI: `TMQI.m` of the HDR Toolbox, unmodified (`same`) and with windows inside the image only
(`valid`), under Octave 7.3 in double precision. Asked: 1e-5.

{agreement}

FSITM: the authors' `FSITM.m`, as published inside FFTMI (2020), under Octave 7.3, each channel of
each pair, three pairs large enough for the coarse filters. Over {values} values at most
{pixels:g} pixels of an image differ in sign.
For FSITM_TMQI the authors average both; there are no values of it to compare with. The port of
FSITM to Python (D. Völgyes) is no truth: it takes its odd response from an even and an odd plane
instead of both odd ones, and its frequency grid is that of odd sizes only.

Not here: TMQI-II. Its structural part can be read in FFTMI's code, its naturalness cannot.

## Where the original is not reproduced

The HDR image is stretched to 2³² − 1, so squares reach 2⁶⁴, and in a flat bright area the variance
is the difference of two equal numbers: rounding, which may look like a standard deviation of some
tens or like none. The original rates such places (clipped skies, lamps) 0.01 or 1, depending on
the exact value that was clipped to. Here a variance under 1e-14 of the square is taken as none.
The same image with a flat area at four levels (flat in the tone-mapped image too):

{flat}

The original also rounds the factor of the stretch to an integer, which we do not (it moves Q by
less than 1e-8 on the pairs above, and would make the result depend on the unit), and its S is a
complex number where a scale's mean is negative; here S is then 0.

## Time

float32 in, float64 inside; {machine}, torch {torch}; load average {load}. In brackets: how many
times faster than the Python port of TMQI (D. Völgyes, 0.10.0) in the same run{absent}. The port is
NumPy and SciPy with Fourier convolutions, on one thread. A loss is one forward and backward pass.

Two threads wait for each other at every step, so other work on the machine slows them far more
than one: in another complete run, load average 2.4 to 3.4, TMQI at 1920×1080 took 661 ms (grey,
1.4×) and 1223 ms (colour, 0.6×) on two threads, and 173 ms (4.3×) and 191 ms (3.8×) on one.

{times}
"""


def milliseconds(seconds: float | None, port: float | None = None) -> str:
    """Return a time, and how many times shorter it is than the port's."""
    if seconds is None:
        return "–"
    return f"{seconds * 1e3:.0f} ms" + ("" if port is None else f" ({port / seconds:.1f}×)")


def main() -> None:
    agreement, timings = kept(HERE / "agreement.json"), kept(HERE / "timings.json")
    pairs = [
        [title, row["window"], row["quantity"], str(row["values"]), f"{row['largest']:.1e}"]
        for name, title in SETS.items()
        for row in agreement.get(name, [])
    ]
    flat = [
        [
            f"{row['level']:g}", f"{row['original q']:.4f}", f"{row['original inside']:.2f}",
            f"{row['q']:.4f}", f"{row['inside']:.2f}",
        ]
        for row in agreement["flat"]
    ]  # fmt: skip
    ported = any("port" in row for row in timings["rows"])
    text = PAGE.format(
        agreement=markdown_table(
            ["pairs", "window", "quantity", "values", "largest difference"], pairs
        ),
        **agreement["fsitm"],
        flat=markdown_table(
            ["level", "original: Q", "original: in the area", "here: Q", "here: in the area"], flat
        ),
        machine=timings["machine"],
        torch=timings["torch"],
        load=" to ".join(f"{load:.1f}" for load in timings["load average"]),
        absent="" if ported else " (absent in this run)",
        times=markdown_table(
            ["size", "channels", "threads", "port", "TMQI", "reference prepared",
             "loss, gradient", "FSITM"],
            [time_cells(row) for row in timings["rows"]],
        ),
    )  # fmt: skip
    write_text(HERE / "README.md", text)


def time_cells(row: dict[str, Any]) -> list[str]:
    """Return a row of the table of times."""
    port = row.get("port")
    return [
        f"{row['size'][1]}×{row['size'][0]}",
        str(row["channels"]),
        str(row["threads"]),
        milliseconds(port),
        milliseconds(row["tmqi"], port),
        milliseconds(row["prepared"], port),
        milliseconds(row.get("loss with gradient")),
        milliseconds(row["fsitm"]),
    ]


if __name__ == "__main__":
    main()
