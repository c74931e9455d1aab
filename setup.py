"""Builds the Cython kernel; everything else is in pyproject.toml."""

from Cython.Build import cythonize
from setuptools import Extension, setup

setup(
    ext_modules=cythonize(
        [
            Extension(
                "coreenv._mars",
                ["coreenv/_mars.pyx"],
                depends=["coreenv/_kernel.h"],
                extra_compile_args=["-O3", "-g0", "-fvisibility=hidden"],
            )
        ],
        build_dir="build",
        language_level=3,
    )
)
