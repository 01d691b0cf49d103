"""The command ``merge``: a stack of exposures to one HDR picture."""

from __future__ import annotations

import argparse
import math
import sys
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hdrmetrics.cli import arguments as shared
from hdrmetrics.cli import messages
from hdrmetrics.cli.operators import add_depth, check_depth
from hdrmetrics.cli.overwriting import add_overwrite, refuse_overwriting
from hdrmetrics.cli.targets import check_targets
from hdrmetrics.errors import DomainError, OptionError

if TYPE_CHECKING:
    from torch import Tensor

    from hdrmetrics.assembly import Response

_ESTIMATES = ("debevec", "robertson")
_KNOWN = ("srgb", "linear", "sigmoid")
_WEIGHTS = ("hat", "triangle", "gaussian", "robertson", "variance", "box")
_AVERAGES = ("log", "linear", "likelihood")
_ENDINGS = (".exr", ".hdr", ".pfm")


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "merge",
        help="merge exposures into an HDR picture",
        usage="hdrmetrics merge [options] -o OUTPUT FILE FILE [FILE ...]",
        description="Merge exposures of one scene, taken from the same place, into linear light "
        "(relative: one exposure at full scale over its time).",
        allow_abbrev=False,
    )
    parser.add_argument(
        "files", nargs="+", metavar="FILE",
        help="aligned photographs, a folder of them or a 'pattern'",
    )  # fmt: skip
    parser.add_argument("-o", "--output", required=True, help=".exr, .hdr or .pfm to write")
    parser.add_argument(
        "--times", metavar="T,T,...",
        help="exposure times such as 1/60,1/15,1/4 in the order of the files, in a folder by name "
        "(default: from EXIF time, ISO and f-number)",
    )  # fmt: skip
    parser.add_argument(
        "--response", choices=(*_KNOWN, *_ESTIMATES), default=_KNOWN[0],
        help="camera response, known or estimated from the files (default: srgb)",
    )  # fmt: skip
    parser.add_argument(
        "--weights", choices=_WEIGHTS, default=_WEIGHTS[0],
        help="how much each code value counts (default: hat)",
    )  # fmt: skip
    parser.add_argument(
        "--average", choices=_AVERAGES, default=_AVERAGES[0],
        help="what is averaged: log light, light, or light by likelihood (default: log)",
    )  # fmt: skip
    add_depth(parser)
    add_overwrite(parser)
    parser.add_argument("--quiet", action="store_true", help="do not say what was done")
    shared.add_json(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Merge the files."""
    from hdrmetrics.assembly import merge
    from hdrmetrics.assembly.exif import read_exposures
    from hdrmetrics.cli.output import emit
    from hdrmetrics.io import read_image, write_image
    from hdrmetrics.jobs.pairing import find_files
    from hdrmetrics.picture.image import Calibration, Image
    from hdrmetrics.text.documents import document
    from hdrmetrics.text.textfile import json_text

    files = [one.path for one in find_files(arguments.files)]
    if len(files) < 2:
        raise OptionError("merge takes at least 2 exposures")
    target = Path(arguments.output)
    _check_output(target, files, arguments)
    given = arguments.times
    times = read_exposures(files) if given is None else _times(given)
    pictures = [read_image(file) for file in files]
    for file, picture in zip(files, pictures, strict=True):
        if picture.calibration.linear or picture.primaries != pictures[0].primaries:
            raise DomainError(f"{file}: merge takes display-encoded pictures of the same primaries")
    stack = [picture.tensor() for picture in pictures]
    response = _response(arguments.response, stack, times)
    merged = merge(
        stack, times, response=response, weights=arguments.weights, average=arguments.average
    )
    rule = f"{len(stack)} exposures merged with the response {merged.response}"
    pixels = merged.light[0].permute(1, 2, 0).numpy()
    calibration = Calibration("relative", rule=rule)
    picture = Image(pixels, calibration, primaries=pictures[0].primaries)
    write_image(target, picture, depth=arguments.depth)
    report = merged.report()
    if arguments.json is not None:
        inputs = [{"file": str(f), "exposure": t} for f, t in zip(files, times, strict=True)]
        found = document(
            "merge",
            output=str(target),
            inputs=inputs,
            weights=arguments.weights,
            average=arguments.average,
            **report,
        )
        emit(json_text(found), arguments.json)
    if not arguments.quiet:
        shares = [
            f"{value:.2%} {name}" for name, value in report.items()
            if isinstance(value, float) and value > 0
        ]  # fmt: skip
        if arguments.json != "-":
            print(f"{target}: {'; '.join([rule, *shares])}")
        sys.stdout.flush()  # before what goes to stderr
        notes = ((str(f), note) for f, p in zip(files, pictures, strict=True) for note in p.notes)
        for line in messages.grouped(notes):
            messages.warning(line)
    return 0


def _check_output(target: Path, files: list[Path], arguments: argparse.Namespace) -> None:
    """Refuse an output that cannot be, before the exposures are read."""
    suffix = target.suffix.lower()
    if suffix not in _ENDINGS:
        raise OptionError(f"cannot write {str(target)!r}: merge writes {' or '.join(_ENDINGS)}")
    check_depth([target], arguments.depth)
    refuse_overwriting([target], arguments.overwrite, inputs=files)
    check_targets(arguments, files)


def _response(name: str, stack: list[Tensor], times: list[float]) -> str | Response:
    from hdrmetrics.assembly import estimate_debevec, estimate_robertson

    if name not in _ESTIMATES:
        return name
    estimate = estimate_debevec if name == "debevec" else estimate_robertson
    return estimate(stack, times)


def _times(text: str) -> list[float]:
    try:
        times = [float(Fraction(part.strip())) for part in text.split(",")]
    except (ValueError, ZeroDivisionError, OverflowError):
        raise OptionError(
            f"--times takes numbers or fractions with commas, such as 1/60,1/15; not {text!r}"
        ) from None
    if not all(math.isfinite(time) and time > 0 for time in times):
        raise OptionError("exposure times are positive")
    return times
