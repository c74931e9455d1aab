"""What a search leaves on disk.

config.json            the configuration, complete
budget.bin             what every node has spent, while it runs
events/*.jsonl         the record, appended to while the search runs
logs/*.log             what the ensemble and every node did, as JSON lines, see logs.py
summary.json           the figures of the final table
archive.json           merged by claimed fitness
archive_common.json    re-scored under equal conditions
champions/*.red        the champion, and every node's last one
report.html            all of it to look at
"""

from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel

from dei_agents.config import ConfigError, RunConfig
from eval.archive import Archive, ArchiveRecord, Elite, EliteRecord
from eval.files import write_whole
from eval.record import NodeView
from eval.report import write_report
from eval.summary import Summary, merged_archive


def create_folder(out: Path | None, config: RunConfig) -> Path:
    """Make the run folder: ``out``, or the first free ``runs/NAME-NNN``.

    Raises:
        ConfigError: ``out`` exists and is not empty.
    """
    if out is None:
        taken = [int(p.name[-3:]) for p in Path("runs").glob(f"{config.name}-[0-9][0-9][0-9]")]
        out = Path("runs") / f"{config.name}-{max(taken, default=0) + 1:03d}"
    elif out.exists() and (not out.is_dir() or _holds_something(out)):
        raise ConfigError(f"{out} exists and is not an empty folder; choose another --out")
    # First of all: with it the folder is a run, and can be resumed.
    out.mkdir(parents=True, exist_ok=True)
    write_json(out / "config.json", config)
    return out


def open_folder(folder: Path, config: RunConfig) -> None:
    """Make a run folder, or see that it is one of this search.

    Raises:
        RuntimeError: it is of another search.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / "config.json").exists() and load_run(folder).search_difference(config):
        raise RuntimeError(f"{folder} is of another search; remove it")
    write_json(folder / "config.json", config)


def _holds_something(folder: Path) -> bool:
    """Anything but a draft of a configuration, which a kill in the first moment may leave."""
    return any(not path.match(".config.json.*.draft") for path in folder.iterdir())


def discard_results(folder: Path) -> None:
    """Take away what a run that goes on will write anew."""
    for name in ("summary.json", "archive.json", "archive_common.json", "report.html"):
        (folder / name).unlink(missing_ok=True)


def load_run(folder: Path) -> RunConfig:
    """The configuration of an existing run folder.

    Raises:
        ConfigError: it is no run folder.
    """
    try:
        return RunConfig.model_validate_json((folder / "config.json").read_text(encoding="utf-8"))
    except OSError:
        raise ConfigError(f"{folder} is not a run folder: it has no config.json") from None
    except ValueError as error:
        raise ConfigError(f"{folder / 'config.json'} is damaged: {error}") from None


def write_results(
    folder: Path,
    config: RunConfig,
    summary: Summary,
    views: Sequence[NodeView],
    common: Archive[Elite],
) -> None:
    """Write everything a finished search leaves behind, each file whole or not at all."""
    for name, text in archive_files(config, summary.made_by, views, common).items():
        write_whole(folder / name, text)
    (folder / "champions").mkdir(exist_ok=True)
    if summary.champion is not None:
        write_whole(folder / "champions" / "champion.red", summary.champion.redcode)
    for view in views:
        if view.published:
            elite = view.published[-1].elite
            write_whole(folder / "champions" / f"node-{view.node}.red", elite.redcode)
    write_report(folder, summary, views, merged_archive(views), common)
    write_json(folder / "summary.json", summary)


def archive_files(
    config: RunConfig, made_by: str, views: Sequence[NodeView], common: Archive[Elite]
) -> dict[str, str]:
    """The archives of a search as JSON, by file name."""
    common_records: Archive[EliteRecord] = Archive(map(EliteRecord.of, common))
    archives = {"archive.json": merged_archive(views), "archive_common.json": common_records}
    return {
        name: as_json(
            ArchiveRecord(made_by=made_by, core=config.core.config.to_dict(), elites=tuple(archive))
        )
        for name, archive in archives.items()
    }


def as_json(model: BaseModel) -> str:
    return model.model_dump_json(indent=1) + "\n"


def write_json(path: Path, model: BaseModel) -> None:
    write_whole(path, as_json(model))
