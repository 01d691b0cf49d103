"""Arguments that several commands share."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from hdrmetrics.cli.overwriting import add_overwrite
from hdrmetrics.cli.pages import add_report
from hdrmetrics.cli.targets import add_resume, add_tables
from hdrmetrics.errors import OptionError

if TYPE_CHECKING:
    from hdrmetrics.cli.maps import MapWriter
    from hdrmetrics.jobs.batch import BatchSettings
    from hdrmetrics.jobs.pairing import Case


def add_metrics(
    parser: argparse._ActionsContainer, default: Sequence[str], extra: str = ""
) -> None:
    """Add ``--metric``."""
    parser.add_argument(
        "-m", "--metric", action="append", default=[], metavar="NAME",
        help=f"metric; may be given several times (default: {', '.join(default)}{extra}; "
        "hdrmetrics metrics lists them)",
    )  # fmt: skip
    add_option(parser)


def add_option(parser: argparse._ActionsContainer) -> None:
    """Add ``--option``, of metrics."""
    parser.add_argument(
        "--option", action="append", default=[], metavar="METRIC.KEY=VALUE",
        help="option of a metric, as listed by: hdrmetrics metrics NAME",
    )  # fmt: skip


def add_maps(parser: argparse.ArgumentParser, what: str, several: str) -> None:
    """Add where maps of local values go.

    Parameters
    ----------
    parser
        Of the command.
    what
        They show.
    several
        What there is a folder for.
    """
    maps = parser.add_argument_group("maps")
    maps.add_argument(
        "--map", metavar="OUT",
        help=f"write {what}: OUT.png in false colour, OUT.exr as numbers; a folder for several "
        f"{several}. The maps of further metrics go to OUT.METRIC.png",
    )  # fmt: skip
    maps.add_argument(
        "--map-format", choices=("png", "exr"), default="png", help="of maps in a folder"
    )
    maps.add_argument(
        "--map-limits", type=limits, metavar="DARK,BRIGHT",
        help="values at the ends of the colour scale, to compare pictures (one metric only); a map "
        "of probabilities, whose scale is always the same, is then drawn without the picture",
    )  # fmt: skip
    add_overwrite(maps)


def add_explain(parser: argparse.ArgumentParser) -> None:
    """Add ``--explain``."""
    parser.add_argument(
        "--explain", action="store_true",
        help="say what is wrong (blur, noise, blocks, banding …) and where, by the metrics that "
        "can: norvdpnet and its like",
    )  # fmt: skip


def add_conditions(parser: argparse.ArgumentParser, *, reference: bool = True) -> None:
    """Add what the values depend on: light, display, mask and region."""
    group = parser.add_argument_group("conditions")
    whose = "the reference's" if reference else "each picture's"
    light = group.add_mutually_exclusive_group()
    light.add_argument(
        "--peak", type=positive, metavar="CD/M2",
        help=f"{whose} largest luminance (default: its 99.9th percentile is 1000 cd/m²)",
    )  # fmt: skip
    light.add_argument(
        "--scale", type=positive, metavar="CD/M2",
        help="luminance of the pixel value 1 of linear pictures without a unit; light that is "
        "known (PQ, HLG, SDR, EXR in cd/m²) stays",
    )  # fmt: skip
    if reference:
        for role in ("test", "reference"):
            own = group.add_mutually_exclusive_group()
            own.add_argument(
                f"--{role}-peak", type=positive, metavar="CD/M2",
                help=f"the {role}'s own largest luminance, where units differ",
            )  # fmt: skip
            own.add_argument(
                f"--{role}-scale", type=positive, metavar="CD/M2",
                help=f"luminance of the {role}'s own pixel value 1",
            )  # fmt: skip
    group.add_argument(
        "--display", metavar="NAME",
        help="display that decodes coded pictures, and shows linear light as far as it can; one "
        "of: hdrmetrics displays; or a file.json, file.json#name",
    )  # fmt: skip
    group.add_argument(
        "--mask", metavar="FILE", help="picture of weights: white counts, black does not"
    )
    group.add_argument(
        "--region", type=region, metavar="X,Y,W,H", help="score only this part, in pixels"
    )
    if reference:
        group.add_argument(
            "--crf-correction", action="store_true",
            help="fit the test's tones and colours to the reference first (SI-HDR protocol)",
        )  # fmt: skip


def add_running(parser: argparse.ArgumentParser, *, recursive: bool = False) -> None:
    """Add how the work is done; folders in folders are looked into by default where that is so."""
    group = parser.add_argument_group("running")
    if recursive:
        group.add_argument(
            "--no-recursive", dest="recursive", action="store_false",
            help="do not look into the folders of a folder",
        )  # fmt: skip
    else:
        group.add_argument(
            "--recursive", action="store_true", help="look into the folders of a folder, too"
        )
    add_device(group)
    group.add_argument(
        "--jobs", type=count, metavar="N",
        help="files worked on at a time (default: as many as there are cores)",
    )  # fmt: skip
    group.add_argument(
        "--isolate", action="store_const", const=True,
        help="let another process read all formats, not only those whose decoders may crash: for "
        "files that are not trusted",
    )  # fmt: skip
    group.add_argument("--quiet", action="store_true", help="no progress, conditions and warnings")


def add_device(parser: argparse._ActionsContainer) -> None:
    """Add ``--device``; :func:`check_device` looks whether there is one of that name."""
    parser.add_argument("--device", metavar="NAME", help="cpu (default), cuda, mps, …")


def add_json(parser: argparse._ActionsContainer) -> None:
    """Add ``--json``."""
    parser.add_argument(
        "--json", metavar="FILE.json", help="write JSON to a file, or to stdout if none is named"
    )


def add_csv(parser: argparse._ActionsContainer) -> None:
    """Add ``--csv``."""
    parser.add_argument(
        "--csv",
        metavar="FILE.csv",
        help="write CSV to a file (tabs for .tsv), or to stdout if none is named",
    )


def add_outputs(parser: argparse._ActionsContainer) -> None:
    """Add where tables go, and going on with a run that was stopped."""
    group = parser.add_argument_group("tables")
    add_csv(group)
    add_json(group)
    add_tables(group)
    add_resume(group)


def limits(text: str) -> tuple[float, float]:
    """Read ``DARK,BRIGHT``."""
    dark, comma, bright = text.partition(",")
    if not comma:
        raise argparse.ArgumentTypeError(f"{text!r} is not DARK,BRIGHT")
    return number(dark), number(bright)


def positive(text: str) -> float:
    """Read a positive number."""
    value = number(text)
    if not (math.isfinite(value) and value > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive number")
    return value


def number(text: str) -> float:
    """Read a number."""
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None


def count(text: str) -> int:
    """Read a whole number from 1."""
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1")
    return int(text)


def region(text: str) -> tuple[int, int, int, int]:
    """Read ``X,Y,W,H``."""
    try:
        x, y, width, height = (int(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not x,y,width,height in whole pixels"
        ) from None
    return x, y, width, height


def limit(text: str) -> tuple[str, float]:
    """Read ``METRIC=NUMBER``."""
    name, equals, value = text.rpartition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"{text!r} is not METRIC=NUMBER")
    from hdrmetrics.catalogue.metrics import canonical_name

    return canonical_name(name), number(value)


def chosen_metrics(given: Sequence[str], default: Sequence[str]) -> list[str]:
    """Return the names of ``--metric``, each once; several may stand in one, with commas."""
    from hdrmetrics.catalogue.metrics import canonical_name

    names = [canonical_name(name.strip()) for text in given for name in text.split(",")]
    return list(dict.fromkeys(name for name in names if name)) or list(default)


def add_scoring(
    parser: argparse.ArgumentParser,
    default: Sequence[str],
    otherwise: str,
    where: str,
    of: str,
    run: Callable[[argparse.Namespace], int],
) -> None:
    """Add what the commands that score and map pictures share, and what runs them.

    Parameters
    ----------
    default, otherwise
        As for :func:`add_metrics`.
    where, of
        As for :func:`add_maps`.
    run
        Does the work.
    """
    add_metrics(parser, default, otherwise)
    add_maps(parser, where, of)
    add_explain(parser)
    add_conditions(parser)
    add_running(parser)
    add_outputs(parser)
    add_report(parser)
    parser.set_defaults(run=run)


def settings(arguments: argparse.Namespace, metrics: Sequence[str]) -> BatchSettings:
    """Return the shared arguments as :func:`hdrmetrics.score_files` takes them.

    Raises
    ------
    OptionError, UnknownNameError
        If a metric, option, display or device is not known.
    """
    from hdrmetrics.catalogue.metrics import metric_options
    from hdrmetrics.cli.options import parse_options
    from hdrmetrics.photometry.display import get_display

    options = parse_options(arguments.option, metrics)
    if getattr(arguments, "crf_correction", False):
        able = [name for name in metrics if "crf_correction" in metric_options(name)]
        if not able:
            raise OptionError(f"none of {', '.join(metrics)} has a CRF correction")
        for name in able:
            options.setdefault(name, {})["crf_correction"] = True
    check_device(arguments.device)
    _check_light(arguments)
    return {
        "test_peak": getattr(arguments, "test_peak", None),
        "test_scale": getattr(arguments, "test_scale", None),
        "reference_peak": getattr(arguments, "reference_peak", None),
        "reference_scale": getattr(arguments, "reference_scale", None),
        "peak": arguments.peak,
        "scale": arguments.scale,
        "display": None if arguments.display is None else get_display(arguments.display),
        "mask": arguments.mask,
        "region": arguments.region,
        "device": arguments.device,
        "jobs": arguments.jobs,
        "isolate": arguments.isolate,
        "options": options,
        "explain": getattr(arguments, "explain", False) or None,
    }


def map_writer(
    arguments: argparse.Namespace,
    sets: Mapping[str, Sequence[Case]],
    metrics: Sequence[str],
    settings: BatchSettings,
) -> MapWriter | None:
    """Return what writes the maps that are asked for; ``None`` where none are.

    Raises
    ------
    OptionError
        As :class:`~hdrmetrics.cli.maps.MapWriter`.
    """
    if arguments.map is None:
        return None
    from hdrmetrics.catalogue.metrics import create_metric
    from hdrmetrics.cli.maps import MapWriter

    options = settings.get("options") or {}
    return MapWriter(
        arguments.map,
        sets,
        # Options may take a metric's map away.
        [create_metric(name, **options.get(name, {})).info for name in metrics],
        suffix=f".{arguments.map_format}",
        limits=arguments.map_limits,
    )


def _check_light(arguments: argparse.Namespace) -> None:
    """Refuse a factor of both pictures beside one of a single one, in the words of the command."""
    common = next((name for name in ("peak", "scale") if getattr(arguments, name)), None)
    sides = ("test_peak", "test_scale", "reference_peak", "reference_scale")
    own = next((name for name in sides if getattr(arguments, name, None)), None)
    if common is not None and own is not None:
        raise OptionError(
            f"give --{common} for both pictures or --{own.replace('_', '-')} for one, not both"
        )


def check_device(name: str | None) -> None:
    """Refuse a device that PyTorch cannot use; ``None`` is the CPU.

    Raises
    ------
    OptionError
        With its reason.
    """
    if name is None:
        return
    import torch

    try:
        torch.empty(1, device=name)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = (str(error).splitlines() or ["unknown reason"])[0]
        raise OptionError(f"the device {name!r} cannot be used: {reason}") from error
