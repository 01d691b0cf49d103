"""A program of the user's as an enhancer."""

from __future__ import annotations

import os
import shlex
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from hdrmetrics.codecs.program import run
from hdrmetrics.enhance.checking import check_guest
from hdrmetrics.enhance.enhancer import Enhancer
from hdrmetrics.errors import EnhancerError, HdrMetricsError, OptionError
from hdrmetrics.io import read_image, write_image

_INPUT, _OUTPUT = "{input}", "{output}"


class CommandEnhancer(Enhancer):
    """An enhancer that runs a program; see :func:`from_command`.

    Parameters
    ----------
    arguments
        Program and arguments.
    timeout, name
        As there.
    """

    def __init__(self, arguments: Sequence[str], timeout: float, name: str) -> None:
        self.arguments, self.timeout, self.name = tuple(arguments), timeout, name

    def enhance(self, image: Tensor) -> Tensor:
        """Return what the program makes of a picture.

        Raises
        ------
        EnhancerError
            If it cannot be started, fails, takes too long, or writes no picture; or if there is no
            place for its files.
        ShapeError
            If it writes another size.
        """
        try:
            place = tempfile.TemporaryDirectory(prefix="hdrmetrics-enhance-")
        except OSError as error:
            raise EnhancerError(
                f"there is no place for the files of {self.name} ({error})"
            ) from error
        with place:
            folder = Path(place.name)
            files = {_INPUT: folder / "input.png", _OUTPUT: folder / "output.png"}
            codes = (255 * image[0].cpu()).round().to(torch.uint8).movedim(0, -1)
            write_image(files[_INPUT], codes.contiguous().numpy())
            found = read_png(self._run(folder, files), self.name)
        return check_guest(found.to(image), image, self.name)

    def _run(self, folder: Path, files: dict[str, Path]) -> Path:
        command = list(self.arguments)
        for token, path in files.items():
            command = [one.replace(token, str(path)) for one in command]
        try:
            problem, said = run(command, folder, self.timeout)
        except OSError as error:
            raise EnhancerError(f"{self.name} cannot be started ({error})") from error
        if problem is not None:
            raise EnhancerError(f"{self.name} {problem}" + (f": {said}" if said else ""))
        if not files[_OUTPUT].is_file():
            raise EnhancerError(
                f"{self.name} wrote no picture to {_OUTPUT}" + (f": {said}" if said else "")
            )
        return files[_OUTPUT]

    def __repr__(self) -> str:
        return f"<{self.name}>"


def from_command(
    command: str | Sequence[str | os.PathLike[str]], *, timeout: float = 300.0, name: str = ""
) -> Enhancer:
    """Return an enhancer that runs a program on files.

    Parameters
    ----------
    command
        The program with its arguments, among them ``{input}``, a PNG file of eight bits, and
        ``{output}``, where it has to write a PNG file of the same size. A text is split at spaces
        (quotes hold together); no shell comes between.
    timeout
        Seconds after which it is ended, with the processes that it started in its session.
    name
        What results call it; the program's name where none is given.

    Raises
    ------
    OptionError
        If ``{input}`` or ``{output}`` is missing, an argument is neither text nor path, or the
        timeout is not a positive number.
    EnhancerError
        If there is no such program. When the enhancer is called: if the program fails, takes too
        long, or writes no picture that can be read.

    Examples
    --------
    >>> import torch
    >>> copy = from_command("cp {input} {output}")
    >>> copy(torch.full((1, 3, 2, 2), 0.2)).unique().tolist()  # 51 of 255
    [0.20000000298023224]
    """
    arguments = _arguments(command)
    missing = [token for token in (_INPUT, _OUTPUT) if not any(token in one for one in arguments)]
    if missing or not arguments:
        raise OptionError(f'a command is like "tool {_INPUT} {_OUTPUT}", not {command!r}')
    if not isinstance(timeout, (int, float)) or not timeout > 0:
        raise OptionError(f"timeout is a number of seconds above 0, not {timeout!r}")
    program = shutil.which(arguments[0])
    if program is None:
        raise EnhancerError(f"there is no program {arguments[0]!r} that can be run")
    # It runs in a folder of its own: its path must not be relative to ours.
    found = [str(Path(program).absolute()), *arguments[1:]]
    return CommandEnhancer(found, float(timeout), name or Path(arguments[0]).name)


def _arguments(command: str | Sequence[str | os.PathLike[str]]) -> list[str]:
    if isinstance(command, str):
        try:
            return shlex.split(command)
        except ValueError as error:
            raise OptionError(f"the command {command!r} cannot be split ({error})") from None
    try:
        return [os.fsdecode(one) for one in command]
    except TypeError:
        raise OptionError(
            f"a command is a text, or a list of texts and paths, not {command!r}"
        ) from None


def read_png(path: Path, name: str) -> Tensor:
    """Return the pixels of a file that a program wrote, ``(1, 3, H, W)``.

    Raises
    ------
    EnhancerError
        If it is no picture of sRGB codes.
    """
    try:
        image = read_image(path)
    except HdrMetricsError as error:
        raise EnhancerError(f"what {name} wrote cannot be read: {error}") from error
    if image.calibration.transfer != "srgb" or image.primaries != "bt709":
        raise EnhancerError(f"{name} wrote a picture that is not in sRGB")
    codes = torch.from_numpy(np.ascontiguousarray(image.pixels, np.float32)).movedim(-1, 0)
    return codes[None].expand(1, 3, -1, -1)
