"""What a front end makes of crops, kept on disk: descriptors are fixed, so once is enough."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from datasets.workers import Outcome, run_jobs
from hdrmetrics.catalogue.domain import Domain
from hdrmetrics.errors import HdrMetricsError, ImageReadError, OptionError
from hdrmetrics.learned.architecture import Architecture
from hdrmetrics.learned.fronts.front import CellFront
from hdrmetrics.learned.network import build_network
from hdrmetrics.text.textfile import write_text
from trainers.feeding.crops import CropPixels, find_store
from trainers.feeding.labels import Labels
from trainers.feeding.symmetry import symmetric
from trainers.feeding.views import View

_INDEX, _VALUES = "channels.json", "channels.npy"
_PIECE = 64  # items per job
# Raised whenever the code of descriptors, of seams or of how pictures are compared gives other
# channels for the same settings: those kept before are then refused.
_VERSION = 2


class Prepared:
    """Channels of crops by item, as half floats on disk.

    Parameters
    ----------
    folder
        Of :func:`prepare`.
    architecture
        Of the network that will see them: its front end must be the one they were made by, of code
        that gives the same.
    device
        Where batches are made.

    Raises
    ------
    ImageReadError
        If the folder holds no channels, or they are of another front end.
    """

    def __init__(self, folder: Path, architecture: Architecture, *, device: torch.device) -> None:
        self.device = device
        try:
            index = json.loads((folder / _INDEX).read_text(encoding="utf-8"))
            self._places = {str(name): i for i, name in enumerate(index["items"])}
            made_for, version = index["made_for"], index.get("version")
            self._values = np.load(folder / _VALUES, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, KeyError, TypeError, EOFError) as error:
            raise ImageReadError(f"{folder}: holds no prepared channels ({error})") from error
        same = version == _VERSION and made_for == architecture.front
        if not same or len(self._places) != len(self._values):
            raise ImageReadError(
                f"{folder}: its channels are those of another front end: prepare them again"
            )

    def __contains__(self, item: str) -> bool:
        return item in self._places

    def present(self, labels: Labels) -> Labels:
        """Return the items that have channels."""
        return labels.select(np.array([str(item) in self for item in labels["test_name"]], bool))

    def batch(self, items: NDArray[np.str_], views: Sequence[View] | None = None) -> Tensor:
        """Return what the network's trunk wants.

        Parameters
        ----------
        items
            Names of the test crops, ``(n,)``.
        views
            Symmetries to show them in; their windows must be whole crops.
        """
        places = [self._places[str(item)] for item in items]
        joint = torch.from_numpy(np.stack([self._values[place] for place in places])).float()
        if views is not None:
            joint = torch.cat([_seen(joint[i : i + 1], view) for i, view in enumerate(views)])
        return joint.to(self.device)


def prepare(
    labels: Labels,
    stores: Path,
    out: Path,
    architecture: Architecture,
    *,
    workers: int = 1,
    progress: bool = True,
) -> int:
    """Make the channels of the items of a set; returns how many there are.

    Parameters
    ----------
    labels
        Whose crops, all of them.
    stores
        Folder of the store, or with it.
    out
        Folder, made if need be.
    architecture
        Whose front end; one of cells, which symmetries only rearrange.
    workers
        Processes.
    progress
        Whether to draw a progress bar.

    Raises
    ------
    OptionError
        If the front end is not one of cells, or there are no items.
    ImageReadError
        If crops cannot be read.
    """
    if not isinstance(architecture.seen, CellFront):
        raise OptionError("only the channels of cells are prepared: others follow the window")
    if not len(labels):
        raise OptionError(
            f"{labels.name} has no items to prepare channels of: take more splits, or a larger "
            "part of the crops"
        )
    out.mkdir(parents=True, exist_ok=True)
    (out / _INDEX).unlink(missing_ok=True)
    argument = (architecture.to_dict(), str(stores), labels.name, labels.domain)
    jobs = list(_jobs(labels, reference=architecture.inputs == "reference"))
    outcomes = run_jobs(_set_up, argument, jobs, workers=workers)
    _write_values(out / _VALUES, labels, outcomes, progress=progress)
    items = [str(name) for name in labels["test_name"]]
    index = {"version": _VERSION, "made_for": architecture.front, "items": items}
    write_text(out / _INDEX, json.dumps(index))
    return len(labels)


def _write_values(
    path: Path, labels: Labels, outcomes: Iterable[Outcome[Any]], *, progress: bool
) -> None:
    """Write channels as they come."""
    from tqdm import tqdm  # a machine that trains from an export need not have it

    values: np.memmap[Any, Any] | None = None
    with tqdm(
        total=len(labels), desc=f"prepare {labels.name}", unit="crop", disable=not progress
    ) as bar:
        for outcome in outcomes:
            found = outcome.reason or outcome.result
            if isinstance(found, str):
                raise ImageReadError(f"crops of {labels.name}: {found}")
            if values is None:
                shape = (len(labels), *found.shape[1:])
                values = np.lib.format.open_memmap(path, "w+", np.float16, shape)
            values[outcome.job[0] : outcome.job[0] + len(found)] = found
            bar.update(len(found))
    assert values is not None, "every job has an outcome"
    values.flush()


def _jobs(labels: Labels, *, reference: bool) -> Iterator[tuple[int, list[str], list[str] | None]]:
    """Yield where pieces of the items begin, with their crops."""
    for at in range(0, len(labels), _PIECE):
        tests, references = (
            [str(name) for name in labels[column][at : at + _PIECE]]
            for column in ("test_name", "reference_name")
        )
        yield at, tests, references if reference else None


def _set_up(argument: tuple[dict[str, Any], str, str, Domain]) -> Any:
    torch.set_num_threads(1)
    described, stores, name, domain = argument
    network = build_network(Architecture.from_dict(described))
    pixels = CropPixels(find_store(Path(stores), name), (), device=torch.device("cpu"), limit_mb=0)

    @torch.no_grad()
    def work(job: tuple[int, list[str], list[str] | None]) -> NDArray[np.float16] | str:
        _, tests, references = job
        try:
            test = pixels.batch(np.array(tests))
            reference = None if references is None else pixels.batch(np.array(references))
        except HdrMetricsError as error:
            return str(error)
        found: NDArray[np.float16] = network.channels(test, reference, domain=domain).half().numpy()
        pixels.store.release()
        return found

    return work


def _seen(channels: Tensor, view: View) -> Tensor:
    """Return channels as the crop's view would have them: first turned, then mirrored."""
    # A quarter turn anticlockwise is a transposition, then up for down.
    turns = view.turns % 4
    transposed = turns in (1, 3)
    flips = {0: (False, False), 1: (True, False), 2: (True, True), 3: (False, True)}[turns]
    if view.mirrored:
        flips = (flips[0], not flips[1])
    return symmetric(channels, transposed=transposed, flips=flips)
