"""Builds the Cython kernel; everything else is in pyproject.toml."""

from Cython.Build import cythonize
from setuptools import Extension, setup

# The kernel is a few functions of hundreds of handlers that jump to one another. Passes that look
# for loops and common code among them take most of the compiler's time and gain nothing;
# vectorising and merging handlers makes them slower.
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
