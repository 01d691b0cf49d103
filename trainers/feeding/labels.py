"""Labels as plain columns, which a machine without Parquet can read."""

from __future__ import annotations

import io
import json
import tomllib
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from datasets.labelling.transform import LabelTransform
from datasets.streams import fraction
from hdrmetrics.catalogue.domain import Domain
from hdrmetrics.errors import ImageReadError, OptionError
from hdrmetrics.text.textfile import draft_of

if TYPE_CHECKING:
    from datasets.table import LabelTable

_TEXT = (
    "item", "scene", "group", "split", "licence", "source", "distortion", "test_name",
    "reference_name",
)  # fmt: skip
_WHOLE = ("frame", "crop")
_IN_SERIES = "version"
_REAL = ("strength", "target", "quality")
_KEYS = (
    "name", "target", "target_of", "higher_is_better", "teacher", "recipe_sha256", "labels", "ppd",
)  # fmt: skip
_METADATA = "metadata"
_LARGEST = 1 << 30  # bytes of a file's column once expanded


@dataclass(frozen=True, slots=True)
class Labels:
    """The items of a set, or some of them: one NumPy array per column.

    Parameters
    ----------
    columns
        ``item``, ``scene``, ``group``, ``split``, ``licence``, ``source``, ``frame``, ``crop``,
        ``distortion``, ``strength``, ``target`` in [0, 1], ``quality`` (the teacher's, which the
        target was made of), ``test_name`` and ``reference_name`` (of the crops in a store), and
        the teacher's further columns; for series the ``version``; all of one length.
    metadata
        That of the table, with ``test_domain`` and ``reference_domain``; ``series``, the strengths
        of a series, for sets of whole frames in series.
    """

    columns: dict[str, NDArray[Any]]
    metadata: dict[str, Any]

    def __len__(self) -> int:
        return len(self.columns["item"])

    def __getitem__(self, column: str) -> NDArray[Any]:
        return self.columns[column]

    @property
    def name(self) -> str:
        """Name of the set."""
        return str(self.metadata["name"])

    @property
    def domain(self) -> Domain:
        """What the pixels are: light in cd/m², codes in [0, 1], or codes made of light."""
        test, reference = self.metadata["test_domain"], self.metadata["reference_domain"]
        if test == "hdr":
            return "hdr"
        return "tonemapped" if reference == "hdr" else "sdr"

    @property
    def transform(self) -> LabelTransform:
        """The map from the teacher's quality to the target."""
        return LabelTransform.from_dict(self.metadata["target"])

    @property
    def series(self) -> int:
        """Strengths of a series in a set of whole frames; 0 for other sets."""
        return int(self.metadata.get("series", 0))

    def select(self, which: NDArray[Any]) -> Labels:
        """Return some of the items, by places or by a mask."""
        return replace(self, columns={name: c[which] for name, c in self.columns.items()})

    def split(self, name: str) -> Labels:
        """Return the items of ``train``, ``validation`` or ``test``."""
        return self.select(self["split"] == name)

    def thinned(self, *, scenes: float = 1.0, crops: float = 1.0, seed: int = 0) -> Labels:
        """Return the items of a part of the scene groups, and of a part of the crops of these.

        Which ones follows from the hash of their names, so that smaller parts lie inside larger
        ones: the points of a learning curve.

        Parameters
        ----------
        scenes, crops
            Parts in (0, 1].
        seed
            Another seed, another choice.

        Raises
        ------
        OptionError
            If a part is not in (0, 1], or nothing is left.
        """
        for what, part in (("scenes", scenes), ("crops", crops)):
            if not 0 < part <= 1:
                raise OptionError(f"a part of the {what} lies in (0, 1], not {part}")
        keep = np.ones(len(self), dtype=bool)
        for i, (group, scene, frame, crop) in enumerate(
            zip(self["group"], self["scene"], self["frame"], self["crop"], strict=True)
        ):
            keep[i] = fraction(seed, "curve", str(group)) < scenes and (
                crops == 1
                # Of whole frames all windows, or none.
                or fraction(seed, "curve", str(scene), int(frame), 0 if self.series else int(crop))
                < crops
            )
        if not keep.any():
            raise OptionError(
                f"{scenes:g} of the scenes and {crops:g} of the crops of {self.name} leave nothing"
            )
        return self.select(keep)


