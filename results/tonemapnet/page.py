"""Writes the page about tone mapping that tunes itself from what the other scripts measured.

    python -m results.tonemapnet.page

Reads ``pictures.json``, ``steady.json``, ``speed.json``, ``faster.json`` and the remarks of
``seen.md``; writes ``report.md`` and ``scatter.png``, predicted against true quality.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datasets.statistics.bootstrap import Interval, SceneBootstrap
from datasets.statistics.weighted import Numbers, Statistic, weighted_mean
from hdrmetrics.text.markdown import markdown_table
from hdrmetrics.text.textfile import write_text
from results.common.files import kept

HERE = Path(__file__).parent
BASE, LEARNED, CEILING = "key 0.18", "free, learned", "free, tmqi"
ORDER = (
    "key 0.18", "reinhard02, key 0.18", "reinhard02, automatic", "net", "free, learned",
    "free, tmqi", "grid net", "grid, learned", "local, learned", "grid without variation, learned",
)  # fmt: skip
MEANINGS = {
    "key 0.18": "`reinhard_free`, default",
    "net": "`reinhard_net`, one pass",
    "free, learned": "`reinhard_free` tuned per picture, learned score",
    "free, tmqi": "`reinhard_free` tuned per picture, true TMQI (ceiling)",
    "grid net": "`reinhard_grid`, one pass",
    "grid, learned": "grid tuned per picture, learned score, total variation",
    "local, learned": "`reinhard_free_local` tuned per picture, learned score",
    "grid without variation, learned": "grid tuned per picture, learned score, nothing else",
}
OPENING = """\
Whole pictures of the test split: {hdr} HDR scenes and {sdr} photographs made HDR
(`kovaleski-oliveira14`, peak 1000 cd/m²). The truth is TMQI of the whole picture in eight bits (S:
structure, N: naturalness); FSITM judges and is never learnt from. Tuning is Adam, 14 evaluations
at half size and 3 at full size, from the key 0.18, along `norvdpnet-tmo`, which sees no reference.
Brackets are 95 % bootstrap over groups of scenes, differences paired; what was tuned on a part of
the pictures says on how many."""
MOVED = """\
By what part the exposure changes, on {pictures} pictures (of a grid: root mean square over its
cells). *All of them* is the largest change of a picture under any of the moves. The key 0.18
predicts nothing: it moves as the log mean of what is in the picture does."""
IMPROVED = 0.002
RESAMPLES = 2000
KINDS = {"hdr": "HDR scenes", "sdr": "widened photographs"}


def column(rows: list[dict[str, Any]], name: str, what: str) -> Numbers:
    """Return one number of each picture, NaN where it was not measured."""
    return np.array([row["said"].get(name, {}).get(what, np.nan) for row in rows])


def interval(found: Interval) -> str:
    """Return a difference with its interval."""
    return f"{found.value:+.4f} [{found.low:+.4f}, {found.high:+.4f}]"


def table(rows: list[dict[str, Any]]) -> str:
    """Return means of each method, and what it gains over the key 0.18 on the same pictures."""
    lines = []
    for name in ORDER:
        known = [row for row in rows if name in row["said"]]
        if not known:
            continue
        boot = SceneBootstrap(np.array([row["group"] for row in known]), resamples=RESAMPLES)
        gain = column(known, name, "tmqi") - column(known, BASE, "tmqi")
        phase = column(known, name, "fsitm") - column(known, BASE, "fsitm")
        means = [column(known, name, what).mean() for what in ("tmqi", "structure", "naturalness")]
        lines.append(
            [
                MEANINGS.get(name, f"`{name.replace(',', '`,', 1)}" if "," in name else name),
                str(len(known)),
                *(f"{value:.3f}" for value in means),
                interval(boot.interval(weighted_mean(gain))),
                f"{np.mean(gain > IMPROVED):.0%}",
                interval(boot.interval(weighted_mean(phase))),
                f"{np.median(column(known, name, 'seconds')):.3f}",
            ]
        )
    heads = ["", "pictures", "TMQI", "S", "N", "gain in TMQI", "gain over .002", "change of FSITM",
             "median s"]  # fmt: skip
    return markdown_table(heads, lines)


def ratio_of(top: Numbers, bottom: Numbers) -> Statistic:
    """Return the ratio of two means as a function of the items' counts."""
    return lambda counts: (counts @ top) / (counts @ bottom)


