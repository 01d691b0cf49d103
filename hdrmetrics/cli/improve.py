"""The command ``improve``: which photographs would gain by enhancement, and enhancing them."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hdrmetrics.cli import arguments as shared
from hdrmetrics.cli.overwriting import add_overwrite, refuse_overwriting
from hdrmetrics.cli.pages import check_report
from hdrmetrics.cli.targets import add_resume, check_targets
from hdrmetrics.errors import OptionError
from hdrmetrics.text.textfile import remove_drafts

if TYPE_CHECKING:
    from hdrmetrics.cli.job import Job
    from hdrmetrics.improve.job import Plan
    from hdrmetrics.improve.row import Improvement
    from hdrmetrics.improve.trigger import Thresholds
    from hdrmetrics.jobs.batch import BatchSettings, Row
    from hdrmetrics.jobs.pairing import Found

_ENHANCER, _GUARD, _THRESHOLD = "restore", "nima", 0.4  # as hdrmetrics.improve, without loading it


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "improve",
        help="find photographs that would gain by enhancement, and enhance them",
        usage="hdrmetrics improve [options] FOLDER [FOLDER ...] [--out FOLDER]",
        description="Say which photographs would gain by enhancement (alert), try it and say what "
        "it brings (recommend), or write the enhanced pictures (auto). The originals are never "
        "overwritten.",
        epilog="The methods are described in WO2024076611A1 and US11356623B2: check before "
        "commercial use. Scores are probabilities that enhancement would be a moderate "
        "improvement or more; what reaches its threshold triggers.",
        allow_abbrev=False,
    )
    parser.add_argument("files", nargs="+", metavar="FOLDER", help="folder, file or 'pattern'")
    parser.add_argument(
        "--mode", choices=("alert", "recommend", "auto"), default="alert",
        help="alert (default) names what would gain and writes no picture; recommend tries the "
        "enhancement, shows before and after, and says what it brings; auto writes the enhanced "
        "pictures to --out",
    )  # fmt: skip
    parser.add_argument(
        "-o", "--out", metavar="FOLDER",
        help="where enhanced pictures go (auto), or previews (recommend); originals are never "
        "overwritten. JPEG, WebP and PNG stay what they are, others become PNG; 16 bits stay 16",
    )  # fmt: skip
    parser.add_argument(
        "--only", nargs="+", action="extend", metavar="NAME",
        help="enhance just these, whatever their scores: names of photographs, or a list that "
        "--csv or --json of an earlier run wrote",
    )  # fmt: skip
    parser.add_argument(
        "--threshold", action="append", default=[], metavar="[NAME=]NUMBER",
        help="from which score on a photograph would gain: for all degradations, or for one, as "
        f"noise=0.6, or for all together, as overall=0.5 (default: {_THRESHOLD})",
    )  # fmt: skip
    parser.add_argument("--enhancer", metavar="NAME", help=f"what enhances (default: {_ENHANCER})")
    parser.add_argument(
        "--guard", metavar="METRIC",
        help="keep the original where the enhanced picture scores lower by this metric, or would "
        f"gain more than before; none lets everything pass (default: {_GUARD})",
    )  # fmt: skip
    _add_running(parser)
    tables = parser.add_argument_group("tables")
    tables.add_argument(
        "--report", metavar="PAGE.html",
        help="write a page of the photographs, those that would gain most first; the pictures of "
        "many lie in a folder beside it (needs the extra report)",
    )  # fmt: skip
    shared.add_csv(tables)
    shared.add_json(tables)
    add_resume(tables)
    parser.set_defaults(run=run)


def _add_running(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("running")
    group.add_argument(
        "--recursive", action="store_true",
        help="look into the folders of a folder, too; --out keeps them",
    )  # fmt: skip
    there = group.add_mutually_exclusive_group()
    add_overwrite(there)
    there.add_argument(
        "--skip-existing", action="store_true",
        help="leave enhanced pictures that are there already as they are, and make the others",
    )  # fmt: skip
    shared.add_device(group)
    group.add_argument(
        "--jobs", type=shared.count, metavar="N",
        help="files worked on at a time (default: as many as there are cores)",
    )  # fmt: skip
    group.add_argument(
        "--isolate", action="store_const", const=True,
        help="let another process read all formats: for files that are not trusted",
    )  # fmt: skip
    group.add_argument("--quiet", action="store_true", help="no progress, table and warnings")


def run(arguments: argparse.Namespace) -> int:
    """Find, recommend or enhance."""
    from hdrmetrics.cli.improvements import Improvements, tell
    from hdrmetrics.cli.leftout import say_what_is_left_out
    from hdrmetrics.improve.picked import picked
    from hdrmetrics.jobs.page_files import folder_of, remove_unused

    _check(arguments)
    shared.check_device(arguments.device)
    thresholds = read_thresholds(arguments.threshold)
    pages = None if arguments.report is None else folder_of(arguments.report)
    everything = _photographs(arguments, pages)
    files = everything if arguments.only is None else picked(everything, arguments.only)
    say_what_is_left_out(arguments, arguments.files)
    originals, paths = [one.path for one in everything], [one.path for one in files]
    lists = [word for word in arguments.only or () if Path(word).is_file()]
    check_targets(arguments, [*originals, *lists])
    plan = _plan(arguments, files, originals, thresholds, pages)

    def show(done: dict[int, Row]) -> int:
        rows: list[Improvement] = [done[index] for index in sorted(done)]  # type: ignore[misc]
        names = {str(one.path): one.name for one in files}
        return tell(Improvements(rows, names, plan, len(files), arguments.enhancer), arguments)

    job = _job(arguments, plan)
    code = job.run([(path, None) for path in paths], show)
    if arguments.report is not None:
        remove_unused(arguments.report)
    return code


def _check(arguments: argparse.Namespace) -> None:
    """Refuse options that the mode has no use for, and fill in the others."""
    mode = arguments.mode
    if mode == "alert":
        for name in ("out", "only", "enhancer", "guard", "overwrite", "skip_existing"):
            if getattr(arguments, name):
                raise OptionError(
                    f"--{name.replace('_', '-')} goes with --mode recommend or auto; alert looks "
                    "at all photographs and enhances none"
                )
    if mode == "auto" and arguments.out is None:
        raise OptionError(
            "--mode auto needs --out FOLDER for the enhanced pictures: originals are never "
            "overwritten"
        )
    if mode == "recommend" and arguments.out is None and arguments.report is None:
        raise OptionError(
            "--mode recommend shows before and after: name --report PAGE.html, or --out FOLDER for "
            "the previews, or both"
        )
    if arguments.out is not None and Path(arguments.out).is_file():
        raise OptionError(f"--out is a folder, and {arguments.out!r} is a file")
    if arguments.skip_existing and arguments.resume:
        raise OptionError(
            "--resume knows what is done; without it --skip-existing makes the pictures that are "
            "not there: give one of them"
        )
    check_report(arguments.report)
    if mode != "alert":
        arguments.enhancer = arguments.enhancer or _ENHANCER
        arguments.guard = arguments.guard or _GUARD


def read_thresholds(texts: Sequence[str]) -> Thresholds:
    """Return the thresholds of ``NUMBER`` and ``NAME=NUMBER``.

    Raises
    ------
    OptionError
        If a text is neither, a number is not in [0, 1], or no metric knows the degradation.
    """
    from hdrmetrics.improve.gains import gain_metrics
    from hdrmetrics.improve.trigger import Thresholds

    common, own = _THRESHOLD, dict[str, float]()
    known = gain_metrics()
    for text in texts:
        name, equals, number = text.rpartition("=")
        name = name.strip()
        if equals and name not in known:
            raise OptionError(f"--threshold: no degradation {name!r}; there are {', '.join(known)}")
        try:
            value = float(number)
        except ValueError:
            raise OptionError(f"--threshold is NUMBER or NAME=NUMBER, not {text!r}") from None
        if equals:
            own[name] = value
        else:
            common = value
    return Thresholds(common, own)


def _photographs(arguments: argparse.Namespace, pages: Path | None) -> list[Found]:
    """Return the photographs, without pictures that earlier runs made."""
    from hdrmetrics.cli.pictures import without_output
    from hdrmetrics.jobs.pairing import find_files

    files = find_files(arguments.files, recursive=arguments.recursive)
    for made in (arguments.out, pages):
        if made is not None:
            files = without_output(files, arguments.files, made)
    return files


def _plan(
    arguments: argparse.Namespace,
    files: Sequence[Found],
    originals: Sequence[Path],
    thresholds: Thresholds,
    pages: Path | None,
) -> Plan:
    """Return what is to be done, after refusing what would lose a picture or go nowhere."""
    from hdrmetrics.cli.destinations import make_folder
    from hdrmetrics.cli.job import will_resume
    from hdrmetrics.improve.enhancer import load_enhancer
    from hdrmetrics.improve.job import Plan
    from hdrmetrics.improve.previews import preview_paths

    replacing = arguments.overwrite or will_resume(arguments)
    targets, previews = _targets(arguments, files)
    written = [*targets.items(), *((f, p) for f, both in previews.items() for p in both.values())]
    refuse_overwriting(
        [path for _, path in written],
        replacing or arguments.skip_existing,
        sources=[file for file, _ in written],
        inputs=originals,
        skippable=True,
    )
    skip: set[str] = set()
    if arguments.skip_existing:
        skip = {file for file, path in written if path.exists()}
    thumbnails = {}
    if pages is not None:
        thumbnails = {str(one.path): preview_paths(pages, str(one.path)) for one in files}
    if will_resume(arguments):
        shown = [path for both in thumbnails.values() for path in both.values()]
        remove_drafts([path for _, path in written] + shown)
    plan = Plan(
        arguments.mode,
        None if arguments.mode == "alert" else load_enhancer(arguments.enhancer),
        thresholds,
        arguments.guard or _GUARD,
        targets,
        previews,
        thumbnails,
        frozenset(skip),
        arguments.only is not None,
        replacing,
    )
    if arguments.out is not None:
        make_folder(Path(arguments.out))  # now, not after scoring for an hour
    return plan


def _targets(
    arguments: argparse.Namespace, files: Sequence[Found]
) -> tuple[dict[str, Path], dict[str, Mapping[str, Path]]]:
    """Return where enhanced pictures go, and previews, by the photograph."""
    from hdrmetrics.improve.saving import names_for

    if arguments.out is None:
        return {}, {}
    out = Path(arguments.out)
    stems, paths = [one.stem for one in files], [one.path for one in files]
    if arguments.mode == "auto":
        names = names_for(stems, paths)
        return {str(path): out / name for path, name in zip(paths, names, strict=True)}, {}
    both = {which: names_for(stems, paths, f".{which}.jpg") for which in ("before", "after")}
    previews = {
        str(path): {which: out / names[index] for which, names in both.items()}
        for index, path in enumerate(paths)
    }
    return {}, dict(previews)


def _job(arguments: argparse.Namespace, plan: Plan) -> Job:
    """Return what makes the rows, keeps them, and goes on with those of a run that was stopped."""
    from hdrmetrics.cli.improvements import FORM
    from hdrmetrics.cli.job import Job
    from hdrmetrics.improve.job import improve_files

    gains, guard = plan.metrics()
    settings: BatchSettings = {
        "device": arguments.device,
        "jobs": arguments.jobs,
        "isolate": arguments.isolate,
    }
    more = {
        "mode": plan.mode,
        "enhancer": arguments.enhancer,
        "guard": arguments.guard,
        "thresholds": {"all": plan.thresholds.common, **plan.thresholds.own},
        "out": arguments.out,
        "requested": plan.requested,
        "thumbnails": bool(plan.thumbnails),
        "skip_existing": arguments.skip_existing,
    }

    def work(files: Sequence[tuple[Any, Any]], given: BatchSettings) -> list[Improvement]:
        return improve_files(
            [path for path, _ in files],
            plan,
            device=given.get("device"),
            jobs=given.get("jobs"),
            isolate=given.get("isolate"),
            on_row=given.get("on_row"),
        )

    def already(index: int, row: Row) -> bool:
        return all(Path(path).exists() for path in row.files)  # type: ignore[attr-defined]

    metrics = gains if guard is None else [*gains, guard]
    return Job(arguments, list(dict.fromkeys(metrics)), settings, more, already, FORM, work)
