"""Which test file belongs to which reference: files, folders or patterns in, pairs out."""

from __future__ import annotations

import glob
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hdrmetrics.errors import ImageReadError, PairingError
from hdrmetrics.io.kinds import is_picture, why_left_out

_LISTED = 8  # names in a message


@dataclass(frozen=True, slots=True)
class Found:
    """A file, and what to call it.

    Parameters
    ----------
    path
        The file.
    name
        Its path below the folder that was given, with forward slashes; unique among its set.
    named
        Whether the caller named the file itself, not a folder or pattern that holds it.
    """

    path: Path
    name: str
    named: bool

    @property
    def stem(self) -> str:
        """The name without its suffix, by which files are paired."""
        return self.name.removesuffix(self.path.suffix)


def find_files(
    sources: str | os.PathLike[str] | Iterable[str | os.PathLike[str]], *, recursive: bool = False
) -> list[Found]:
    """Return the files that paths, folders and patterns stand for.

    Parameters
    ----------
    sources
        Files; folders, which stand for their images (by the endings of
        :data:`hdrmetrics.io.SUFFIXES`, or by their first bytes where they have no ending; sorted by
        name, without hidden files; :func:`unlisted_files` says what was left out); patterns such
        as ``"out/*.exr"``, in which ``**`` stands for folders at any depth.
    recursive
        Look into the folders of a folder, too.

    Returns
    -------
    list of Found
        In the order given, each file once. A file that was named is returned whether or not it
        exists: reading it will tell.

    Raises
    ------
    ImageReadError
        If a folder holds no image, a pattern matches nothing, or nothing was given.
    """
    if isinstance(sources, (str, os.PathLike)):
        sources = [sources]
    found: dict[Path, Found] = {}
    for source in sources:
        for one in _find(Path(source), recursive):
            found.setdefault(one.path, one)
    if not found:
        raise ImageReadError("no files were given")
    files = list(found.values())
    if len({one.name for one in files}) < len(files):
        root = Path(os.path.commonpath([one.path.absolute().parent for one in files]))
        files = [
            Found(one.path, one.path.absolute().relative_to(root).as_posix(), one.named)
            for one in files
        ]
    return files


def _find(source: Path, recursive: bool) -> list[Found]:
    if source.is_dir():
        images = [
            Found(source / path, path.as_posix(), named=False)
            for path in _below(source, recursive)
            if is_picture(source / path)
        ]
        if not images:
            deeper = "" if recursive else " (folders inside it are not looked into)"
            left_out = unlisted_files(source, recursive=recursive)
            more = f"; {described(left_out)}" if left_out else ""
            raise ImageReadError(f"the folder {str(source)!r} holds no image file{deeper}{more}")
        return images
    pattern = str(source)
    if glob.has_magic(pattern) and not source.exists():
        matches = sorted(Path(match) for match in glob.glob(pattern, recursive=True))
        files = [path for path in matches if path.is_file()]
        if not files:
            raise ImageReadError(f"no file matches {pattern!r}")
        return [Found(path, path.name, named=False) for path in files]
    return [Found(source, source.name, named=True)]


def _below(folder: Path, recursive: bool) -> list[Path]:
    """Return the regular files below a folder, relative to it, sorted, without hidden ones."""
    walk = folder.rglob("*") if recursive else folder.iterdir()
    return [
        path
        for path in sorted(path.relative_to(folder) for path in walk)
        if not any(part.startswith(".") for part in path.parts) and (folder / path).is_file()
    ]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A picture in a folder that :func:`find_files` does not list.

    Parameters
    ----------
    path
        The file.
    name
        Its path below the folder, with forward slashes.
    reason
        Why, and what to do about it.
    """

    path: Path
    name: str
    reason: str


def unlisted_files(
    sources: str | os.PathLike[str] | Iterable[str | os.PathLike[str]], *, recursive: bool = False
) -> list[LeftOut]:
    """Return the pictures in folders that :func:`find_files` leaves out, so that it can be said.

    These are files of kinds that cannot be read (camera raw, Photoshop …), and pictures whose
    ending is not that of one. Texts, tables and the like are none.

    Parameters
    ----------
    sources, recursive
        As for :func:`find_files`; whatever is no folder is passed over.

    Returns
    -------
    list of LeftOut
        Sorted by name within each folder.
    """
    if isinstance(sources, (str, os.PathLike)):
        sources = [sources]
    found = []
    for folder in map(Path, sources):
        for path in _below(folder, recursive) if folder.is_dir() else ():
            whole = folder / path
            reason = None if is_picture(whole) else why_left_out(whole)
            if reason is not None:
                found.append(LeftOut(whole, path.as_posix(), reason))
    return found


def described(left_out: Sequence[LeftOut]) -> str:
    """Return one sentence about pictures that were left out, by reason.

    Examples
    --------
    >>> described([LeftOut(Path("a.psd"), "a.psd", "Photoshop: save as TIFF")])
    '1 picture was left out: a.psd (Photoshop: save as TIFF)'
    """
    reasons: dict[str, list[str]] = {}
    for one in left_out:
        reasons.setdefault(one.reason, []).append(one.name)
    parts = [f"{listed(names, 3)} ({reason})" for reason, names in reasons.items()]
    were = "picture was" if len(left_out) == 1 else "pictures were"
    return f"{len(left_out)} {were} left out: {'; '.join(parts)}"


def pair_files(tests: Sequence[Found], references: Sequence[Found]) -> list[tuple[Found, Found]]:
    """Return each test with its reference.

    A reference that was named by itself, alone, serves every test. Otherwise files are paired by
    name: without suffix (``a.png`` and ``a.exr``), or with it where that is needed to tell two
    files apart. Every file must have a partner.

    Raises
    ------
    PairingError
        With the names that have no partner on either side.
    """
    if len(references) == 1 and references[0].named:
        return [(test, references[0]) for test in tests]
    test_names, reference_names = [f.stem for f in tests], [f.stem for f in references]
    twins = _repeated(test_names) + _repeated(reference_names)
    if twins:
        test_names, reference_names = [f.name for f in tests], [f.name for f in references]
    partners = dict(zip(reference_names, references, strict=True))
    alone = [f.name for f, name in zip(tests, test_names, strict=True) if name not in partners]
    known = set(test_names)
    unused = [f.name for name, f in partners.items() if name not in known]
    if alone or unused:
        parts = [
            f"{len(names)} {what}: {listed(names)}"
            for what, names in (("test(s) without reference", alone),
                                ("reference(s) without test", unused))
            if names
        ]  # fmt: skip
        hint = f" (whole names compared: there are several {listed(twins)})" if twins else ""
        raise PairingError(f"files are paired by name; {'; '.join(parts)}{hint}")
    return [(test, partners[name]) for test, name in zip(tests, test_names, strict=True)]


def _repeated(names: Sequence[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


def listed(names: Sequence[str], most: int = _LISTED) -> str:
    """Return names for a message, the first few of many."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
