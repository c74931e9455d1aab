from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from coreenv.config import CoreConfig
from coreenv.mars import Program, Rounds

MAX_WARRIORS: int

class Machine:
    def __init__(self, config: CoreConfig) -> None: ...
    def enter(self, warriors: Sequence[Program]) -> None: ...
    def play(
        self,
        positions: NDArray[np.int32],
        first: NDArray[np.int32],
        last_standing: bool,
        measures: bool,
        cancel: bytearray | None = None,
    ) -> Rounds: ...
    def core(self) -> NDArray[np.int32]: ...
    def queue(self, warrior: int) -> list[int]: ...
    def pspace(self, warrior: int) -> list[int]: ...
