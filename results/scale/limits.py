"""Measures what the process that gives out the work can do, where scoring costs nothing.

    python -m results.scale.limits               # minutes

Writes ``results/scale/limits.json`` and ``limits.md``: reading a list of 250,000 pictures, giving
out shards by each engine that is installed, and reading the records. The worker is a made-up
one that looks at nothing. Memory is what the process has at most above what it had before.
"""

from __future__ import annotations

import importlib
import importlib.util
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from hdrmetrics.collection.item import Item
from hdrmetrics.collection.plan import Plan
from hdrmetrics.collection.record import Record
from hdrmetrics.collection.sharding import errand
from hdrmetrics.collection.sharding.crew import Outcome
from hdrmetrics.collection.sharding.crews import open_crew
from hdrmetrics.collection.sharding.errand import Answer, Job, Order
from hdrmetrics.collection.sharding.manifest import Manifest, items_in
from hdrmetrics.collection.sharding.sharded import score_shards
from hdrmetrics.collection.sharding.shards import cut
from hdrmetrics.result import Score
from hdrmetrics.text.markdown import markdown_table
from hdrmetrics.text.textfile import write_text
from results.common.costs import forget_peak, processor_time, resident
from results.common.files import keep

HERE = Path(__file__).parent
PLAN = Plan(("nima", "norvdpnet"))
PICTURES = 250_000
SHARD = 4096
JOBS = 300


class Looking:
    """A worker that looks at nothing."""

    batch = 1

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    def __call__(self, item: Item) -> Record:
        scores = {
            name: Score(name, hash(item.name) / 7, "", (0.0, 10.0), True, {"version": "1"})
            for name in self.plan.metrics
        }
        return Record(item.path, item.name, "ab" * 32, 4000, 3000, scores)


class Here:
    """An engine that does jobs in this process."""

    def __init__(self) -> None:
        self.job: tuple[Order, Job] | None = None

    def free(self) -> int:
        return int(self.job is None)

    def submit(self, order: Order, job: Job) -> None:
        self.job = order, job

    def outcomes(self) -> Iterator[Outcome]:
        if self.job is not None:
            (order, job), self.job = self.job, None
            yield Outcome(job, errand.do(order, job))

    def close(self) -> None:
        """Nothing is open."""


def idle(order: Order, job: Job) -> Answer:
    """Do nothing."""
    return Answer()


def cost(job: Callable[[], Any]) -> dict[str, float]:
    """Return the processor's seconds of a call, and the MiB it took at most."""
    before = resident("VmRSS")
    forget_peak()
    start = processor_time()
    job()
    return {"seconds": processor_time() - start, "mib": (resident() - before) / 1024}


def through(source: Iterator[Any]) -> Callable[[], int]:
    """Return a call that goes through something and keeps nothing."""
    return lambda: sum(1 for _ in source)


def given_out(engine: str) -> dict[str, float]:
    """Return the seconds of giving out one job by an engine with two workers."""
    order, jobs = (
        Order("{}", "nowhere"),
        [Job(i, 0, 1, "x", (("a", "a"),) * 256) for i in range(JOBS)],
    )
    module = importlib.import_module(f"hdrmetrics.collection.sharding.{engine}_crew")
    kept, module.do = module.do, idle  # type: ignore[attr-defined]
    crew = open_crew(engine, workers=2)
    try:
        left = 0
        start = time.perf_counter()
        for number, job in enumerate(jobs):
            if number == JOBS // 3:  # processes have started by then
                start = time.perf_counter()
            while crew.free() < 1:
                left -= len(list(crew.outcomes()))
            crew.submit(order, job)
            left += 1
        seconds = time.perf_counter() - start
        while left:
            left -= len(list(crew.outcomes()))
    finally:
        crew.close()
        module.do = kept  # type: ignore[attr-defined]
    return {"clock seconds each": seconds / (JOBS - JOBS // 3)}


def main() -> None:
    """Measure, and write both files."""
    errand._made = lambda plan: Looking(PLAN)  # type: ignore[assignment]
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "list.txt"
        file.write_text(
            "".join(f"s3://photographs/{i % 997}/IMG_{i:09d}.jpg\n" for i in range(PICTURES))
        )
        found["list read and its digest made"] = cost(lambda: cut(Manifest(file), PLAN, SHARD))
        near = Path(folder) / "near.txt"
        near.write_text("".join(f"/p/IMG_{i:09d}.jpg\n" for i in range(PICTURES)))
        out = Path(folder) / "out"
        found["records made and written"] = cost(
            lambda: score_shards(items_in(near), PLAN, out, engine=Here(), shard=SHARD)
        )
        keep(HERE / "limits.json", found)
        shards = score_shards(items_in(near), PLAN, out, engine=Here(), shard=SHARD)
        found["call again with all done"] = cost(
            lambda: score_shards(items_in(near), PLAN, out, engine=Here(), shard=SHARD)
        )
        found["frames() gone through"] = cost(through(shards.frames()))
        found["frame(), all at once"] = cost(shards.frame)
        found["records() gone through"] = cost(through(shards.records()))
        keep(HERE / "limits.json", found)
    for engine, package in (("local", "concurrent"), ("dask", "distributed"), ("ray", "ray")):
        if importlib.util.find_spec(package):
            found[f"a shard given out by {engine}"] = given_out(engine)
            keep(HERE / "limits.json", found)
    write_text(HERE / "limits.md", report(found))


def report(found: dict[str, Any]) -> str:
    """Return the table."""
    rows = []
    for what, one in found.items():
        cells = [f"{value:,.4g} {name}" for name, value in one.items()]
        rows.append([what, ", ".join(cells)])
    return (
        "# What the giving out of work costs\n\n"
        "Made by `python -m results.scale.limits`, which says how. 250,000 pictures, shards of "
        f"{SHARD}, two made-up metrics; `mib` is memory above what the process had before. The "
        "machine did other work at the same time.\n\n"
        f"{markdown_table(['what', 'cost'], rows)}\n"
    )


if __name__ == "__main__":
    main()
