"""Reads damaged files of every format in limited processes, and reports what becomes of them.

Run from the root of a clone: ``python -m results.fuzz.fuzz_readers``. Linux only.
"""

from __future__ import annotations

import argparse
import platform
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from hdrmetrics.text.markdown import markdown_table
from hdrmetrics.text.textfile import write_text
from results.common.confined import Confined, LostError
from results.common.files import keep
from results.fuzz import fuzz_worker
from results.fuzz.fuzz_seeds import seeds

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


def read(reader: Confined, data: bytes) -> tuple[str, str, int]:
    """Return outcome, message or digest, and peak memory in MiB."""
    try:
        answer: tuple[str, str, int] = reader.ask(data, SECONDS)
    except LostError as lost:
        return lost.outcome, str(lost), 0
    return answer


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
        reader = Confined(fuzz_worker.serve)
        outcome, whole, _ = read(reader, data)
        if outcome != "read":
            raise RuntimeError(f"the undamaged {name} file cannot be read: {outcome}, {whole}")
        row = Row(name, len(data))
        rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
        for damage, counts in ((truncations, row.truncations), (changes, row.changes)):
            for index, damaged in enumerate(damage(data, count, rng)):
                outcome, message, peak = read(reader, damaged)
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
    shown = " / ".join(kinds)
    lines = []
    for row in rows:
        parts = row.truncations, row.changes
        cells = [" / ".join(str(part[kind]) for kind in kinds) for part in parts]
        bad = sum((row.truncations + row.changes)[kind] for kind in BAD)
        lines.append([row.format, str(row.size), *cells, str(bad), str(row.peak_mib)])
    return markdown_table(
        ["format", "bytes", f"truncated: {shown}", f"changed bytes: {shown}",
         "untyped, memory, hang, crash", "peak MiB"],
        lines,
        right=range(1, 6),
    )  # fmt: skip


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
    text = (
        f"# Damaged files\n\n{arguments.count} truncations and {arguments.count} changes of one to "
        f"four bytes for each kind of file, each read in a process with {fuzz_worker.MEMORY >> 30} "
        f"GiB of address space and {SECONDS:g} s ({versions}). README.md says what the columns "
        f"mean.\n\n{table(rows)}\n"
    )
    write_text(folder / "report.md", text)
    report = [
        {"format": row.format, "bytes": row.size, "truncations": dict(row.truncations),
         "changes": dict(row.changes), "peak_mib": row.peak_mib, "failures": row.failures,
         "messages": dict(row.messages.most_common(12))}
        for row in rows
    ]  # fmt: skip
    keep(folder / "report.json", report)
    failures = sum(len(row.failures) for row in rows)
    print(f"{failures} failures; see {folder / 'report.md'}")


if __name__ == "__main__":
    main()
