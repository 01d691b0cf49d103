"""Scenes that are files of a folder."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from datasets.scenes.groups import REGISTRY, Member, default_group, read_groups
from datasets.scenes.headers import picture_kind, picture_size
from datasets.scenes.scene import Kind, Split, check_name
from datasets.scenes.scene_index import Entry, read_index
from datasets.scenes.splits import split_of
from hdrmetrics.errors import ImageReadError, OptionError
from hdrmetrics.jobs.pairing import find_files

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class FileScene:
    """A scene in a file; the attributes are those of :class:`datasets.scenes.scene.Scene`.

    Parameters
    ----------
    name, kind, panorama, licence, group, split
        As there.
    path
        The file.
    size
        Height and width as the index or the header says; ``None`` where neither was asked.
    """

    name: str
    kind: Kind
    panorama: bool
    licence: str
    group: str
    split: Split
    path: str
    size: tuple[int, int] | None = None

    def load(self) -> Tensor:
        """Return the pixels ``(3, H, W)``; see :meth:`datasets.scenes.scene.Scene.load`."""
        from datasets.scenes.scene_pixels import (  # torch, not needed to find files
            load_codes,
            load_light,
        )

        return (load_light if self.kind == "hdr" else load_codes)(Path(self.path))


def find_scenes(
    folder: Path,
    *,
    kinds: tuple[Kind, ...] = ("hdr", "sdr"),
    split_seed: int = 0,
    registry: Path = REGISTRY,
) -> list[FileScene]:
    """Return the scenes in a folder and the folders inside it, sorted by name.

    Nothing is decoded: a file that cannot be read fails when it is loaded. An ``index.csv`` in the
    folder of a file, or in one above it, may name the scene, its licence, its ``kind``
    (``panorama`` or anything else), its ``domain`` (``hdr`` or ``sdr``) and its size. Without an
    entry the name is that of the file, the licence is unknown, the format tells HDR from SDR, and
    an HDR picture exactly twice as wide as high is a panorama.

    Parameters
    ----------
    folder
        Where pictures are.
    kinds
        Which scenes to return.
    split_seed
        For another division into splits.
    registry
        Groups that are known; a scene that is not in it gets its place's name (panoramas) or its
        own name as group. See :mod:`datasets.scenes.near_duplicates`.

    Raises
    ------
    ImageReadError
        If there is no such folder, or no picture in it.
    OptionError
        If two files have the same scene name, a name cannot be one, or an index or the registry is
        broken.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ImageReadError(f"there is no folder {str(folder)!r} with scenes")
    groups = read_groups(registry)
    indices: dict[Path, dict[str, Entry]] = {}
    scenes: dict[str, FileScene] = {}
    for found in find_files(folder, recursive=True):
        entry = _entry(found.path, folder, indices)
        kind = entry.domain or picture_kind(found.path)
        if kind not in kinds:
            continue
        scene = _scene(found.path, entry, kind, groups, split_seed)
        if scene.name in scenes:
            raise OptionError(
                f"two files would be the scene {scene.name!r}: {scenes[scene.name].path} and "
                f"{found.path}; rename one, or name it in the column 'scene' of the index.csv "
                "beside it"
            )
        scenes[scene.name] = scene
    return [scenes[name] for name in sorted(scenes)]


def _scene(
    path: Path, entry: Entry, kind: Kind, groups: Mapping[str, Member], split_seed: int
) -> FileScene:
    """Return the scene in a file, by what an index says of it and what its header does."""
    name = check_name(entry.scene or _plain(path.stem))
    size = entry.size
    if size is None and kind == "hdr":
        size = picture_size(path)
    panorama = entry.panorama
    if panorama is None:
        panorama = kind == "hdr" and size is not None and size[1] == 2 * size[0]
    member = groups.get(name)
    group = member.group if member else default_group(name, panorama)
    return FileScene(
        name=name,
        kind=kind,
        panorama=panorama,
        licence=entry.licence or "unknown",
        group=group,
        split=split_of(group, split_seed),
        path=str(path),
        size=size,
    )


def _plain(stem: str) -> str:
    """Return a file's name with everything replaced that no scene's name may hold."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", stem)


def _entry(path: Path, top: Path, indices: dict[Path, dict[str, Entry]]) -> Entry:
    """Return what the nearest index says that describes a file."""
    folder = path.parent
    while True:
        if folder not in indices:
            indices[folder] = read_index(folder)
        entry = indices[folder].get(path.relative_to(folder).as_posix())
        if entry is not None or folder == top:
            return entry or Entry()
        folder = folder.parent
