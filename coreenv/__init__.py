"""A Core War machine: assembler, MARS, battles, measures, and a hill of warriors."""

__version__ = "0.1.0"

ENGINE_VERSION = 1
"""Version of the machine's semantics. It changes whenever any battle could end differently."""

MADE_BY = f"corewar-dei {__version__} / engine {ENGINE_VERSION}"
"""Names what made a result; every stored result carries it."""
