"""Who does the work on a collection: every engine gives the same records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from hdrmetrics.collection.item import Item
from hdrmetrics.collection.plan import Plan
from hdrmetrics.collection.record import Record

ENGINES = ("local", "dask", "ray")
"""Those that have a name."""


class Engine(Protocol):
    """Makes the records of items."""

    def __call__(
        self, items: Sequence[Item], plan: Plan, tell: Callable[[Record], None], /
    ) -> None:
        """Make a record of each item by a plan.

        Parameters
        ----------
        items
            Files.
        plan
            What is wanted of each.
        tell
            Called with each record as soon as it is there, in any order, from the thread that
            called the engine; before Ctrl-C goes on, too, with those that were finished.

        Raises
        ------
        UnknownNameError, OptionError
            For a plan that is wrong for every picture; what is wrong with one is in its record.
        """
        ...
