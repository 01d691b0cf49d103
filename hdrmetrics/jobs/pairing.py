"""Which test file belongs to which reference: files, folders or patterns in, pairs out."""

from __future__ import annotations

import glob
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from hdrmetrics.errors import ImageReadError, PairingError
from hdrmetrics.io.kinds import is_picture, why_left_out
from hdrmetrics.jobs.folders import Entry, entries
from hdrmetrics.picture.endings import SUFFIXES

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
    files, problems = look_for(sources, recursive=recursive)
    if problems:
        raise ImageReadError(next(iter(problems.values())))
    if not files:
        raise ImageReadError("no files were given")
    return files


def look_for(
    sources: str | os.PathLike[str] | Iterable[str | os.PathLike[str]], *, recursive: bool = False
) -> tuple[list[Found], dict[str, str]]:
    """Return the files as :func:`find_files` does, and what is wrong instead of raising it.

    Returns
    -------
    files
        As of :func:`find_files`; may be empty.
    problems
        By source: what is wrong with a folder that holds no picture, or a pattern that matches
        none.
    """
    if isinstance(sources, (str, os.PathLike)):
        sources = [sources]
    found: dict[str, Found] = {}
    problems: dict[str, str] = {}
    real = cache(os.path.realpath)  # forty thousand files lie in a few folders
    for source in sources:
        if "\0" in os.fspath(source):
            problems[str(source)] = f"{str(source)!r} has a zero byte, which no path has"
            continue
        try:
            for one in _find(Path(source), recursive):
                # By whatever way it is reached; a link is a file of its own.
                found.setdefault(os.path.join(real(one.path.parent), one.path.name), one)
        except ImageReadError as error:
            problems[str(source)] = str(error)
        except OSError as error:  # a folder that may not be looked into
            problems[str(source)] = f"{os.fspath(source)}: cannot be opened ({error.strerror})"
    files = list(found.values())
    if len({one.name for one in files}) < len(files):
        root = Path(os.path.commonpath([one.path.absolute().parent for one in files]))
        files = [
            Found(one.path, one.path.absolute().relative_to(root).as_posix(), one.named)
            for one in files
        ]
    return files, problems


def _find(source: Path, recursive: bool) -> list[Found]:
    if source.is_dir():
        images = [
            Found(entry.path, entry.name, named=False)
            for entry in entries(source, recursive=recursive)
            if _listed(entry)
        ]
        if not images:
            deeper = "" if recursive else " (folders inside it are not looked into)"
            unread = unlisted_files(source, recursive=recursive)
            more = f"; {described(unread)}" if unread else ""
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


def _listed(entry: Entry) -> bool:
    """Return whether a name in a folder stands for a picture.

    Pipes, links that lead nowhere and the like count where they are called pictures: reading them
    tells what is wrong.
    """
    if entry.is_file:
        return is_picture(entry.path)
    return entry.suffix in SUFFIXES and not entry.is_folder


