"""One person's way through the pairs: what is shown, what was answered, and going back."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import NamedTuple

from hdrmetrics.errors import OptionError
from hdrmetrics.improve.answers import AnswerFile
from hdrmetrics.improve.blind import CHOICES, Side, enhanced_side, label_of, shuffled
from hdrmetrics.improve.pairs import Pair


class State(NamedTuple):
    """Where a person stands.

    Parameters
    ----------
    total, labelled
        Pairs, but for those that cannot be shown, and how many have a label.
    current
        Number of the pair to show; ``None`` when all are labelled.
    upcoming
        Number of the pair that will probably follow, if one does.
    choice
        What was answered to the current pair before in this session, if it was.
    again
        Whether the current pair has a label already.
    earlier
        Whether there is a pair to go back to.
    """

    total: int
    labelled: int
    current: int | None
    upcoming: int | None
    choice: int | None
    again: bool
    earlier: bool


class NotCurrentError(OptionError):
    """An answer is to another pair than the one that is shown: it was given twice, or elsewhere."""


class Annotation:
    """The pairs in their random order, without those that are labelled.

    May be used by several threads.

    Parameters
    ----------
    pairs
        With unique names.
    answers
        Where answers go, and what was labelled before.
    seed
        Of the order and the sides.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> answers = AnswerFile(pathlib.Path(tempfile.mkdtemp()) / "labels.csv")
    >>> pairs = [Pair(n, pathlib.Path(n), pathlib.Path(n)) for n in ("lake", "roof")]
    >>> work = Annotation(pairs, answers, seed=3)
    >>> state = work.answer(work.state().current, 3, seconds=2.0)
    >>> state.labelled, state.current, list(answers.labels.values())
    (1, 1, [0])
    """

    def __init__(self, pairs: Sequence[Pair], answers: AnswerFile, *, seed: int) -> None:
        by_name = {pair.name: pair for pair in pairs}
        self.pairs = [by_name[name] for name in shuffled(by_name, seed)]
        """By number."""
        self.answers = answers
        self.problems: dict[str, str] = {}
        """Why pairs could not be shown, by name."""
        self.given = 0
        """Answers of this session."""
        self._sides = [enhanced_side(pair.name, seed) for pair in self.pairs]
        numbers = {pair.name: number for number, pair in enumerate(self.pairs)}
        self._past = [numbers[name] for name in answers.labels if name in numbers]
        self._place: int | None = None  # in the past, after going back
        self._choices: dict[int, int] = {}
        self._lock = threading.Lock()

    def side(self, number: int) -> Side:
        """Return where the enhanced picture of a pair is shown."""
        return self._sides[number]

    def state(self) -> State:
        """Return where the person stands."""
        with self._lock:
            return self._state()

    def answer(self, number: int, choice: int, *, seconds: float) -> State:
        """Keep the answer to the current pair and go on to the first one without a label.

        Parameters
        ----------
        number
            Of the current pair.
        choice
            One of :data:`hdrmetrics.improve.blind.CHOICES`.
        seconds
            That the person took.

        Raises
        ------
        NotCurrentError
            If another pair is the current one, also because others labelled this one meanwhile.
        TableError
            If others made something else of the file meanwhile.
        OptionError
            If the choice is none, or the time not from 0 to a day.
        ImageWriteError
            If the answer cannot be written; the pair is then still the current one.
        """
        if choice not in CHOICES:
            raise OptionError(f"an answer is a whole number from 1 to 5, not {choice!r}")
        if not 0 <= seconds <= 86400:
            raise OptionError(f"an answer takes from 0 to 86400 seconds, not {seconds!r}")
        with self._lock:
            self.answers.follow()  # a second page on the same pairs may have been faster
            self._check(number)
            side = self._sides[number]
            label = label_of(choice, side)
            self.answers.add(self.pairs[number].name, label, seconds=seconds, side=side)
            self.given += 1
            self._choices[number] = choice
            if self._place is None:
                self._past.append(number)
            self._place = None
            return self._state()

    def back(self) -> State:
        """Go back to the pair that was answered before; where there is none, nothing changes."""
        with self._lock:
            place = len(self._past) if self._place is None else self._place
            if place:
                self._place = place - 1
            return self._state()

    def leave_out(self, number: int, reason: str) -> State:
        """Go on without the current pair, which cannot be shown.

        Raises
        ------
        NotCurrentError
            If another pair is the current one.
        """
        with self._lock:
            self._check(number)
            self.problems[self.pairs[number].name] = reason
            if self._place is not None:
                self._past.remove(number)
                self._place = None
            return self._state()

    def _check(self, number: int) -> None:
        if number != self._state().current:
            raise NotCurrentError(
                "this pair is not the current one; the page shows the one that is"
            )

    def _state(self) -> State:
        shown = [n for n, pair in enumerate(self.pairs) if pair.name not in self.problems]
        labels = self.answers.labels
        fresh = [n for n in shown if self.pairs[n].name not in labels]
        if self._place is not None:
            fresh.insert(0, self._past[self._place])
        current, upcoming = [*fresh, None, None][:2]
        return State(
            total=len(shown),
            labelled=sum(self.pairs[n].name in labels for n in shown),
            current=current,
            upcoming=upcoming,
            choice=None if current is None else self._choices.get(current),
            again=self._place is not None,
            earlier=bool(self._past) if self._place is None else self._place > 0,
        )
