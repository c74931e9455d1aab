"""The fair test of what diversity and the exchange bring: what `dei compare` does.

Every condition runs with every seed and the same number of calls. A finished run leaves a small
result, and runs whose result is there are not run again; an unfinished run goes on from its
record. So the command can be stopped and started again at will, and ends with the same report.

runs/RUN/              run folders of searches at work, see dei_agents/run_folder.py
results/RUN.json       what each finished run came to
comparison.json        all figures and differences
report.html            the same to look at
RESULTS.md             the same to read, beside the folder of results
"""

import os
import platform
import re
import shutil
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from coreenv.redcode import Warrior
from dei_agents.compare_config import CompareConfig, Run
from dei_agents.config import ConfigError, RunConfig
from dei_agents.engine.local import LocalEngine
from dei_agents.ensemble import Ensemble
from dei_agents.run_folder import open_folder, write_json
from dei_agents.runlog import node_log
from dei_agents.search import check
from eval.comparison_page import comparison_page
from eval.comparison_plots import results_picture
from eval.comparison_report import ComparisonReport
from eval.comparison_text import results_text
from eval.comparison_trials import compare_trials
from eval.files import write_whole
from eval.protocol import QUICK
from eval.record import EventReader
from eval.trial import Condition, Trial, TrialRun
from eval.trial_measure import Gauge, measure

Tell = Callable[[str], None]
"""Takes a line about the progress."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a comparison keeps what.

    Attributes:
        out: runs, report and comparison.json.
        results: a small file for every finished run; RESULTS.md and RESULTS.png stand beside it.
    """

    out: Path
    results: Path

    def folder(self, run: Run) -> Path:
        return self.out / "runs" / run.folder

    def file(self, run: Run, condition: Condition) -> Path:
        return self.results / run.file(condition)

    def make(self) -> None:
        (self.out / "runs").mkdir(parents=True, exist_ok=True)
        self.results.mkdir(parents=True, exist_ok=True)


