"""Where the pictures made of pictures go: one path for each file and variant."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hdrmetrics.cli.overwriting import refuse_overwriting
from hdrmetrics.cli.targets import picture_name
from hdrmetrics.errors import ImageWriteError, OptionError

if TYPE_CHECKING:
    from hdrmetrics.cli.variants import Variant
    from hdrmetrics.jobs.pairing import Found


def split_output(words: Sequence[str], output: str | None, command: str) -> tuple[list[str], str]:
    """Return the files to read and where to write: ``-o``, or else the last of two or more words.

    Raises
    ------
    OptionError
        If there is no file to read, or nowhere to write.
    """
    if not words:
        raise OptionError(f"{command} takes a picture and the file to write, or --list")
    if output is None and len(words) == 1:
        raise OptionError(f"{command} needs the file to write (or a folder) as well: -o OUTPUT")
    files, target = (words[:-1], words[-1]) if output is None else (words, output)
    if target == "-":
        raise OptionError(f"{command} writes no picture to stdout: name a file or a folder")
    return list(files), target


def plan_targets(
    files: Sequence[Found],
    variants: Sequence[Variant],
    output: str,
    *,
    endings: Sequence[str],
    ending: str,
    apart: bool = False,
) -> list[list[Path]]:
    """Return the path of each variant of each file.

    Parameters
    ----------
    files
        What is read.
    variants
        What is made of each.
    output
        A file for one picture: several variants of it go beside that name. Otherwise a folder, in
        which files keep the folders that they were found in.
    endings
        Of the files that can be written.
    ending
        Of the files in a folder.
    apart
        Whether several variants have folders of their own there, with pictures of the same names.

    Raises
    ------
    OptionError
        If the output is no folder and cannot be a file of this kind.
    """
    target = Path(output)
    if _is_folder(output, files, endings):
        stems = [target / one.stem for one in files]
        if apart and len(variants) > 1:
            return [[target / v.label / f"{one.stem}{ending}" for v in variants] for one in files]
    else:
        ending = target.suffix
        stems = [target.with_suffix("")]
    if len(variants) == 1:
        return [[_with(stem, ending)] for stem in stems]
    return [[_with(stem, f".{variant.label}{ending}") for variant in variants] for stem in stems]


def _with(stem: Path, ending: str) -> Path:
    return stem.with_name(stem.name + ending)


def _is_folder(output: str, files: Sequence[Found], endings: Sequence[str]) -> bool:
    target = Path(output)
    if target.is_dir() or output.endswith(tuple(filter(None, (os.sep, os.altsep)))):
        return True
    suffix = target.suffix.lower()
    single = len(files) == 1 and files[0].named
    if single and suffix in endings:
        return False
    if suffix in endings:
        raise OptionError(
            f"{output!r} is one file; pictures of several files, a folder or a pattern go into a "
            "folder: name one"
        )
    if picture_name(output) or (single and suffix):
        raise OptionError(
            f"cannot write {output!r}: pictures are written as {' or '.join(endings)}, or into a "
            "folder"
        )
    return True


def ready(
    paths: Sequence[Path], sources: Sequence[Path], arguments: argparse.Namespace
) -> list[bool]:
    """Refuse to lose a picture, make the folder, and return which of the paths are to be written.

    Parameters
    ----------
    paths
        The files to write.
    sources
        What each is made of.
    arguments
        With ``overwrite`` and ``skip_existing``.

    Raises
    ------
    OptionError
        As :func:`refuse_overwriting`.
    ImageWriteError
        If a folder cannot be made.
    """
    skip = arguments.skip_existing
    refuse_overwriting(paths, arguments.overwrite or skip, sources=sources, skippable=True)
    for folder in dict.fromkeys(path.parent for path in paths):
        make_folder(folder)
    return [not (skip and path.exists()) for path in paths]


def make_folder(folder: Path) -> None:
    """Make a folder, and those it is in, unless it is there.

    Raises
    ------
    ImageWriteError
        If it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ImageWriteError(f"cannot make the folder {str(folder)!r}: {error}") from error
