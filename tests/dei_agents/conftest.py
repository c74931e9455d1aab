"""A Ray cluster for the tests that need one."""

from collections.abc import Iterator

import pytest

from tests.loopback import loopback


@pytest.fixture(scope="module")
def ray_cluster() -> Iterator[None]:
    """Ray on this machine, and a driver connected to it; nobody outside can reach it."""
    import ray

    with loopback():
        ray.init(
            num_cpus=4,
            include_dashboard=False,
            log_to_driver=False,
            logging_level="WARNING",
            namespace="tests",
        )
        try:
            yield
        finally:
            ray.shutdown()