def _out_of_reach(path: Path, recursive: bool) -> str | None:
    """Return why a folder is not looked into; ``None`` for no folder, or where none is."""
    if not recursive or not path.is_dir():
        return None
    if path.is_symlink():
        return "a link to a folder, which is not followed: name it as well"
    try:
        with os.scandir(path):
            return None
    except OSError as error:
        return f"a folder that cannot be opened: {error.strerror}"


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
    ending is not that of one; with ``recursive`` also folders that cannot be opened, and links to
    folders. Texts, tables and the like are none.

    Parameters
    ----------
    sources, recursive
        As for :func:`find_files`; whatever is no folder is passed over.

    Returns
    -------
    list of LeftOut
        Sorted by name within each folder.
    """
    return left_out(sources, recursive=recursive)[0]


def left_out(
    sources: str | os.PathLike[str] | Iterable[str | os.PathLike[str]], *, recursive: bool = False
) -> tuple[list[LeftOut], dict[str, int]]:
    """Return the pictures of :func:`unlisted_files`, and how many files are no pictures at all.

    The latter by their ending, in lower case, empty where a name has none; hidden files do not
    count.
    """
    if isinstance(sources, (str, os.PathLike)):
        sources = [sources]
    pictures, others = [], Counter[str]()
    for folder in dict.fromkeys(map(Path, sources)):
        try:
            there = entries(folder, recursive=recursive) if folder.is_dir() else []
        except OSError:  # a problem of its own, see look_for
            continue
        for entry in there:
            if is_picture(entry.path):
                continue
            reason = (
                why_left_out(entry.path) if entry.is_file else _out_of_reach(entry.path, recursive)
            )
            if reason is not None:
                pictures.append(LeftOut(entry.path, entry.name, reason))
            elif entry.is_file:
                others[entry.suffix] += 1
    return pictures, dict(sorted(others.items()))


def described(pictures: Sequence[LeftOut]) -> str:
    """Return one sentence about pictures that were left out, by reason.

    Examples
    --------
    >>> described([LeftOut(Path("a.psd"), "a.psd", "Photoshop: save as TIFF")])
    '1 picture was left out: a.psd (Photoshop: save as TIFF)'
    """
    reasons: dict[str, list[str]] = {}
    for one in pictures:
        reasons.setdefault(one.reason, []).append(one.name)
    parts = [f"{listed(names, 3)} ({reason})" for reason, names in reasons.items()]
    were = "picture was" if len(pictures) == 1 else "pictures were"
    return f"{len(pictures)} {were} left out: {'; '.join(parts)}"


@dataclass(frozen=True, slots=True)
class Case:
    """One picture of a job, with its reference or with what keeps it from being scored.

    Parameters
    ----------
    name
        What to call it; unique among its set.
    test
        The picture: where it is, or where it should be.
    reference
        Its reference, if it has one.
    problem
        Why it cannot be scored, in a sentence that names the file; empty for a pair.
    key
        What the same picture of another set is called, too: the name without suffix.
    """

    name: str
    test: Path
    reference: Path | None = None
    problem: str = ""
    key: str = ""


def find_cases(
    test: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    reference: str | os.PathLike[str] | Iterable[str | os.PathLike[str]] | None = None,
    *,
    recursive: bool = False,
) -> list[Case]:
    """Return a case for everything that a job is about, whether or not it can be scored.

    Parameters
    ----------
    test, reference
        Files, folders or patterns, as for :func:`find_files`.
    recursive
        Look into the folders of a folder, too.

    Returns
    -------
    list of Case
        Of :func:`match_files`; and one with a problem for each folder that holds no picture and
        each pattern that matches none.

    Raises
    ------
    ImageReadError
        If there is nothing at all to score, or nothing to compare with.
    """
    sources = [test] if isinstance(test, (str, os.PathLike)) else list(test)
    tests, problems = look_for(sources, recursive=recursive)
    folder = Path(sources[0]) if len(sources) == 1 else None
    if reference is None:
        cases = [Case(one.name, one.path, key=one.stem) for one in tests]
    else:
        references, lacking = look_for(reference, recursive=recursive)
        if not references:
            raise ImageReadError(next(iter(lacking.values()), "no references were given"))
        if len(references) == 1 and references[0].named and not references[0].path.exists():
            raise ImageReadError(f"{references[0].path}: no such file or folder")
        cases = match_files(tests, references, folder=folder)
        problems |= lacking
    if not cases:
        raise ImageReadError(next(iter(problems.values()), "no files were given"))
    names = {case.name for case in cases}
    for source, problem in problems.items():
        name = source if source not in names else f"{source} (as a whole)"
        cases.append(Case(name, Path(source), problem=problem, key=name))
    return cases


def scorable(
    cases: Iterable[Case],
) -> tuple[dict[str, tuple[Path, Path | None]], dict[str, str]]:
    """Return the pairs (test, reference) that can be scored by name, and the others' problems."""
    pairs, problems = {}, {}
    for one in cases:
        if one.problem:
            problems[one.name] = one.problem
        else:
            pairs[one.name] = (one.test, one.reference)
    return pairs, problems


