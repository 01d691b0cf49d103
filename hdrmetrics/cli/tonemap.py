"""The command ``tonemap``: an HDR picture to a display-encoded one."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any, get_args

from hdrmetrics.cli import arguments as shared
from hdrmetrics.errors import DomainError, OptionError

if TYPE_CHECKING:
    from hdrmetrics.tonemap import OperatorInfo

_OPERATOR = "reinhard02"


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "tonemap",
        help="tone-map an HDR picture for an SDR display",
        usage="hdrmetrics tonemap [options] FILE OUTPUT\n       hdrmetrics tonemap --list",
        description="Tone-map an HDR picture and write it as PNG.",
        allow_abbrev=False,
    )
    parser.add_argument("file", nargs="?", metavar="FILE", help="HDR picture")
    parser.add_argument("output", nargs="?", metavar="OUTPUT", help=".png to write")
    parser.add_argument(
        "--operator", default=_OPERATOR, metavar="NAME",
        help=f"operator, one of --list (default: {_OPERATOR})",
    )  # fmt: skip
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE",
        help="parameter of the operator, as listed by --list",
    )  # fmt: skip
    parser.add_argument(
        "--color", metavar="TREATMENT",
        help="per-channel, schlick, mantiuk2009 or pouli2013 (default: as the operator's paper)",
    )  # fmt: skip
    parser.add_argument(
        "--saturation", type=float, default=1.0, metavar="S",
        help="exponent of the colour treatment schlick (default: 1)",
    )  # fmt: skip
    parser.add_argument(
        "--transfer", default="srgb", metavar="CURVE",
        help="srgb, gamma2.2 or linear (default: srgb)",
    )  # fmt: skip
    parser.add_argument("--depth", type=int, default=8, choices=(8, 16), help="bits (default: 8)")
    light = parser.add_mutually_exclusive_group()
    light.add_argument(
        "--peak", type=shared.positive, metavar="CD/M2",
        help="the picture's largest luminance (default: its 99.9th percentile is 1000 cd/m²)",
    )  # fmt: skip
    light.add_argument(
        "--scale", type=shared.positive, metavar="CD/M2", help="luminance of the pixel value 1"
    )
    parser.add_argument("--list", action="store_true", help="show the operators and stop")
    parser.add_argument("--quiet", action="store_true", help="do not say what was done")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Tone-map the file."""
    from hdrmetrics.tonemap import list_operators, operator_info

    if arguments.list:
        print("\n\n".join(_describe(info) for info in list_operators()))
        return 0
    if arguments.file is None or arguments.output is None:
        raise OptionError("tonemap takes a picture and the file to write, or --list")
    from hdrmetrics.image import Calibration, Image
    from hdrmetrics.inputs import Units, prepare_inputs
    from hdrmetrics.io import read_image, write_image
    from hdrmetrics.parameters import parse_values
    from hdrmetrics.tonemap import tonemap

    info = operator_info(arguments.operator)
    settings = parse_values(info.name, info.parameters, arguments.set)
    if arguments.color is not None:
        settings["color"] = _one_of("--color", arguments.color, _colors())
    units = Units(arguments.peak, arguments.scale)
    source = read_image(arguments.file)
    if source.calibration.transfer not in (None, "pq", "hlg"):
        raise DomainError(f"{arguments.file} is an SDR picture already; tonemap takes HDR ones")
    inputs = prepare_inputs(source, None, "hdr", units)
    code = tonemap(
        inputs.test,
        info.name,
        saturation=arguments.saturation,
        transfer=arguments.transfer,
        **settings,
    )
    pixels = code[0].movedim(0, 2).contiguous().numpy()
    rule = f"tone-mapped by {info.name}"
    picture = Image(pixels, Calibration("display", transfer="srgb", rule=rule))
    write_image(arguments.output, picture, depth=arguments.depth)
    if not arguments.quiet:
        for message in inputs.warnings:
            print(f"hdrmetrics: warning: {message.removeprefix('test: ')}", file=sys.stderr)
        light = inputs.conditions["calibration"].get("rule", "light as in the file")
        print(f"{arguments.output}: {rule}, {arguments.transfer}\nlight: {light}")
    return 0


def _colors() -> tuple[str, ...]:
    from hdrmetrics.tonemap.color import ColorTreatment

    return get_args(ColorTreatment)


def _one_of(option: str, value: str, choices: tuple[str, ...]) -> str:
    if value not in choices:
        raise OptionError(f"{option} is one of {', '.join(choices)}; not {value!r}")
    return value


def _describe(info: OperatorInfo) -> str:
    lines = [f"{info.name}  {info.title} ({info.kind})", f"  {info.citation}"]
    for parameter in info.parameters:
        unit = f" {parameter.unit}" if parameter.unit else ""
        default = f"{parameter.default}{unit}"
        if parameter.default is None:
            default = f"({parameter.automatic})"
        lines.append(f"  {parameter.name}={default}: {parameter.meaning}")
    return "\n".join(lines)
