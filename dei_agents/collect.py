"""`dei collect`: fetch a run folder from whichever machine of a Ray cluster has it."""

from pathlib import Path, PurePath
from tempfile import TemporaryDirectory
from typing import Any

from dei_agents.config import ConfigError
from dei_agents.run_folder import load_run
from eval.cluster import cluster, library

Files = dict[PurePath, bytes]


def collect(run: PurePath, out: Path, address: str) -> str:
    """Copy a run from a cluster to this machine, whole or not at all.

    A run at work is copied as it is at the moment: what its record holds so far.

    Args:
        run: the run folder, an absolute path on the machine that has it.
        out: where to; must not exist, or be empty.
        address: of the cluster.

    Returns:
        The address of the machine that had it.

    Raises:
        ConfigError: no machine has such a run, or ``out`` holds something.
        ConnectionError: no cluster answers at the address.
    """
    if not run.is_absolute():
        raise ConfigError(f"{run} must be an absolute path, as on the machine that has the run")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ConfigError(f"{out} exists and is not an empty folder; choose another --out")
    machine, files = _newest(run, address)
    out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as beside:
        draft = Path(beside) / out.name
        for name, data in files.items():
            path = draft / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        load_run(draft)
        draft.replace(out)
    return machine


def _newest(run: PurePath, address: str) -> tuple[str, Files]:
    """The copy whose record is longest, should more than one machine have one."""
    ray = library()
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    with cluster(address):
        task = ray.remote(num_cpus=0, max_retries=0)(files_of)
        asked: dict[str, Any] = {
            machine["NodeManagerAddress"] + " " + machine["NodeID"]: task.options(
                scheduling_strategy=NodeAffinitySchedulingStrategy(machine["NodeID"], soft=False)
            ).remote(run)
            for machine in ray.nodes()
            if machine["Alive"]
        }
        found = {machine: files for machine, ref in asked.items() if (files := ray.get(ref))}
    if not found:
        raise ConfigError(f"no machine of the cluster has a run folder {run}")
    machine = max(found, key=lambda machine: _events(found[machine]))
    return machine.split()[0], found[machine]


def _events(files: Files) -> int:
    return sum(len(data) for name, data in files.items() if name.parts[0] == "events")


def files_of(run: PurePath) -> Files:
    """All files of a run folder on this machine, none if it is none."""
    if not Path(run, "config.json").is_file():
        return {}
    paths = [path for path in sorted(Path(run).rglob("*")) if path.is_file()]
    return {path.relative_to(run): path.read_bytes() for path in paths}