def labels_of(table: LabelTable) -> Labels:
    """Return the columns of a table that training needs.

    Raises
    ------
    ImageReadError
        If the table's metadata lacks something.
    """
    from datasets.feeding.pack import crop_name, reference_name
    from datasets.table import rows_of

    frame, metadata = table.frame, table.metadata
    try:
        recipe = tomllib.loads(metadata["recipe"])
        kept = {key: metadata[key] for key in _KEYS}
        kept |= {"test_domain": recipe["test"], "reference_domain": recipe["reference"]}
        if recipe.get("whole"):
            kept["series"] = recipe.get("series", 0)
    except (KeyError, tomllib.TOMLDecodeError) as error:
        raise ImageReadError(f"the table lacks what labels need: {error}") from error
    rows = rows_of(frame[["item", "reference_digest"]])
    texts: dict[str, list[str]] = {
        "test_name": [crop_name(row) for row in rows],
        "reference_name": [reference_name(row) for row in rows],
    }
    columns: dict[str, NDArray[Any]] = {}
    for name in _TEXT:
        columns[name] = np.array(texts.get(name) or frame[name].tolist(), dtype=np.str_)
    for name in (*_WHOLE, _IN_SERIES):
        columns[name] = frame[name].to_numpy(dtype=np.int64)
    for name in (*_REAL, *kept["labels"]):
        source = kept["target_of"] if name == "quality" else name
        columns[name] = frame[source].to_numpy(dtype=np.float32)
    return Labels(columns, kept)


def save_labels(path: Path, labels: Labels) -> None:
    """Write labels as an ``.npz`` file, replaced in one step."""
    arrays = {**labels.columns, _METADATA: np.array(json.dumps(labels.metadata, sort_keys=True))}
    with draft_of(path) as draft, draft.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def load_labels(path: Path) -> Labels:
    """Return labels that :func:`save_labels` wrote; nothing in the file is executed.

    Raises
    ------
    ImageReadError
        If the file is missing, broken, too large, or holds something else.
    """
    try:
        data = path.read_bytes()
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            if any(part.file_size > _LARGEST for part in parts.infolist()):
                raise ImageReadError(f"{path}: a column is larger than {_LARGEST >> 20} MiB")
        with np.load(io.BytesIO(data), allow_pickle=False) as found:
            columns = {name: found[name] for name in found.files}
        metadata = json.loads(str(columns.pop(_METADATA)))
    except ImageReadError:
        raise
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ImageReadError(f"{path}: cannot be read as labels ({error})") from error
    _check(path, columns, metadata)
    return Labels(columns, metadata)


def read_labels(path: Path) -> Labels:
    """Return the labels of a ``.parquet`` table or of an exported ``.npz`` file.

    Raises
    ------
    ImageReadError
        If it cannot be read.
    """
    if path.suffix == ".npz":
        return load_labels(path)
    from datasets.table import read_table

    return labels_of(read_table(path))


def find_labels(folder: Path, name: str) -> Labels:
    """Return the labels of a set, of ``NAME.parquet`` or ``NAME.npz`` in a folder.

    The table is taken where it is there with what reads it, else the export.

    Raises
    ------
    ImageReadError
        If there is neither, or the file is that of another set.
    """
    table, export = folder / f"{name}.parquet", folder / f"{name}.npz"
    if table.exists() and (find_spec("pyarrow") or not export.exists()):
        found = read_labels(table)
    elif export.exists():
        found = read_labels(export)
    else:
        raise ImageReadError(f"{folder} has neither {table.name} nor {export.name}")
    if found.name != name:
        raise ImageReadError(f"{folder}: the file of {name} holds the set {found.name}")
    return found


def _check(path: Path, columns: Mapping[str, NDArray[Any]], metadata: Any) -> None:
    wanted = {*_KEYS, "test_domain", "reference_domain"}
    if not isinstance(metadata, dict) or not wanted <= set(metadata):
        raise ImageReadError(f"{path}: its metadata lacks what labels need")
    kinds = {**dict.fromkeys(_TEXT, "U"), **dict.fromkeys(_WHOLE, "i")}
    kinds |= dict.fromkeys((*_REAL, *metadata["labels"]), "f")
    kinds |= {_IN_SERIES: "i"} if metadata.get("series") else {}
    for name, kind in kinds.items():
        if name not in columns:
            raise ImageReadError(f"{path}: lacks the column {name}")
        column = columns[name]
        if column.dtype.kind != kind or column.shape != columns["item"].shape[:1]:
            raise ImageReadError(f"{path}: the column {name} is no column of labels")
    target = columns["target"]
    if not (np.isfinite(target).all() and ((target >= 0) & (target <= 1)).all()):
        raise ImageReadError(f"{path}: targets lie in [0, 1]; others found")
