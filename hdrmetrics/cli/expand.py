"""The command ``expand``: SDR pictures to HDR by inverse tone-mapping operators."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hdrmetrics.cli import arguments as shared
from hdrmetrics.cli.operators import add_depth, add_making, add_operator, add_pictures, show_list
from hdrmetrics.cli.tuning import BEST, add_tuning, read_tuning
from hdrmetrics.errors import DomainError, OptionError

if TYPE_CHECKING:
    from hdrmetrics.catalogue.parameters import Parameter
    from hdrmetrics.cli.tuned_expansion import ExpansionTuner
    from hdrmetrics.cli.tuning import Tuning
    from hdrmetrics.cli.variants import Variant
    from hdrmetrics.expand import ExpansionInfo
    from hdrmetrics.picture.image import Image

_OPERATOR, _PEAK = "kovaleski-oliveira14", 1000.0
_JUDGE = "norvdpnet"
_ENDINGS = (".exr", ".hdr", ".pfm")


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "expand",
        help="expand SDR pictures to HDR",
        usage="hdrmetrics expand [options] FILE [FILE ...] -o OUTPUT\n"
        "       hdrmetrics expand --list",
        description="Expand SDR pictures to linear light in cd/m² for an HDR display: one file, or "
        "a folder of them with a picture for each file, operator and value of --set. With "
        "--optimize each picture gets the settings that a metric likes best.",
        allow_abbrev=False,
    )
    add_pictures(parser, ".exr, .hdr or .pfm")
    add_operator(parser, _OPERATOR)
    parser.add_argument(
        "--peak", type=shared.positive, default=_PEAK, metavar="CD/M2",
        help=f"luminance of the display's white (default: {_PEAK:g})",
    )  # fmt: skip
    parser.add_argument(
        "--format", choices=tuple(ending[1:] for ending in _ENDINGS), default="exr",
        help="of the pictures in a folder (default: exr)",
    )  # fmt: skip
    add_depth(parser)
    add_tuning(parser, "norvdpnet-itmo", _JUDGE)
    add_making(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Expand the files."""
    from hdrmetrics.cli.variants import chosen_operators, make_variants
    from hdrmetrics.expand import COMMON, get_expansion, list_expansions

    every = [info.name for info in list_expansions()]
    names = chosen_operators(arguments.operator, _OPERATOR, every)
    if BEST in names:
        raise OptionError("--operator best is for tonemap; name the inverse operators to tune")
    tuning = read_tuning(arguments, _JUDGE)
    infos = {name: get_expansion(name).info for name in names}
    if arguments.list:
        shown = infos.values() if arguments.operator else list_expansions()
        return show_list(arguments, [_card(info) for info in shown], COMMON[1:])

    from hdrmetrics.cli.made import report_made
    from hdrmetrics.cli.making import Maker
    from hdrmetrics.cli.pictures import make_pictures
    from hdrmetrics.cli.tuned import tuned_facts, tuned_sentence, write_tuned_page

    variants, notes = make_variants(
        {name: (*COMMON, *info.parameters) for name, info in infos.items()}, arguments.set
    )
    if any("peak" in variant.settings for variant in variants):
        raise OptionError("the peak is given by --peak")
    work = _Work(arguments, tuning)
    made, planned, interrupted = make_pictures(
        arguments, variants, Maker(work.read, work.write),
        endings=_ENDINGS, ending=f".{arguments.format}",
    )  # fmt: skip
    light = f"absolute, for a display of {arguments.peak:g} cd/m²"
    single = f"expanded by {variants[0].operator} for a display of {arguments.peak:g} cd/m²"
    for one in made:
        if planned == 1 and one.state == "written":
            low, high = one.details["range"]
            single += f"; {low:.4g} to {high:.4g}"
    facts = ([("light", light)] if planned > 1 else []) + [("note", text) for text in notes]
    if tuning is not None:
        single = tuned_sentence(made, f"a display of {arguments.peak:g} cd/m²", done="expanded")
        facts += tuned_facts(made, tuning, planned)
        if tuning.page is not None and made:
            write_tuned_page(made, tuning, facts, interrupted=interrupted)
    return report_made(
        made, planned, arguments, interrupted=interrupted, single=single, facts=facts
    )


class _Work:
    """Reads a picture and writes what the operators make of it."""

    def __init__(self, arguments: argparse.Namespace, tuning: Tuning | None) -> None:
        self.arguments = arguments
        self.tuner: ExpansionTuner | None = None
        if tuning is not None:
            from hdrmetrics.cli.tuned_expansion import ExpansionTuner

            self.tuner = ExpansionTuner(tuning, arguments.peak)

    def read(self, path: Path) -> tuple[Image, int, tuple[str, ...]]:
        """Return an SDR picture, its number of pixels, and warnings."""
        from hdrmetrics.io import read_image

        picture = read_image(path, isolate=self.arguments.isolate)
        if picture.calibration.linear or picture.calibration.transfer in ("pq", "hlg"):
            raise DomainError(f"{path} is an HDR picture already; expand takes SDR ones")
        return picture, picture.width * picture.height, picture.notes

    def write(self, picture: Image, variant: Variant, path: Path) -> dict[str, Any]:
        """Expand and write the picture, and return facts about it."""
        from hdrmetrics.catalogue.parameters import resolve
        from hdrmetrics.expand import COMMON, get_expansion
        from hdrmetrics.io import write_image
        from hdrmetrics.picture.image import Calibration, Image

        operator = get_expansion(variant.operator)
        peak = self.arguments.peak
        settings = dict(variant.settings)
        tuned: dict[str, Any] = {}
        if self.tuner is not None:
            found, tuned = self.tuner.tune(picture.tensor(), variant, path)
            settings |= found.settings
        light = operator(picture.tensor(), peak=peak, **settings)
        rule = f"expanded by {variant.operator} for a display of {peak:g} cd/m²"
        pixels = light[0].permute(1, 2, 0).numpy()
        calibration = Calibration("absolute", rule=rule)
        write_image(
            path, Image(pixels, calibration, primaries=picture.primaries),
            depth=self.arguments.depth,
        )  # fmt: skip
        known = (*COMMON, *operator.info.parameters)
        return {
            "parameters": resolve(variant.operator, known, {"peak": peak, **settings}),
            "size": [picture.width, picture.height],
            "range": [float(light.min()), float(light.max())],
            "calibration": calibration.to_dict(),
            **tuned,
        }


def _card(info: ExpansionInfo) -> tuple[dict[str, Any], tuple[Parameter, ...]]:
    names = ("name", "title", "kind", "citation", "monotone", "differentiable")
    return {name: getattr(info, name) for name in names}, info.parameters
