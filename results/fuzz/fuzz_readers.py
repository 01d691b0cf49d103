"""Reads damaged files of every format in limited processes, and reports what becomes of them.

Run from the root of a clone: ``python results/fuzz/fuzz_readers.py``. Linux only.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import platform
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import fuzz_worker
import numpy as np
from fuzz_seeds import seeds

OUTCOMES = ("error", "same", "changed", "untyped", "memory", "hang", "crash")
"""Typed error; the same picture; another picture; and what must not happen."""
BAD = ("untyped", "memory", "hang", "crash")
SECONDS = 10.0
HEADER = 400


@dataclass
class Row:
    """What became of the damaged files of one format."""

    format: str
    size: int
    truncations: Counter[str] = field(default_factory=Counter)
    changes: Counter[str] = field(default_factory=Counter)
    peak_mib: int = 0
    messages: Counter[str] = field(default_factory=Counter)
    failures: list[dict[str, object]] = field(default_factory=list)


def truncations(data: bytes, count: int, rng: np.random.Generator) -> Iterator[bytes]:
    """Yield beginnings of a file: half of them end in its first bytes, half anywhere."""
    for index in range(count):
        yield data[: rng.integers(1, min(HEADER, len(data)) if index % 2 else len(data))]


def changes(data: bytes, count: int, rng: np.random.Generator) -> Iterator[bytes]:
    """Yield copies with one to four bytes changed: half of them in the first bytes."""
    for index in range(count):
        changed = bytearray(data)
        reach = min(HEADER, len(data)) if index % 2 else len(data)
        for position in rng.integers(0, reach, rng.integers(1, 5)):
            changed[position] ^= int(rng.integers(1, 256))
        yield bytes(changed)


class Reader:
    """A reading process that is replaced when it crashes or hangs."""

    def __init__(self) -> None:
        self._context = multiprocessing.get_context("spawn")
        self._start()

    def _start(self) -> None:
        self._connection, other = self._context.Pipe()
        self._process = self._context.Process(target=fuzz_worker.serve, args=(other,), daemon=True)
        self._process.start()
        other.close()

    def read(self, data: bytes, seconds: float = SECONDS) -> tuple[str, str, int]:
        """Return outcome, message or digest, and peak memory in MiB."""
        try:
            self._connection.send_bytes(data)
            if self._connection.poll(seconds):
                answer: tuple[str, str, int] = self._connection.recv()
                return answer
            outcome, message = "hang", f"no answer within {seconds:g} s"
        except (EOFError, ConnectionError, BrokenPipeError):
            self._process.join(5)
            outcome, message = "crash", f"exit code {self._process.exitcode}"
        self._process.kill()
        self._process.join()
        self._start()
        return outcome, message, 0

    def close(self) -> None:
        """End the process."""
        self._connection.send_bytes(b"")
        self._process.join(10)


def fuzz(count: int, seed: int = 0, step: Callable[[int], object] = lambda n: None) -> list[Row]:
    """Read ``count`` truncations and ``count`` changes of each format.

    Parameters
    ----------
    count
        Files of each kind.
    seed
        The same seed gives the same files.
    step
        Called with the number of files that were read.
    """
    rows = []
    for name, data in seeds().items():
        reader = Reader()
        # The first answer waits for the libraries to load.
        outcome, whole, _ = reader.read(data, seconds=120.0)
        if outcome != "read":
            raise RuntimeError(f"the undamaged {name} file cannot be read: {outcome}, {whole}")
        row = Row(name, len(data))
        rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
        for damage, counts in ((truncations, row.truncations), (changes, row.changes)):
            for index, damaged in enumerate(damage(data, count, rng)):
                outcome, message, peak = reader.read(damaged)
                if outcome == "read":
                    outcome = "same" if message == whole else "changed"
                counts[outcome] += 1
                row.peak_mib = max(row.peak_mib, peak)
                if outcome == "error":
                    row.messages[message[:60]] += 1
                if outcome in BAD or (outcome == "changed" and damage is truncations):
                    row.failures.append(
                        {"damage": damage.__name__, "index": index, "outcome": outcome,
                         "message": message[:300]}
                    )  # fmt: skip
                step(1)
        reader.close()
        rows.append(row)
    return rows


def table(rows: list[Row]) -> str:
    """Return the report as a Markdown table."""
    kinds = ("error", "same", "changed")
    lines = [
        "| format | bytes | truncated: " + " / ".join(kinds) + " | changed bytes: "
        + " / ".join(kinds) + " | untyped, memory, hang, crash | peak MiB |",
        "|---|--:|--:|--:|--:|--:|",
    ]  # fmt: skip
    for row in rows:
        cells = [" / ".join(str(part[kind]) for kind in kinds)
                 for part in (row.truncations, row.changes)]  # fmt: skip
        bad = sum((row.truncations + row.changes)[kind] for kind in BAD)
        lines.append(
            f"| {row.format} | {row.size} | {cells[0]} | {cells[1]} | {bad} | {row.peak_mib} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Run the fuzzer and write ``report.md`` and ``report.json`` beside this file."""
    from tqdm import tqdm

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=300, help="files of each kind and format")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tqdm(total=2 * arguments.count * len(seeds()), unit="file") as bar:
        rows = fuzz(arguments.count, arguments.seed, bar.update)
    folder = Path(__file__).parent
    versions = f"Python {platform.python_version()}, {platform.system()}, seed {arguments.seed}"
    (folder / "report.md").write_text(
        f"# Damaged files\n\n{arguments.count} truncations and {arguments.count} changes of one to "
        f"four bytes for each kind of file, each read in a process with {fuzz_worker.MEMORY >> 30} "
        f"GiB of address space and {SECONDS:g} s ({versions}). README.md says what the columns "
        f"mean.\n\n{table(rows)}\n",
        encoding="utf-8",
    )
    report = [
        {"format": row.format, "bytes": row.size, "truncations": dict(row.truncations),
         "changes": dict(row.changes), "peak_mib": row.peak_mib, "failures": row.failures,
         "messages": dict(row.messages.most_common(12))}
        for row in rows
    ]  # fmt: skip
    (folder / "report.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    failures = sum(len(row.failures) for row in rows)
    print(f"{failures} failures; see {folder / 'report.md'}")


if __name__ == "__main__":
    main()
