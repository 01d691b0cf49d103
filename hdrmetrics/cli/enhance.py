"""The command ``enhance``: photographs made better, by our enhancers or by one's own nets."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from hdrmetrics.cli import arguments as shared
from hdrmetrics.cli.operators import add_making, add_pictures, show_list
from hdrmetrics.cli.targets import add_resume, add_tables
from hdrmetrics.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hdrmetrics.catalogue.parameters import Parameter
    from hdrmetrics.enhance import EnhancerInfo

_ENHANCER, _EXPANSION, _PEAK = "restore", "kovaleski-oliveira14", 1000.0
_CODES, _LIGHT = (".png", ".jpg", ".jpeg", ".webp"), (".exr", ".hdr", ".pfm")
_MODEL = {
    "name": "--model", "title": "A net of yours", "kind": "guest",
    "citation": "what you name: docs/guests.md", "learned": True, "against": [],
}  # fmt: skip


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "enhance",
        help="enhance photographs, by our enhancers or your own nets",
        usage="hdrmetrics enhance [options] FILE [FILE ...] -o OUTPUT\n"
        "       hdrmetrics enhance --model mine.py:make_net FOLDER -o OUTPUT --reference TARGETS\n"
        "       hdrmetrics enhance --list",
        description="Enhance photographs and write them as PNG, in 16 bits where they had more "
        "than 8: one file, or a folder of them with a folder in it for each enhancer where there "
        "are several. With --metric, --reference or --report the pictures are scored before and "
        "after, so that enhancers and nets of one's own can be compared.",
        epilog="A model is Python code, which is run: name only files that you trust.",
        allow_abbrev=False,
    )
    add_pictures(parser, ".png, .jpg or .webp (with --expand .exr)")
    _add_enhancers(parser)
    _add_light(parser)
    _add_judging(parser)
    add_making(parser, what="enhancers", option="--enhancer or --model")
    shared.add_device(parser)
    parser.set_defaults(run=run)


def _add_enhancers(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--enhancer", action="append", default=[], metavar="NAME",
        help="enhancer, one of --list, or all; may be given several times "
        f"(default: {_ENHANCER}, unless there is a --model)",
    )  # fmt: skip
    parser.add_argument(
        "--model", action="append", default=[], metavar="[NAME=]WHERE",
        help="your own net, FILE.py:OBJECT or package.module:OBJECT: a network, a function that "
        "takes a picture, or a function without arguments that makes one; may be given several "
        "times",
    )  # fmt: skip
    parser.add_argument(
        "--weights", action="append", default=[], metavar="[NAME=]FILE",
        help="weights of a model: .safetensors, or a state dict of torch.save",
    )  # fmt: skip
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE[,VALUE...]",
        help="parameter of the enhancers and models that have it, as listed by --list, or "
        "NAME.KEY=VALUE; several values make a picture each",
    )  # fmt: skip
    parser.add_argument(
        "--strength", type=shared.number, metavar="0..1",
        help="mix with the original, in code values: 0 is the original, 1 (default) the enhanced "
        "picture; an enhancer that has a strength from 0 to 1 of its own is given it instead",
    )  # fmt: skip
    parser.add_argument(
        "--format", choices=("png", "jpg", "webp"), default="png",
        help="of code values in a folder (default: png, which loses nothing)",
    )  # fmt: skip


def _add_light(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("light")
    group.add_argument(
        "--expand", nargs="?", const=_EXPANSION, metavar="OPERATOR",
        help="expand what was enhanced to HDR and write it as .exr; one of: hdrmetrics expand "
        f"--list (default: {_EXPANSION}). Put it last, or write --expand=OPERATOR",
    )  # fmt: skip
    group.add_argument(
        "--peak", type=shared.positive, metavar="CD/M2",
        help="luminance of white with --expand, or of the value 1 of a model's light "
        f"(default: {_PEAK:g})",
    )  # fmt: skip


def _add_judging(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("judging")
    group.add_argument(
        "-r", "--reference", nargs="+", metavar="TARGET",
        help="what the pictures should have become: one for all, or one of each name",
    )  # fmt: skip
    shared.add_metrics(
        group, ["psnr", "ssim"],
        " with a reference, otherwise nima; of light pu21-psnr and pu21-ssim, otherwise norvdpnet",
    )  # fmt: skip
    group.add_argument(
        "--report", metavar="PAGE.html",
        help="write a page with before and after; the pictures of many lie in a folder beside it "
        "(needs the extra report)",
    )  # fmt: skip
    shared.add_csv(group)
    add_tables(group)
    add_resume(group)


def run(arguments: argparse.Namespace) -> int:
    """Enhance the files, and judge what came of them where that is asked for."""
    from hdrmetrics.cli.guests import guests_voice, read_models
    from hdrmetrics.cli.variants import make_variants
    from hdrmetrics.enhance import enhancer_info
    from hdrmetrics.enhance.guest_form import GUEST_PARAMETERS

    names = _chosen(arguments)
    guests = bool(arguments.model) or not arguments.enhancer
    if arguments.list:
        cards = [_card(enhancer_info(name)) for name in names]
        return show_list(arguments, [*cards, (_MODEL, GUEST_PARAMETERS)] if guests else cards)
    from hdrmetrics.cli.enhancing import Work
    from hdrmetrics.cli.job import will_resume
    from hdrmetrics.cli.judging import check_judging, is_judged, judge
    from hdrmetrics.cli.made import report_made
    from hdrmetrics.cli.making import Maker
    from hdrmetrics.cli.pages import check_report
    from hdrmetrics.cli.pictures import make_pictures

    if arguments.skip_existing and arguments.resume:
        raise OptionError(
            "--resume knows what is done; without it --skip-existing makes the pictures that are "
            "not there: give one of them"
        )
    with guests_voice():
        models = read_models(arguments.model, arguments.weights, names)
    parameters = {name: enhancer_info(name).parameters for name in names}
    parameters |= dict.fromkeys(models, GUEST_PARAMETERS)
    shared.check_device(arguments.device)
    check_report(arguments.report)
    variants, notes = make_variants(parameters, arguments.set)
    work = Work(arguments, variants, models, _PEAK)
    metrics = check_judging(arguments, light=work.light) if is_judged(arguments) else []
    if will_resume(arguments):
        arguments.skip_existing = True
    if arguments.jobs is None and (models or arguments.device):
        arguments.jobs = 1  # whoever wrote a net seldom thought of threads
    endings = _LIGHT if work.light else _CODES
    ending = ".exr" if work.light else f".{arguments.format}"
    with guests_voice():
        made, planned, interrupted = make_pictures(
            arguments, variants, Maker(work.read, work.write),
            endings=endings, ending=ending, apart=True,
        )  # fmt: skip
    facts = [*work.facts(), *(("note", text) for text in notes)]
    if interrupted or not metrics:
        return report_made(
            made, planned, arguments, interrupted=interrupted,
            single=f"enhanced by {variants[0].label}", facts=facts, what="enhancer",
        )  # fmt: skip
    return judge(made, metrics, facts, arguments)


def _chosen(arguments: argparse.Namespace) -> list[str]:
    """Return the enhancers of the catalogue that are asked for; ``-`` and ``_`` are one."""
    from hdrmetrics.cli.variants import chosen_operators
    from hdrmetrics.enhance import list_enhancers

    every = [info.name for info in list_enhancers()]
    if not arguments.enhancer and (arguments.model or arguments.list):
        return [] if arguments.model else every
    alike = {name.replace("-", "_"): name for name in every}
    names = chosen_operators(arguments.enhancer, _ENHANCER, every)
    return list(dict.fromkeys(alike.get(name.replace("-", "_"), name) for name in names))


def _card(info: EnhancerInfo) -> tuple[dict[str, Any], Sequence[Parameter]]:
    facts = {name: getattr(info, name) for name in ("name", "title", "citation", "learned")}
    facts["kind"] = "network" if info.learned else "formula"
    return {**facts, "against": list(info.against)}, info.parameters
