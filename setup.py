"""Builds the Cython kernel; everything else is in pyproject.toml."""

from Cython.Build import cythonize
from setuptools import Extension, setup

# The first four passes look for loops across hundreds of handlers: minutes of work, slower code.
KERNEL_FLAGS = [
    "-O2",
    "-fno-gcse",
    "-fno-tree-pre",
    "-fno-tree-loop-im",
    "-fno-tree-slp-vectorize",
    "-fno-crossjumping",
    "-g0",
    "-fvisibility=hidden",
]

setup(
    ext_modules=cythonize(
        [
            Extension(
                "coreenv._mars",
                ["coreenv/_mars.pyx"],
                depends=["coreenv/_kernel.h"],
                extra_compile_args=KERNEL_FLAGS,
            )
        ],
        build_dir="build",
        language_level=3,
    )
)
