"""Play a workload a number of times: what callgrind counts. Usage: NAME TIMES."""

import sys

from coreenv.battle import battle_batch
from tests.benchmarks.compare import COUNT_BATTLES
from tests.benchmarks.workloads import WORKLOADS

if __name__ == "__main__":
    name, times = sys.argv[1], int(sys.argv[2])
    battles = WORKLOADS[name](COUNT_BATTLES[name])
    for _ in range(times):
        battle_batch(battles, measures=False)
