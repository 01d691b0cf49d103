"""Makes all tables and figures of what is claimed about the learned predictors.

    python -m results.learned.report --tables datasets/tables --store DIR --work DIR

``--also NAME=RUN`` adds the predictions of another run to the tables, ``--runs DIR`` draws the
learning curves of the runs in there, ``--without speed`` leaves out what needs a quiet machine.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import torch

from hdrmetrics.errors import HdrMetricsError
from hdrmetrics.learned.catalogue import WEIGHTS
from hdrmetrics.text.textfile import write_text
from results.learned import benchmark, ceiling, figures, learning
from results.learned.data import KINDS, Comparison, Sources, compare
from results.learned.tables import counts, main_table
from trainers.judging.evaluation import evaluate, write_results

HERE = Path(__file__).parent
PARTS = ("ceiling", "learning", "speed")


def main() -> int:
    """Make the report; returns the exit status."""
    options = _parser().parse_args()
    torch.set_num_threads(options.threads)
    sources = Sources(
        options.tables, options.store, options.work, options.weights, options.limit, options.batch
    )
    try:
        _report(options, sources)
    except HdrMetricsError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _report(options: argparse.Namespace, sources: Sources) -> None:
    out: Path = options.out
    compared = compare(sources, options.also)
    parts = [_agreement(one, options) for one in compared]
    if "ceiling" not in options.without:
        _say("ceiling")
        for one in compared:
            if one.kind == "norvdpnet":
                found = ceiling.measure(
                    one, sources, resamples=options.resamples, seed=options.seed
                )
                ceiling.write(found, out)
    if options.runs and "learning" not in options.without:
        _say("learning curves")
        records = learning.collect(
            options.runs, options.tables, resamples=options.resamples, seed=options.seed
        )
        learning.write(records, out)
    elif (out / "learning.json").exists() and "learning" not in options.without:
        # Without runs at hand, the figures of what was collected before.
        learning.figures(json.loads((out / "learning.json").read_text(encoding="utf-8")), out)
    if "speed" not in options.without:
        _say("speed")
        benchmark.write(benchmark.measure(options.weights, repeats=options.repeats, threads=2), out)
    note = (
        "Test split, 95 % intervals over groups of scenes "
        f"({options.resamples} resamples, seed {options.seed})."
    )
    if options.limit is not None:
        note += f" **A trial: about {options.limit} items of each split.**"
    text = "\n".join(["# The learned predictors on scenes none was trained on", "", note, *parts])
    write_text(out / "report.md", text.rstrip("\n") + "\n" + _pages(out))
    _say(f"wrote {out / 'report.md'}")


def _agreement(one: Comparison, options: argparse.Namespace) -> str:
    """Judge predictors that see the same; returns their part of the page."""
    _say(f"agreement of {one.kind}")
    folder: Path = options.out / one.kind
    folder.mkdir(parents=True, exist_ok=True)
    results = evaluate(one.predictors, resamples=options.resamples, seed=options.seed)
    note = f"Split test, {options.resamples} resamples, seed {options.seed}."
    write_results(results, folder, note=note)
    figures.scatter(one, results, folder / "scatter.png")
    figures.bias(one, folder / "bias.png")
    lines = [
        "",
        f"## {one.kind}: {KINDS[one.kind]}",
        "",
        main_table(one.kind, results, one.ours),
        "",
        f"{counts(results)}.",
        "",
        f"[All statistics, paired differences and single distortions]({one.kind}/agreement.md)",
        "",
        f"![Predicted against label]({one.kind}/scatter.png)",
        "",
    ]
    for name in one.sets:
        shown = [p for p in one.predictors if name in one.predictors[p]]
        path = folder / f"distortions-{name}.png"
        figures.by_distortion(one.kind, name, results, shown, path)
        lines += [f"![{name}, by distortion]({one.kind}/{path.name})", ""]
    lines += [f"![Mean error by distortion and label]({one.kind}/bias.png)", ""]
    return "\n".join(lines)


def _pages(out: Path) -> str:
    """Return links to what else there is."""
    lines = ["", "## More", ""]
    for name, text in (
        ("ceiling.md", "what a score without a reference cannot know"),
        ("strength.md", "whether the general score falls as a distortion grows"),
        ("speed.md", "speed and memory"),
    ):
        if (out / name).exists():
            lines.append(f"- [{text}]({name})")
    for kind in KINDS:
        if (out / kind / "learning.png").exists():
            lines.append(f"- [learning curves of {kind}]({kind}/learning.png)")
    return "\n".join(lines) + "\n" if len(lines) > 3 else ""


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m results.learned.report", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--tables", type=Path, required=True, help="folder of NAME.parquet")
    parser.add_argument("--store", type=Path, required=True, help="folder with a pack per set")
    parser.add_argument("--work", type=Path, required=True, help="keeps predictions between calls")
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="default: the package's")
    parser.add_argument(
        "--also", action="append", default=[], metavar="NAME=RUN", help="another run's predictions"
    )
    parser.add_argument(
        "--runs", action="append", default=[], type=Path, help="folder of runs: learning curves"
    )
    parser.add_argument("--out", type=Path, default=HERE, help="default: beside this script")
    parser.add_argument(
        "--without", action="append", default=[], choices=PARTS, help="leave a part out"
    )
    parser.add_argument(
        "--limit", type=int, help="about how many items of each split of a set, for a trial"
    )
    parser.add_argument("--batch", type=int, default=32, help="crops at a time")
    parser.add_argument("--threads", type=int, default=2, help="of all but the timing")
    parser.add_argument("--resamples", type=int, default=1000, help="of the bootstrap")
    parser.add_argument("--seed", type=int, default=0, help="of the bootstrap")
    parser.add_argument("--repeats", type=int, default=7, help="rounds of timing")
    return parser


if __name__ == "__main__":
    sys.exit(main())
