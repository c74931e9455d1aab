"""Which tests run: plain `pytest` the ordinary ones, `--tier NAME` a long tier, `--benchmark`."""

import signal
from pathlib import Path

import pytest
from hypothesis import settings

TIERS = {"full": "make test-full", "soak": "make soak", "fuzz": "make fuzz"}
BENCHMARKS = Path(__file__).parent / "benchmarks"

settings.register_profile("patient", settings(), deadline=None)  # Any process may be stalled.
settings.load_profile("patient")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--tier",
        choices=sorted(TIERS),
        help="run only the tests of this tier; a skipped test then counts as a failure",
    )
    parser.addoption("--benchmark", action="store_true", help="run tests/benchmarks, only")
    parser.addoption("--rebase", action="store_true", help="make its figures the new baseline")


def pytest_configure() -> None:
    """A background job is started deaf to some signals; the programs under test must hear them."""
    for signum, handler in (
        (signal.SIGINT, signal.default_int_handler),
        (signal.SIGHUP, signal.SIG_DFL),
        (signal.SIGTERM, signal.SIG_DFL),
    ):
        if signal.getsignal(signum) is signal.SIG_IGN:
            signal.signal(signum, handler)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    if collection_path == BENCHMARKS and not config.getoption("--benchmark"):
        return True
    return None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    tier = config.getoption("--tier")
    if config.getoption("--benchmark"):
        wanted = [item for item in items if BENCHMARKS in item.path.parents]
    elif tier:
        wanted = [item for item in items if item.get_closest_marker(tier)]
    else:
        wanted = items
        for item in items:
            for name, command in TIERS.items():
                if item.get_closest_marker(name):
                    item.add_marker(pytest.mark.skip(reason=f"long: run by `{command}`"))
    config.hook.pytest_deselected(items=[item for item in items if item not in set(wanted)])
    items[:] = wanted


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> object:
    report: pytest.TestReport = yield
    if report.skipped and item.config.getoption("--tier") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"a part is missing, and this tier tolerates no skip: {report.longrepr}"
    return report
