"""The command ``tonemap``: HDR pictures to display-encoded ones."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from hdrmetrics.cli import arguments as shared
from hdrmetrics.cli.operators import add_making, add_operator, add_pictures, show_list
from hdrmetrics.cli.tuning import BEST, add_tuning, read_tuning
from hdrmetrics.errors import DomainError, OptionError

if TYPE_CHECKING:
    from hdrmetrics.catalogue.parameters import Parameter
    from hdrmetrics.cli.tuned import TonemapTuner
    from hdrmetrics.cli.tuning import Tuning
    from hdrmetrics.cli.variants import Variant
    from hdrmetrics.jobs.inputs import Inputs
    from hdrmetrics.photometry.display import Display
    from hdrmetrics.picture.image import Transfer
    from hdrmetrics.tonemap import OperatorInfo
    from hdrmetrics.tonemap.encode import DisplayTransfer
    from hdrmetrics.tonemap.operator import Operator

_OPERATOR = "reinhard02"
_ENDINGS = (".png",)
_JUDGE = "fsitm"


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "tonemap",
        help="tone-map HDR pictures for an SDR display",
        usage="hdrmetrics tonemap [options] FILE [FILE ...] -o OUTPUT\n"
        "       hdrmetrics tonemap --list",
        description="Tone-map HDR pictures and write them as PNG: one file, or a folder of them "
        "with a picture for each file, operator and value of --set. With --optimize each picture "
        "gets the settings that a metric likes best, and with --operator best the operator too.",
        allow_abbrev=False,
    )
    add_pictures(parser, ".png")
    add_operator(parser, _OPERATOR)
    parser.add_argument(
        "--color", metavar="TREATMENT",
        help="per-channel, schlick, mantiuk2009 or pouli2013 (default: as the operator's paper)",
    )  # fmt: skip
    parser.add_argument(
        "--saturation", type=shared.number, default=1.0, metavar="S",
        help="exponent of the colour treatment schlick, 0 to 2 (default: 1)",
    )  # fmt: skip
    parser.add_argument(
        "--transfer", default="srgb", metavar="CURVE",
        help="srgb, gamma2.2 or linear, which the file says (default: srgb)",
    )  # fmt: skip
    parser.add_argument(
        "--depth", type=int, choices=(8, 16), help="bits (default: 8, of linear values 16)"
    )
    light = parser.add_mutually_exclusive_group()
    light.add_argument(
        "--peak", type=shared.positive, metavar="CD/M2",
        help="each picture's largest luminance (default: its 99.9th percentile is 1000 cd/m²)",
    )  # fmt: skip
    light.add_argument(
        "--scale", type=shared.positive, metavar="CD/M2", help="luminance of the pixel value 1"
    )
    parser.add_argument(
        "--display", metavar="NAME",
        help="display of PQ and HLG pictures, one of: hdrmetrics displays; or a file.json",
    )  # fmt: skip
    add_tuning(parser, "norvdpnet-tmo", _JUDGE)
    add_making(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Tone-map the files."""
    from hdrmetrics.cli.variants import chosen_operators, make_variants
    from hdrmetrics.tonemap import list_operators, operator_info

    every = [info.name for info in list_operators()]
    names = chosen_operators(arguments.operator, _OPERATOR, every)
    tuning = read_tuning(arguments, _JUDGE)
    best = BEST in names
    if best:
        _check_best(arguments, names, tuning)
    infos = {name: operator_info(name) for name in names if name != BEST}
    if arguments.list:
        shown = infos.values() if arguments.operator else list_operators()
        return show_list(arguments, [_card(info) for info in shown])

    from hdrmetrics.cli.made import report_made
    from hdrmetrics.cli.making import Maker
    from hdrmetrics.cli.pictures import make_pictures
    from hdrmetrics.cli.tuned import tuned_facts, tuned_sentence, write_tuned_page

    known = {name: info.parameters for name, info in infos.items()}
    variants, notes = make_variants({BEST: ()} if best else known, arguments.set)
    work = _Work(arguments, variants, tuning)
    made, planned, interrupted = make_pictures(
        arguments, variants, Maker(work.read, work.write), endings=_ENDINGS, ending=_ENDINGS[0]
    )
    operator = variants[0].operator
    light = dict.fromkeys(str(one.details["calibration"].get("rule", "light as in the file"))
                          for one in made if one.state == "written")  # fmt: skip
    facts = [("light", text) for text in list(light)[:3]]
    if planned > 1:
        facts.append(("code values", f"{arguments.transfer}, {work.depth} bits"))
    facts += [("note", text) for text in (*notes, *work.notes(list(infos.values())))]
    single = f"tone-mapped by {operator}, {work.transfer(operator)}"
    if tuning is not None:
        encoded = [one.details["transfer"] for one in made if one.state == "written"]
        single = tuned_sentence(made, encoded[0] if encoded else work.transfer(operator))
        facts += tuned_facts(made, tuning, planned)
        if tuning.page is not None and made:
            write_tuned_page(made, tuning, facts, interrupted=interrupted)
    return report_made(
        made, planned, arguments, interrupted=interrupted, single=single, facts=facts
    )


