"""A Core War machine: assembler, MARS, battles, measures, and a hill of warriors."""

from gymnasium.envs.registration import register, registry

__version__ = "0.1.0"

ENGINE_VERSION = 1
"""Version of the machine's semantics. It changes whenever any battle could end differently."""

MADE_BY = f"corewar-dei {__version__} / engine {ENGINE_VERSION}"
"""Names what made a result; every stored result carries it."""

if "CoreWar-v0" not in registry:
    register(
        "CoreWar-v0",
        entry_point="coreenv.gym_env:CoreWarEnv",
        vector_entry_point="coreenv.gym_vector:CoreWarVectorEnv",
    )
