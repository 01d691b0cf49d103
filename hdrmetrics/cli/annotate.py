"""The command ``annotate``: one person says how much an enhancement improved photographs."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hdrmetrics.cli import arguments as shared
from hdrmetrics.cli import messages
from hdrmetrics.cli.targets import picture_name
from hdrmetrics.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hdrmetrics.improve.annotation import Annotation

_LABELS = "labels.csv"
_NAMED = 3  # pairs that cannot be shown, named each


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "annotate",
        help="label how much an enhancement improved photographs",
        description="Show pairs of photographs in a local web page, in random order and without "
        "saying which one is enhanced, ask which is better, and add the answers to a CSV file. "
        "Keys only; a later run goes on where this one ended.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "folder", metavar="FOLDER",
        help="with a table pairs.csv (name,input,enhanced), or with folders input and enhanced "
        "whose pictures have the same names",
    )  # fmt: skip
    parser.add_argument(
        "--out", metavar="FILE.csv", help=f"the labels (default: {_LABELS} in the folder)"
    )
    parser.add_argument(
        "--seed", type=_whole, metavar="N",
        help="of the order and the sides (default: from the name of the labels' file)",
    )  # fmt: skip
    parser.add_argument(
        "--port", type=_port, default=0, metavar="N", help="of this machine (default: a free one)"
    )
    parser.add_argument(
        "--no-browser", action="store_true", help="print the page's address, open no browser"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Serve the page until it ends, and say where the labelling stands."""
    from hdrmetrics.improve.annotation import Annotation
    from hdrmetrics.improve.answers import AnswerFile
    from hdrmetrics.improve.blind import default_seed
    from hdrmetrics.improve.pairs import find_pairs
    from hdrmetrics.improve.server import AnnotationServer

    target = _target(arguments)
    pairs, problems = find_pairs(arguments.folder)
    answers = AnswerFile(target)
    seed = default_seed(target) if arguments.seed is None else arguments.seed
    annotation = Annotation(pairs, answers, seed=seed)
    _say_problems(problems)
    state = annotation.state()
    if state.current is None:
        print(_standing(annotation, target))
        return 2 if problems else 0
    server = AnnotationServer(annotation, port=arguments.port)
    print(
        f"{state.labelled} of {state.total} pairs are labelled; go on in the browser: {server.url}"
    )
    print("Esc on the page or Ctrl-C here ends; every answer is kept at once.")
    sys.stdout.flush()
    if not arguments.no_browser:
        _open(server.url)
    interrupted = False
    try:
        server.run()
    except KeyboardInterrupt:
        interrupted = True
    _say_problems(annotation.problems)
    if interrupted:
        raise KeyboardInterrupt(_standing(annotation, target))
    print(_standing(annotation, target))
    return 2 if problems or annotation.problems else 0


def _target(arguments: argparse.Namespace) -> Path:
    """Return where labels go; refuse, before any work, what cannot be or would destroy."""
    target = Path(arguments.folder, _LABELS) if arguments.out is None else Path(arguments.out)
    if target.is_dir():
        raise OptionError(f"--out: {str(target)!r} is a folder; name a file to write")
    if target.exists() and not target.is_file():
        raise OptionError(f"--out: {str(target)!r} keeps no answers; name a file to write")
    if arguments.out is not None and not target.parent.is_dir():
        raise OptionError(f"--out: there is no folder {str(target.parent)!r} to write to")
    if picture_name(str(target)):
        raise OptionError(f"--out: {str(target)!r} is a picture; name a .csv file")
    return target


def _open(url: str) -> None:
    """Open a browser beside the server: one in the terminal would keep it from answering."""
    import threading
    import webbrowser

    threading.Thread(target=webbrowser.open, args=[url], daemon=True).start()


def _standing(annotation: Annotation, target: Path) -> str:
    """Return what was labelled, and how to go on."""
    from hdrmetrics.improve.labels import LABELS

    state = annotation.state()
    names = {pair.name for pair in annotation.pairs}
    labels = annotation.answers.labels
    counts = Counter(label for name, label in labels.items() if name in names)
    parts = ", ".join(f"{counts[label]} {words}" for label, words in LABELS.items())
    text = f"{target}: {state.labelled} of {state.total} pairs are labelled"
    if state.labelled:
        text += f" ({parts})"
    if annotation.given:
        text += f"; {annotation.given} answered now"
    if others := len(labels.keys() - names):
        text += f"; {others} more are of pairs that are not here"
    return text if state.current is None else f"{text}; the same command goes on"


def _say_problems(problems: Mapping[str, str]) -> None:
    for name in list(problems)[:_NAMED]:
        messages.warning(f"the pair {name} cannot be shown: {problems[name]}")
    if len(problems) > _NAMED:
        messages.warning(f"{len(problems) - _NAMED} more pairs cannot be shown")


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None


def _port(text: str) -> int:
    port = 0 if text == "0" else shared.count(text)
    if port > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: they go up to 65535")
    return port
