"""One process's share of the work: networks are loaded once, pictures come one after the other."""

from __future__ import annotations

import hashlib
from pathlib import Path

from hdrmetrics.collection.item import Item
from hdrmetrics.collection.plan import Plan
from hdrmetrics.collection.record import Record
from hdrmetrics.errors import HdrMetricsError
from hdrmetrics.jobs.batch import message_of, score_files
from hdrmetrics.jobs.scoring import build_metric


class Worker:
    """Scores pictures by a plan.

    Parameters
    ----------
    plan
        What is wanted.

    Raises
    ------
    UnknownNameError, OptionError
        For metrics, displays or options that are wrong for every picture.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        display = plan.viewing.get("display")
        self.metrics = [
            build_metric(name, display, dict(plan.options.get(name, {}))) for name in plan.metrics
        ]

    def __call__(self, item: Item) -> Record:
        """Return what became of one picture; what is wrong with it is said there."""
        from hdrmetrics.io import read_image

        try:
            image = read_image(item.path, isolate=self.plan.isolate)  # refuses pipes and devices
            digest = hashlib.sha256(Path(item.path).read_bytes()).hexdigest()
        except (OSError, HdrMetricsError, MemoryError) as error:
            return Record(item.path, item.name, errors={"file": message_of(error)})
        row = score_files([(image, None)], self.metrics, jobs=1, **self.plan.viewing)[0]
        return Record(
            item.path, item.name, digest, image.width, image.height, row.scores, row.errors
        )