class _Work:
    """Reads a picture and writes what the operators make of it; refuses what cannot be, first."""

    def __init__(
        self, arguments: argparse.Namespace, variants: Sequence[Variant], tuning: Tuning | None
    ) -> None:
        from hdrmetrics.photometry.display import get_display
        from hdrmetrics.tonemap.color import ColorTreatment
        from hdrmetrics.tonemap.encode import DisplayTransfer

        self.arguments = arguments
        _one_of("--color", arguments.color, get_args(ColorTreatment))
        _one_of("--transfer", arguments.transfer, get_args(DisplayTransfer))
        self.curve: DisplayTransfer = arguments.transfer
        if arguments.saturation != 1 and arguments.color != "schlick":
            raise OptionError("--saturation goes with --color schlick, only")
        self.display: Display | None = None
        if arguments.display is not None:
            self.display = get_display(arguments.display)
        self.depth: int = arguments.depth or (16 if arguments.transfer == "linear" else 8)
        self.tuner: TonemapTuner | None = None
        if tuning is not None:
            from hdrmetrics.cli.tuned import TonemapTuner

            self.tuner = TonemapTuner(
                tuning, arguments.color, arguments.saturation, arguments.transfer
            )
        for variant in variants:
            if variant.operator != BEST:
                self._operator(variant)

    def _operator(self, variant: Variant) -> Operator:
        from hdrmetrics.tonemap import create_operator

        return create_operator(
            variant.operator,
            color=self.arguments.color,
            saturation=self.arguments.saturation,
            **variant.settings,
        )

    def transfer(self, operator: str) -> DisplayTransfer:
        """Return how the code values of an operator's pictures are encoded."""
        from hdrmetrics.tonemap import operator_info

        if operator == BEST:
            return self.curve
        return "srgb" if operator_info(operator).encoded else self.curve

    def notes(self, infos: Sequence[OperatorInfo]) -> list[str]:
        """Return what did not go as it was asked."""
        other = [info.name for info in infos if self.transfer(info.name) != self.curve]
        if not other:
            return []
        names = ", ".join(other)
        return [f"{names}: code values as in the paper, written as sRGB, not {self.curve}"]

    def read(self, path: Path) -> tuple[Inputs, int, list[str]]:
        """Return the light of a picture, its number of pixels, and warnings."""
        from hdrmetrics.io import read_image
        from hdrmetrics.jobs.inputs import Units, prepare_inputs

        source = read_image(path, isolate=self.arguments.isolate)
        transfer = source.calibration.transfer
        if transfer not in (None, "pq", "hlg"):
            raise DomainError(f"{path} is an SDR picture already; tonemap takes HDR ones")
        asked = Units(self.arguments.peak, self.arguments.scale)
        units = asked if transfer is None else Units(display=self.display)
        inputs = prepare_inputs(source, None, "hdr", units)
        warnings = [text.removeprefix("test: ") for text in inputs.warnings]
        if transfer is not None and asked != Units():
            option = "--peak" if asked.scale is None else "--scale"
            warnings.append(
                f"{option} does not concern it: its {transfer.upper()} values stand for cd/m²"
            )
        return inputs, source.width * source.height, warnings

    def write(self, inputs: Inputs, variant: Variant, path: Path) -> dict[str, Any]:
        """Tone-map and write the picture, and return facts about it."""
        from hdrmetrics.io import write_image
        from hdrmetrics.picture.image import Calibration, Image
        from hdrmetrics.tonemap import operator_info, to_display

        tuned: dict[str, Any] = {}
        if self.tuner is not None:
            found, tuned = self.tuner.tune(inputs.test, variant, path)
            variant = replace(variant, operator=found.name, settings=found.settings)
        info = operator_info(variant.operator)
        operator = self._operator(variant)
        curve = self.transfer(info.name)
        code = to_display(operator(inputs.test), transfer=curve, encoded=info.encoded)
        pixels = code[0].movedim(0, 2).contiguous().numpy()
        rule = f"tone-mapped by {info.name}"
        depth: Any = self.depth
        if curve == "linear":
            write_image(
                path, Image(pixels, Calibration("relative", rule=rule)), depth=depth,
                transfer="linear",
            )  # fmt: skip
        else:
            name: Transfer = "srgb" if curve == "srgb" else "gog"
            calibration = Calibration("display", transfer=name, rule=rule)
            write_image(path, Image(pixels, calibration), depth=depth)
        return {
            "parameters": dict(operator.settings),
            "color": operator.color,
            "saturation": self.arguments.saturation,
            "transfer": curve,
            "depth": self.depth,
            "size": inputs.conditions["size"],
            "calibration": inputs.conditions["calibration"],
            **tuned,
        }


def _one_of(option: str, value: str | None, choices: tuple[str, ...]) -> None:
    if value is not None and value not in choices:
        raise OptionError(f"{option} is one of {', '.join(choices)}; not {value!r}")


def _check_best(arguments: argparse.Namespace, names: Sequence[str], tuning: Tuning | None) -> None:
    """Refuse what does not go with the best operator."""
    if tuning is None:
        raise OptionError("--operator best needs --optimize METRIC, which says what is best")
    if len(names) > 1:
        raise OptionError("--operator best stands for all operators: name no others beside it")
    if arguments.set:
        raise OptionError("--operator best chooses the settings too: leave --set out")


def _card(info: OperatorInfo) -> tuple[dict[str, Any], tuple[Parameter, ...]]:
    facts = {
        name: getattr(info, name)
        for name in ("name", "title", "kind", "citation", "monotone", "scale_invariant",
                     "differentiable", "encoded", "own_color")
    }  # fmt: skip
    return facts, info.parameters
