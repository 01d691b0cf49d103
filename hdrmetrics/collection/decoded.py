"""One file decoded at the sizes that metrics need, each once."""

from __future__ import annotations

from hdrmetrics.io import read_image
from hdrmetrics.jobs.inputs import Units, prepare_inputs
from hdrmetrics.learned.borders import box_of
from hdrmetrics.picture.image import Image
from hdrmetrics.picture.light import holds_light


class Decoded:
    """A file's picture at the sizes that are asked for.

    What a metric sees follows from the file and from the metric alone, never from what else is
    asked: values stay the same in all company.

    Parameters
    ----------
    path
        The file.
    isolate
        As for :func:`hdrmetrics.read_image`.

    Notes
    -----
    A plain border is no picture: where too little would be left inside one, the file is decoded as
    it is.
    """

    def __init__(self, path: str, isolate: bool | None = None) -> None:
        self.path, self.isolate = path, isolate
        self._known: dict[int | None, Image] = {}

    def at(self, enough: int | None) -> Image:
        """Return the picture, decoded smaller where so many pixels of its shorter side are enough.

        Raises
        ------
        ImageReadError, MissingCodecError
            As :func:`hdrmetrics.read_image`.
        """
        if enough not in self._known:
            found = read_image(self.path, at_least=enough, isolate=self.isolate)
            if enough is not None and is_reduced(found) and _inside(found) < enough:
                found = self.at(None)
            self._known[enough] = found
        return self._known[enough]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the picture in the file."""
        return size_in_file(next(iter(self._known.values())))


def is_reduced(image: Image) -> bool:
    """Return whether a picture was decoded smaller than it is."""
    return "decoded_at" in image.origin.details


def size_in_file(image: Image) -> tuple[int, int]:
    """Return width and height of a picture as its file has it."""
    if not is_reduced(image):
        return image.width, image.height
    return image.origin.details["width"], image.origin.details["height"]


def _inside(image: Image) -> int:
    """Return the shorter side of what lies inside the plain border of a picture."""
    if holds_light(image):
        return min(image.width, image.height)
    codes = prepare_inputs(image, None, "sdr", Units()).test[0]
    box = box_of(codes, None, "sdr", repeats=False)
    sides = (int(side.stop - side.start) for side in (box.rows, box.columns))
    return min(sides)
