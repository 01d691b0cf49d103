"""Crews by the name of their engine."""

from __future__ import annotations

from hdrmetrics.collection.engine import ENGINES
from hdrmetrics.collection.sharding.crew import Crew
from hdrmetrics.errors import OptionError


def open_crew(
    name: str,
    *,
    workers: int | None = None,
    address: str | None = None,
    accelerated: bool = False,
) -> Crew:
    """Return an engine by its name.

    Parameters
    ----------
    name
        ``"local"``: processes of this machine. ``"dask"``: workers of a Dask cluster. ``"ray"``:
        actors of a Ray cluster.
    workers
        Number of processes; by default one for each core of this machine, or of the cluster.
    address
        Of the cluster's scheduler (``tcp://host:8786``), or of its head (``ray://host:10001``,
        ``auto``). Without it a cluster is started on this machine, and ended with the engine.
    accelerated
        Whether workers compute on accelerators: of this machine then one works, unless it is said
        how many; actors of Ray get one each. Who starts workers of Dask sees to it that each has
        its own.

    Raises
    ------
    OptionError
        If there is no such engine, or a number or an address it cannot have.
    MissingPackageError
        If the engine's package is not installed.
    ClusterError
        If the cluster cannot be reached or started.
    """
    if workers is not None and workers < 1:
        raise OptionError(f"at least one worker is needed, not {workers}")
    if name not in ENGINES:
        raise OptionError(f"there is no engine {name!r}: it is {', '.join(ENGINES)}")
    if name == "local":
        from hdrmetrics.collection.sharding.local_crew import LocalCrew

        if address is not None:
            raise OptionError("the local engine has no address: name engine dask or ray, or none")
        return LocalCrew(workers or (1 if accelerated else None))
    if name == "dask":
        from hdrmetrics.collection.sharding.dask_crew import DaskCrew

        alone = accelerated and address is None
        return DaskCrew(workers or (1 if alone else None), address)
    from hdrmetrics.collection.sharding.ray_crew import RayCrew

    return RayCrew(workers, address, accelerated=accelerated)
