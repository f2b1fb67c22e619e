"""Builds the native runtime with CMake; everything else is in pyproject.toml."""

import subprocess
import sys
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext


class CMakeBuild(build_ext):
    """Runs CMake once; libpydex_rt and _native land beside the Python half of pydex.runtime."""

    def run(self) -> None:
        root = Path(__file__).resolve().parent
        target = (root if self.inplace else Path(self.build_lib).resolve()) / "pydex" / "runtime"
        build = root / "build" if self.inplace else Path(self.build_temp).resolve()
        options = [f"-DPYDEX_RUNTIME_DIR={target}", f"-DPython_EXECUTABLE={sys.executable}"]
        subprocess.run(["cmake", "-S", root, "-B", build, *options], check=True)
        subprocess.run(["cmake", "--build", build], check=True)


setup(ext_modules=[Extension("pydex.runtime._native", sources=[])], cmdclass={"build_ext": CMakeBuild})