def match_files(
    tests: Sequence[Found], references: Sequence[Found], *, folder: Path | None = None
) -> list[Case]:
    """Return a case for each test and for each reference without one: nothing is left out.

    Paired as by :func:`pair_files`.

    Parameters
    ----------
    tests, references
        Of :func:`find_files` or :func:`look_for`.
    folder
        Where missing tests should be, if there are no others to tell.

    Returns
    -------
    list of Case
        The tests in their order, then what is missing. A test without reference, and a reference
        without test (a picture that was not rendered), have a problem.
    """
    pairs, alone, unused, twins = _match(tests, references)
    partners = {id(test): reference for test, reference in pairs}
    lonely = {id(test) for test in alone}
    hint = f" (whole names compared: there are several {listed(twins)})" if twins else ""
    cases = []
    for test in tests:
        problem = ""
        if id(test) in lonely:
            problem = f"{test.path}: no reference is called {test.stem!r}{hint}"
            if not test.path.exists():
                problem = f"{test.path}: no such file or folder"
        partner = partners.get(id(test))
        key = test.name if test.stem in twins else test.stem
        cases.append(Case(test.name, test.path, partner.path if partner else None, problem, key))
    names = {one.name for one in tests}
    for reference in unused:
        name, path = _expected(tests, reference, folder)
        if name in names:
            name = f"{reference.name} (reference)"
        problem = f"{path}: missing; no test is there for the reference {str(reference.path)!r}"
        key = reference.name if reference.stem in twins else reference.stem
        cases.append(Case(name, path, reference.path, problem + hint, key))
    return cases


def _expected(tests: Sequence[Found], reference: Found, folder: Path | None) -> tuple[str, Path]:
    """Return the name and path that a reference's missing test would have."""
    tests = [test for test in tests if test.path.exists()]  # the others may be misspelt folders
    suffixes = {test.path.suffix for test in tests}
    name = reference.stem + suffixes.pop() if len(suffixes) == 1 else reference.name
    roots = {Path(*test.path.parts[: -len(Path(test.name).parts)]) for test in tests}
    root = roots.pop() if len(roots) == 1 else folder or Path()
    return name, root / name


def pair_files(tests: Sequence[Found], references: Sequence[Found]) -> list[tuple[Found, Found]]:
    """Return each test with its reference.

    A reference that was named by itself, alone, serves every test. Otherwise files are paired by
    name: without suffix (``a.png`` and ``a.exr``), or with it for those that need it to be told
    apart. Every file must have a partner; :func:`match_files` goes on without.

    Raises
    ------
    PairingError
        With the names that have no partner on either side.
    """
    pairs, alone, unused, twins = _match(tests, references)
    if alone or unused:
        parts = [
            f"{len(files)} {what}: {listed([one.name for one in files])}"
            for what, files in (("test(s) without reference", alone),
                                ("reference(s) without test", unused))
            if files
        ]  # fmt: skip
        hint = f" (whole names compared: there are several {listed(twins)})" if twins else ""
        raise PairingError(f"files are paired by name; {'; '.join(parts)}{hint}")
    return pairs


def _match(
    tests: Sequence[Found], references: Sequence[Found]
) -> tuple[list[tuple[Found, Found]], list[Found], list[Found], list[str]]:
    """Return the pairs, the tests and the references without partner, and stems of several."""
    if len(references) == 1 and references[0].named:
        return [(test, references[0]) for test in tests], [], [], []
    twins = list(
        dict.fromkeys(_repeated([f.stem for f in tests]) + _repeated([f.stem for f in references]))
    )

    def key(file: Found) -> tuple[bool, str]:
        whole = file.stem in twins
        return whole, file.name if whole else file.stem

    partners = {key(reference): reference for reference in references}
    pairs = [(test, partners[key(test)]) for test in tests if key(test) in partners]
    alone = [test for test in tests if key(test) not in partners]
    known = {key(test) for test in tests}
    unused = [reference for name, reference in partners.items() if name not in known]
    return pairs, alone, unused, twins


def _repeated(names: Sequence[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


def listed(names: Sequence[str], most: int = _LISTED) -> str:
    """Return names for a message, the first few of many."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
