"""Reads every file of a folder with hdrmetrics and with other readers, and lists the differences.

Run from the root of a clone: ``python -m results.readers.compare FOLDER --out run``. Linux only.
"""

from __future__ import annotations

import argparse
import json
import os
import time
import warnings
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from hdrmetrics.text.markdown import markdown_table
from hdrmetrics.text.textfile import write_text
from results.common.confined import Confined, LostError, confine
from results.readers.peers import PEERS, UNASKED, installed, suited
from results.readers.verdict import compare

SECONDS = 60.0
MEMORY = 6 * 2**30
FINE = ("equal", "close", "matrix")
"""What needs no look: the same samples, lossy decoders apart, and colours converted to BT.709."""
BY_DESIGN = {"imagecodecs": "turned", "OpenEXR": "size"}
"""Readers that return what is stored: as the camera was held, the data window alone."""


def serve(connection: Connection) -> None:
    """Answer requests (path, reader, ours) until the pipe closes.

    Reader ``""`` is hdrmetrics itself; the others are compared with it if ``ours`` is true: not
    where it has brought the process down before.
    """
    confine(MEMORY)
    warnings.simplefilter("ignore")
    from hdrmetrics import read_image
    from hdrmetrics.errors import HdrMetricsError

    known: tuple[str, np.ndarray | None] = ("", None)
    while True:
        try:
            path, reader, ours = connection.recv()
        except EOFError:
            return
        answer: dict[str, Any] = {}
        if not ours:
            known = ("", None)
        elif known[0] != path:
            known = (path, None)
            try:
                image = read_image(path, isolate=False)  # this process is a limited one already
                known = (path, image.pixels)
                answer = {
                    "outcome": "read", "format": image.origin.format, "depth": image.origin.depth,
                    "shape": image.pixels.shape, "calibration": image.calibration.to_dict(),
                    "primaries": image.primaries, "notes": image.notes,
                }  # fmt: skip
            except HdrMetricsError as error:
                answer = {"outcome": "refused", "why": str(error).removeprefix(f"{path}: ")[:300]}
            except BaseException as error:
                answer = {"outcome": "untyped", "why": repr(error)[:300]}
        if reader:
            answer = _peer(Path(path), reader, known[1])
        connection.send(answer)


def _peer(path: Path, reader: str, ours: np.ndarray | None) -> dict[str, Any]:
    try:
        theirs = np.asarray(PEERS[reader][0](path))
    except BaseException as error:
        return {"outcome": "refused", "why": f"{type(error).__name__}: {error}"[:200]}
    if ours is None:
        return {"outcome": "read", "shape": theirs.shape}
    if theirs.ndim not in (2, 3) or 0 in theirs.shape:
        return {"outcome": "size", "shape": theirs.shape}
    found = compare(ours, theirs)
    return {"outcome": found.word, "largest": round(found.largest, 7), "what": found.what}


def ask(worker: Confined, path: Path, reader: str, ours: bool = True) -> dict[str, Any]:
    """Return what a reader makes of a file."""
    try:
        answer: dict[str, Any] = worker.ask((str(path), reader, ours), SECONDS)
    except LostError as lost:
        return {"outcome": lost.outcome, "why": str(lost)}
    return answer


def files_in(folder: Path) -> list[Path]:
    """Return the regular files of a folder and those below it, without hidden ones."""
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(p.startswith(".") for p in path.relative_to(folder).parts)
    ]


def kept(out: Path) -> list[dict[str, Any]]:
    """Return the rows of an earlier run; a line that was cut off is dropped from the file."""
    if not out.exists():
        return []
    whole = [line for line in out.read_text().splitlines(keepends=True) if line.endswith("\n")]
    out.write_text("".join(whole))
    return [json.loads(line) for line in whole]


