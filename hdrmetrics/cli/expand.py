"""The command ``expand``: an SDR picture to HDR by an inverse tone-mapping operator."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from hdrmetrics.cli import arguments as shared
from hdrmetrics.errors import DomainError, OptionError

if TYPE_CHECKING:
    from hdrmetrics.expand import ExpansionInfo

_OPERATOR, _PEAK = "kovaleski-oliveira14", 1000.0


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "expand",
        help="expand an SDR picture to HDR",
        usage="hdrmetrics expand [options] FILE OUTPUT\n       hdrmetrics expand --list",
        description="Expand an SDR picture to linear light in cd/m² for an HDR display.",
        allow_abbrev=False,
    )
    parser.add_argument("file", nargs="?", metavar="FILE", help="SDR picture")
    parser.add_argument("output", nargs="?", metavar="OUTPUT", help=".exr, .hdr or .pfm to write")
    parser.add_argument(
        "--operator", default=_OPERATOR, metavar="NAME",
        help=f"inverse operator, one of --list (default: {_OPERATOR})",
    )  # fmt: skip
    parser.add_argument(
        "--peak", type=shared.positive, default=_PEAK, metavar="CD/M2",
        help=f"luminance of the display's white (default: {_PEAK:g})",
    )  # fmt: skip
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE",
        help="parameter of the operator, as listed by: hdrmetrics expand --list",
    )  # fmt: skip
    parser.add_argument("--list", action="store_true", help="show the operators and stop")
    parser.add_argument("--quiet", action="store_true", help="do not say what was done")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Expand the file."""
    from hdrmetrics.expand import COMMON, get_expansion, list_expansions

    if arguments.list:
        print("\n\n".join(_describe(info) for info in list_expansions()))
        return 0
    if arguments.file is None or arguments.output is None:
        raise OptionError("expand takes a picture and the file to write, or --list")
    from hdrmetrics.image import Calibration, Image
    from hdrmetrics.io.reading import read_image
    from hdrmetrics.io.writing import write_image
    from hdrmetrics.parameters import parse_values

    operator = get_expansion(arguments.operator)
    settings: dict[str, Any] = parse_values(
        operator.info.name, (*COMMON, *operator.info.parameters), arguments.set
    )
    if "peak" in settings:
        raise OptionError("the peak is given by --peak")
    picture = read_image(arguments.file)
    if picture.calibration.linear or picture.calibration.transfer in ("pq", "hlg"):
        raise DomainError(f"{arguments.file} is an HDR picture already; expand takes SDR ones")
    light = operator(picture.tensor(), peak=arguments.peak, **settings)
    rule = f"expanded by {operator.info.name} for a display of {arguments.peak:g} cd/m²"
    write_image(
        arguments.output,
        Image(light[0].permute(1, 2, 0).numpy(), Calibration("absolute", rule=rule),
              primaries=picture.primaries),
    )  # fmt: skip
    if not arguments.quiet:
        print(f"{arguments.output}: {rule}; {float(light.min()):.4g} to {float(light.max()):.4g}")
    return 0


def _describe(info: ExpansionInfo) -> str:
    from hdrmetrics.expand import COMMON

    lines = [f"{info.name}  {info.title}", f"  {info.citation}"]
    for parameter in (*COMMON[1:], *info.parameters):
        default = "from the picture" if parameter.default is None else parameter.default
        shown = f"{default:.4g}" if isinstance(default, float) else str(default)
        unit = f" {parameter.unit}" if parameter.unit else ""
        lines.append(f"  {parameter.name}={shown}{unit}: {parameter.meaning}")
    return "\n".join(lines)