def compare(
    config: CompareConfig, runs: Sequence[Run], place: Place, *, jobs: int, tell: Tell
) -> ComparisonReport:
    """Run what is not finished, and report on all that is, even if it is stopped half-way.

    Args:
        config: of the comparison.
        runs: its runs.
        place: where they are kept.
        jobs: runs at once.
        tell: is told about the progress.

    Raises:
        ConfigError: something is wrong with the input, or there are results of another comparison;
            nothing was run.
        RuntimeError: runs did not come to their end; the report has all others.
    """
    hill, initial = check(config.run("heterogeneous", None, config.seeds[0]))
    gauge = Gauge(config.core.config, hill, QUICK, threads=max(1, (os.cpu_count() or 1) // jobs))
    bench = Bench(place, gauge, initial)
    todo = [run for run in runs if not bench.finished(run)]
    place.make()
    tell(f"{len(todo)} of {len(runs)} runs to do, {config.calls:,} calls each")
    try:
        faults = bench.work(todo, jobs, tell)
    finally:
        trials = [trial for run in runs for trial in bench.results(run)]
        if trials:
            report = compare_trials(config.setup(), trials, sum(len(r.conditions) for r in runs))
            write_report(report, trials, place)
    if faults:
        again = "run the same command again to go on with what is missing"
        raise RuntimeError("; ".join((*faults, again)))
    return report


def write_report(report: ComparisonReport, trials: Sequence[Trial], place: Place) -> None:
    """Write all that is there to look at, each file whole or not at all."""
    write_json(place.out / "comparison.json", report)
    write_whole(place.out / "report.html", comparison_page(report))
    beside = place.results.parent
    if picture := results_picture(report):
        write_whole(beside / "RESULTS.png", picture)
    write_whole(beside / "RESULTS.md", results_text(report, trials))


@dataclass(frozen=True, slots=True)
class Bench:
    """Runs searches and measures them.

    Attributes:
        place: where they are kept.
        gauge: what they are measured with.
        initial: opponents of every round.
        stopping: set when everything is to end.
    """

    place: Place
    gauge: Gauge
    initial: tuple[Warrior, ...]
    stopping: threading.Event = field(default_factory=threading.Event)

    def finished(self, run: Run) -> bool:
        """Are all its results there?

        Raises:
            ConfigError: a result is of another comparison.
        """
        return len(self.results(run)) == len(run.conditions)

    def results(self, run: Run) -> list[Trial]:
        """Those that are there."""
        found = []
        for condition in run.conditions:
            path = self.place.file(run, condition)
            if not path.exists():
                continue
            try:
                trial = Trial.model_validate_json(path.read_bytes())
            except ValueError as error:
                raise ConfigError(f"{path} is damaged, remove it: {error}") from None
            if trial.run.digest != self.digest(run, condition):
                raise ConfigError(
                    f"{path} is of another configuration, hill or version; remove it, or choose "
                    "another folder with --results"
                )
            found.append(trial)
        return found

    def digest(self, run: Run, condition: Condition) -> str:
        return run.digest(condition, self.gauge.hill, self.gauge.made_by)

    def work(self, runs: Sequence[Run], jobs: int, tell: Tell) -> list[str]:
        """Bring runs to their end, ``jobs`` at once; returns why some did not."""
        faults = []
        with ThreadPoolExecutor(jobs) as pool:
            under_way = {pool.submit(self.finish, run): run for run in runs}
            try:
                for done, future in enumerate(as_completed(under_way), start=1):
                    name = under_way[future].folder
                    if error := future.exception():
                        if not isinstance(error, RuntimeError | ValueError):
                            raise error
                        faults.append(f"{name}: {error}")
                    tell(f"{done}/{len(runs)} {name}{' failed' if error else ''}")
            except BaseException:
                self.stopping.set()
                pool.shutdown(cancel_futures=True)
                raise
        return faults

    def finish(self, run: Run) -> None:
        """Bring a run to its end and keep what it came to.

        Raises:
            RuntimeError: a node did not come to its end.
        """
        folder = self.place.folder(run)
        self.search(run.config, folder)
        events = [EventReader(node_log(folder, n)).read() for n in range(len(run.models))]
        gauge = replace(self.gauge, progress=lambda _done, _all: self.check_stop())
        last = max(event.at for told in events for event in told)
        for condition in run.conditions:
            file = self.place.file(run, condition)
            if file.exists():  # Stopped between two conditions, measured from one search.
                continue
            trial_run = TrialRun(
                condition=condition,
                member=run.member,
                seed=run.config.seed,
                digest=self.digest(run, condition),
                finished=f"{datetime.fromtimestamp(last, UTC):%Y-%m-%d}",
                machine=machine(),
            )
            trial = measure(trial_run, run.models, events, gauge)
            write_whole(file, trial.model_dump_json() + "\n")
        if not any(node.is_model for node in run.config.nodes):
            shutil.rmtree(folder)  # What it cost was time; the answers of models cost money.

    def search(self, config: RunConfig, folder: Path) -> None:
        """Run the nodes of a search to their end, from where their records end."""
        self.check_stop()
        open_folder(folder, config)
        ensemble = Ensemble(config, folder)
        with LocalEngine(config, folder, self.initial) as engine:
            ensemble.run(engine, lambda _views: self.check_stop())
        for view in ensemble.views:
            if view.state != "finished":
                reason = view.reason or f"its process died, see {folder / 'logs'}"
                raise RuntimeError(f"node {view.node} stopped: {reason}")

    def check_stop(self) -> None:
        """Ctrl-C reaches the main thread alone: here it is passed on to the run's own."""
        if self.stopping.is_set():
            raise KeyboardInterrupt


def machine() -> str:
    """What this program runs on, in words."""
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, {processor()}"


def processor() -> str:
    """Its model if Linux tells it, else what Python knows."""
    info = Path("/proc/cpuinfo")
    text = info.read_text(encoding="utf-8", errors="replace") if info.exists() else ""
    model = re.search(r"^model name\s*: (.+)$", text, re.MULTILINE)
    return model[1] if model else platform.processor() or platform.machine()