def shares(rows: list[dict[str, Any]]) -> str:
    """Return what part of the per-picture gain, and of the ceiling, is reached."""
    known = [row for row in rows if LEARNED in row["said"] and CEILING in row["said"]]
    boot = SceneBootstrap(np.array([row["group"] for row in known]), resamples=RESAMPLES)
    base = column(known, BASE, "tmqi")
    gains = {n: column(known, n, "tmqi") - base for n in ("net", LEARNED, CEILING)}
    kept_part = boot.interval(ratio_of(gains["net"], gains[LEARNED]))
    of_ceiling = boot.interval(ratio_of(gains[LEARNED], gains[CEILING]))
    return (
        f"The one-pass network keeps {kept_part.value:.0%} [{kept_part.low:.0%}, "
        f"{kept_part.high:.0%}] of the gain of tuning each picture by the learned score. "
        f"Tuning by the learned score reaches {of_ceiling.value:.0%} [{of_ceiling.low:.0%}, "
        f"{of_ceiling.high:.0%}] of what tuning true TMQI gains with the same curve and budget."
    )


def faster(found: dict[str, Any]) -> str:
    """Return how much sooner the network is done than searches."""
    each = list(found.values())
    own = {what: np.array([one[what] for one in each]) for what in each[0] if what != "size"}

    def times(search: str, ours: str) -> str:
        return f"{np.median(own[search] / own[ours]):.0f}"

    alone, whole = (1000 * np.median(own[what]) for what in ("deciding", "whole"))
    return (
        f"The network says the exposure in {alone:.1f} ms, {times('tuned', 'deciding')} times "
        f"sooner than the 17 evaluations of this page and {times('optimized', 'deciding')} times "
        "sooner than `optimize_tonemap` as it is called without further words; with the picture "
        f"toned and encoded, {whole:.1f} ms, {times('tuned', 'whole')} and "
        f"{times('optimized', 'whole')} times (medians of {len(each)} pictures, one thread, all by "
        "turns)."
    )


def scatter(rows: list[dict[str, Any]]) -> str:
    """Draw predicted against true quality; returns a sentence about it."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(5, 5))
    every: list[NDArray[np.float64]] = []
    for name in ORDER:
        pair = np.stack([column(rows, name, "tmqi"), column(rows, name, "learned")])
        pair = pair[:, np.isfinite(pair[0])]
        if pair.size:
            axes.scatter(pair[0], pair[1], s=9, alpha=0.7, label=name)
            every.append(pair)
    low = float(min(one.min() for one in every)) - 0.01
    axes.plot([low, 1], [low, 1], color="grey", linewidth=0.7)
    axes.set_xlabel("true TMQI")
    axes.set_ylabel("norvdpnet-tmo / 100")
    axes.legend(fontsize=6)
    figure.tight_layout()
    figure.savefig(HERE / "scatter.png", dpi=110)
    both: NDArray[np.float64] = np.concatenate(every, axis=1)
    agreed = float(np.corrcoef(both[0], both[1])[0, 1])
    return (
        f"Predicted {both[1].min():.3f} to {both[1].max():.3f} against true {both[0].min():.3f} to "
        f"{both[0].max():.3f} (`scatter.png`), mean absolute difference "
        f"{np.abs(both[0] - both[1]).mean():.3f}, correlation {agreed:.3f}."
    )


def steadiness(found: dict[str, Any]) -> str:
    """Return the table of moves."""
    lines = [
        [net, move, f"{one['within']:.0%}", f"{one['median']:.2%}", f"{one['worst']:.2%}"]
        for net, moves in found["moves"].items()
        for move, one in moves.items()
    ]
    return markdown_table(["network", "picture is", "within 2 %", "median", "worst"], lines)


def main() -> None:
    """Write the page."""
    found: dict[str, Any] = kept(HERE / "pictures.json")
    rows = list(found.values())
    count = {kind: sum(row["kind"] == kind for row in rows) for kind in KINDS}
    steady, speed = kept(HERE / "steady.json"), kept(HERE / "speed.json")
    text = [
        "# Tone mapping that tunes itself",
        OPENING.format(hdr=count["hdr"], sdr=count["sdr"]),
        table(rows),
        shares(rows),
        *([faster(kept(HERE / "faster.json"))] if (HERE / "faster.json").exists() else []),
        scatter(rows),
    ]
    for kind, title in KINDS.items():
        own = [row for row in rows if row["kind"] == kind]
        if own:
            text += [f"## {title}", table(own)]
    if steady:
        text += [
            "## Steadiness",
            MOVED.format(pictures=steady["pictures"]),
            steadiness(steady),
        ]
    if speed:
        lines = [[f"`{n}`", f"{ms:.0f}"] for n, ms in speed["milliseconds"].items()]
        text += [
            "## Speed",
            f"Milliseconds at 3840×2160, {speed['threads']} threads, the shortest of three calls.",
            markdown_table(["form", "ms"], lines),
        ]
    remarks = HERE / "seen.md"
    if remarks.exists():
        text.append(remarks.read_text(encoding="utf-8").strip())
    write_text(HERE / "report.md", "\n\n".join(text) + "\n")


if __name__ == "__main__":
    main()
