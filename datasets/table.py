"""Label tables: rows with their metadata, as Parquet files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from datasets.framing.frames import Frame
from datasets.item import Item, ReferenceKey, TestKey
from datasets.labelling.transform import LabelTransform
from hdrmetrics.errors import ImageReadError, OptionError
from hdrmetrics.text.textfile import draft_of

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

Row = dict[str, Any]

_TEXT, _WHOLE, _REAL, _SHORT, _FLAG = "string", "int64", "float64", "float32", "bool"

COLUMNS: dict[str, str] = {
    "item": _TEXT, "scene": _TEXT, "group": _TEXT, "split": _TEXT, "licence": _TEXT,
    "source": _TEXT, "frame": _WHOLE, "crop": _WHOLE, "version": _WHOLE,
    "frame_x": _WHOLE, "frame_y": _WHOLE, "frame_width": _WHOLE, "frame_height": _WHOLE,
    "frame_scale": _REAL, "mirrored": _FLAG, "crop_x": _WHOLE, "crop_y": _WHOLE, "size": _WHOLE,
    "peak": _REAL, "widen": _TEXT, "distortion": _TEXT, "strength": _SHORT, "seed": _WHOLE,
    "steps": _TEXT, "parameters": _TEXT, "bits_per_pixel": _SHORT,
}  # fmt: skip
"""What every table has, before the labels."""

_AFTER: dict[str, str] = {
    "target": _SHORT, "reference_digest": _TEXT, "test_digest": _TEXT,
    "teacher": _TEXT, "ppd": _SHORT, "display": _TEXT, "libraries": _TEXT,
}  # fmt: skip
"""What every table has, after the labels."""

_METADATA = b"hdrmetrics"


@dataclass(frozen=True, slots=True)
class LabelTable:
    """A table with what is known of the whole of it.

    Parameters
    ----------
    frame
        One row per item; see :data:`COLUMNS`.
    metadata
        ``recipe`` (its text), ``recipe_sha256``, ``labels`` (columns), ``target`` (the transform
        as a dictionary), ``target_of`` (the column it applies to), ``higher_is_better`` (of that
        column), ``teacher``, ``libraries``.
    """

    frame: pd.DataFrame
    metadata: dict[str, Any]

    @property
    def transform(self) -> LabelTransform:
        """The map from the teacher's quality to the target that learners are trained on."""
        return LabelTransform.from_dict(self.metadata["target"])


def order(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return the key by which rows are sorted: items of a frame stand together."""
    return (row["source"], row["scene"], row["frame"], row["crop"], row["version"])


def write_table(path: Path, rows: Iterable[Row], metadata: Mapping[str, Any]) -> LabelTransform:
    """Fit the target, sort the rows, and write them; the same rows give the same bytes.

    Parameters
    ----------
    path
        Ends in ``.parquet``; replaced in one step.
    rows
        Of :class:`datasets.unit.UnitResult`, in any order.
    metadata
        Of :class:`LabelTable`, without ``target``.

    Returns
    -------
    LabelTransform
        Fitted to the labels of the training split (to all where that is empty).

    Raises
    ------
    OptionError
        If there are no rows, or two of the same item.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    ordered = sorted(rows, key=order)
    if not ordered:
        raise OptionError("no items, so there is no table to write")
    names = [row["item"] for row in ordered]
    if len(set(names)) < len(names):
        twice = next(a for a, b in pairwise(names) if a == b)
        raise OptionError(f"item {twice} comes twice: the same shard given twice?")
    labels: Sequence[str] = metadata["labels"]
    transform = _add_targets(ordered, metadata)
    types = {**COLUMNS, **dict.fromkeys(labels, _SHORT), **_AFTER}
    whole = {**metadata, "target": transform.to_dict()}
    schema = pa.schema(
        [pa.field(name, pa.type_for_alias(kind)) for name, kind in types.items()],
        metadata={_METADATA: json.dumps(whole, sort_keys=True).encode()},
    )
    columns = [pa.array([row[name] for row in ordered], schema.field(name).type) for name in types]
    table: pa.Table = pa.Table.from_arrays(columns, schema=schema)
    with draft_of(path) as draft:
        pq.write_table(table, draft, compression="zstd", compression_level=19)
    return transform


def _add_targets(rows: Sequence[Row], metadata: Mapping[str, Any]) -> LabelTransform:
    """Fit the target, and give rows theirs, with what is the same for all of them."""
    # Fitted to what the file will hold, so that joined shards give the same as the whole.
    quality = np.array([row[metadata["target_of"]] for row in rows], dtype=np.float32)
    quality = quality.astype(np.float64)
    training = np.array([row["split"] == "train" for row in rows])
    transform = LabelTransform.fit(
        quality[training] if training.any() else quality,
        higher_is_better=metadata["higher_is_better"],
    )
    for row, value in zip(rows, transform(quality), strict=True):
        row |= {
            "target": float(value),
            "teacher": metadata["teacher"],
            "ppd": metadata["ppd"],
            "display": metadata["display"],
            "libraries": json.dumps(metadata["libraries"], sort_keys=True),
        }
    return transform


def read_table(path: Path) -> LabelTable:
    """Return a table that :func:`write_table` wrote.

    Raises
    ------
    ImageReadError
        If the file is missing, broken, or no label table.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
        metadata = json.loads((table.schema.metadata or {})[_METADATA])
    except (OSError, pa.ArrowException) as error:
        raise ImageReadError(f"{path}: cannot be read as a label table ({error})") from error
    except (KeyError, ValueError) as error:
        raise ImageReadError(f"{path}: is a Parquet file, but no label table of ours") from error
    absent = [name for name in (*COLUMNS, *_AFTER) if name not in table.column_names]
    if absent:
        raise ImageReadError(f"{path}: lacks the column {', '.join(absent)}")
    return LabelTable(table.to_pandas(), metadata)


def rows_of(frame: pd.DataFrame) -> list[Row]:
    """Return the rows of a table as dictionaries."""
    return cast(list[Row], frame.to_dict("records"))


def write_csv(table: LabelTable, path: Path) -> None:
    """Write a table as CSV, for tools without Parquet."""
    table.frame.to_csv(path, index=False, lineterminator="\n")


def item_of(row: Mapping[str, Any]) -> Item:
    """Return what makes the pixels of a row again."""
    frame = Frame(
        x=int(row["frame_x"]),
        y=int(row["frame_y"]),
        width=int(row["frame_width"]),
        height=int(row["frame_height"]),
        scale=float(row["frame_scale"]),
        mirrored=bool(row["mirrored"]),
    )
    key = ReferenceKey(
        str(row["scene"]), str(row["source"]), frame, float(row["peak"]), str(row["widen"])
    )
    test = TestKey(key, str(row["steps"]))
    return Item(test, int(row["crop_y"]), int(row["crop_x"]), int(row["size"]))