def run(folder: Path, out: Path, readers: list[str], jobs: int) -> list[dict[str, Any]]:
    """Return one row per file; rows are appended to ``out`` as they come, and taken from there."""
    rows = kept(out)
    done = {(row["file"], row["bytes"], tuple(row["tried"])) for row in rows}
    waiting = [
        path
        for path in files_in(folder)
        if (path.relative_to(folder).as_posix(), path.stat().st_size, tuple(readers)) not in done
    ]
    free = [Confined(serve) for _ in range(min(jobs, len(waiting)))]
    start = time.monotonic()

    def read(path: Path) -> dict[str, Any]:
        worker = free.pop()
        try:
            ours = ask(worker, path, "")
            sound = ours["outcome"] in ("read", "refused")
            row: dict[str, Any] = {
                "file": path.relative_to(folder).as_posix(),
                "bytes": path.stat().st_size,
                "tried": readers,
                "ours": ours,
                "readers": {name: ask(worker, path, name, sound) for name in suited(readers, path)},
            }
        finally:
            free.append(worker)
        return row

    with ThreadPoolExecutor(max(1, len(free))) as pool, out.open("a") as file:
        for index, row in enumerate(pool.map(read, waiting), start=1):
            rows.append(row)
            file.write(json.dumps(row) + "\n")
            file.flush()
            if index % 100 == 0 or index == len(waiting):
                print(f"{index} of {len(waiting)} files, {time.monotonic() - start:.0f} s")
    for worker in free:
        worker.close()
    return rows


def worth_a_look(row: dict[str, Any]) -> list[str]:
    """Return what is odd about a row, in words; empty for one that needs no look."""
    ours, peers = row["ours"], row["readers"]
    if ours["outcome"] in ("crash", "hang", "untyped"):
        return [f"hdrmetrics: {ours['outcome']} ({ours['why']})"]
    if ours["outcome"] == "refused":
        readers = [name for name, found in peers.items() if found["outcome"] == "read"]
        return [f"refused ({ours['why']}), read by {', '.join(readers)}"] if readers else []
    said = {name: found for name, found in peers.items() if found["outcome"] != "refused"}
    odd = [
        f"{name}: {found['outcome']} {found.get('what', '')} {found.get('largest', '')}".rstrip()
        for name, found in said.items()
        if found["outcome"] not in FINE and BY_DESIGN.get(name) != found["outcome"]
    ]
    return odd or ([] if said or not peers else ["read by nobody else"])


def report(rows: list[dict[str, Any]], title: str) -> str:
    """Return the run as Markdown: a table of formats and readers, then what is worth a look."""
    cells: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    counts: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    for row in rows:
        kind = row["ours"].get("format") or Path(row["file"]).suffix.lower() or "(no ending)"
        counts[kind] += 1
        refused[kind] += row["ours"]["outcome"] != "read"
        for name, found in row["readers"].items():
            cells[kind][name][found["outcome"]] += 1
    names = sorted({name for found in cells.values() for name in found})
    table = markdown_table(
        ["format", "files", "not read", *names],
        [
            [kind, str(counts[kind]), str(refused[kind]),
             *(", ".join(f"{n} {word}" for word, n in cells[kind][name].most_common())
               for name in names)]
            for kind in sorted(counts)
        ],
        right=(1, 2),
    )  # fmt: skip
    odd = [(row["file"], worth_a_look(row)) for row in rows]
    lines = [f"# {title}", "", f"{len(rows)} files.", "", table, "", "## Worth a look", ""]
    lines += [f"- `{_shown(name)}`: {'; '.join(words)}" for name, words in sorted(odd) if words]
    return "\n".join(lines) + "\n"


def _shown(name: str) -> str:
    """Return a name on one line and in UTF-8, which those of files need not be."""
    return name.encode(errors="backslashreplace").decode().replace("\n", "\\n")


def main() -> None:
    """Compare the files of a folder, and write ``OUT.jsonl`` and ``OUT.md``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, default=Path("readers"), help="without an ending")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--readers", nargs="+", choices=list(PEERS), help="all that are installed")
    arguments = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    there = installed()
    readers = arguments.readers or [name for name in there if name not in UNASKED]
    missing = [name for name in readers if name not in there]
    if missing:
        parser.error(f"not installed: {', '.join(missing)}")
    print(f"readers: {', '.join(readers)}")
    rows = run(arguments.folder, arguments.out.with_suffix(".jsonl"), readers, arguments.jobs)
    title = f"Readers compared: {', '.join(readers)}"
    write_text(arguments.out.with_suffix(".md"), report(rows, title))
    odd = sum(bool(worth_a_look(row)) for row in rows)
    print(f"{odd} of {len(rows)} files are worth a look; see {arguments.out.with_suffix('.md')}")


if __name__ == "__main__":
    main()
