"""What the pairs of photographs are called: as files can be, and no two alike."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

from hdrmetrics.jobs.pairing import Found
from hdrmetrics.text.textfile import readable


def pair_names(files: Sequence[Found], taken: Iterable[str] = ()) -> list[str | None]:
    """Return a name for the pair of each photograph.

    Parameters
    ----------
    files
        The photographs.
    taken
        Names that others have.

    Returns
    -------
    list of str or None
        The photograph's name without ending, where no other has it (upper and lower case are the
        same, as on some systems they are); else with its ending; ``None`` where that is taken, too.
        Slashes in a name become underscores.

    Examples
    --------
    >>> from pathlib import Path
    >>> files = [Found(Path(one), one, False) for one in ("lake.jpg", "roof.jpg", "roof.png")]
    >>> pair_names(files, ["lake"])
    ['lake.jpg', 'roof.jpg', 'roof.png']
    """
    used = {_alike(name) for name in taken}
    stems, wholes = ([_flat(name) for name in names] for names in
                     ([one.stem for one in files], [one.name for one in files]))  # fmt: skip
    counts = Counter(map(_alike, stems))
    names: list[str | None] = []
    for stem, whole in zip(stems, wholes, strict=True):
        candidates = [whole] if counts[_alike(stem)] > 1 else [stem, whole]
        name = next((one for one in candidates if _alike(one) not in used), None)
        if name is not None:
            used.add(_alike(name))
        names.append(name)
    return names


def _flat(name: str) -> str:
    return readable(name).replace("/", "_").replace("\\", "_")


def _alike(name: str) -> str:
    """Return the same text for names that are one file somewhere."""
    return unicodedata.normalize("NFC", name).casefold()
