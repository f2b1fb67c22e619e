"""Fixtures that several test files use."""

import ctypes
import os
import subprocess
from pathlib import Path

import pytest

os.environ["PYDEX_CACHE"] = "off"  # what the tests see is compiled by this pydex; test_cache.py has its own directories


@pytest.fixture(scope="session")
def compiled_c(tmp_path_factory):
    """runtime_kernels.c: hand-written C in the place of compiled code. compiled_c(name, signature, on_raise) is the
    callable of one of its entries."""
    from pydex import runtime

    here, library = Path(__file__).parent, runtime.library()
    target = tmp_path_factory.mktemp("kernels") / "kernels.so"
    headers = Path(runtime.__file__).parent / "src"
    command = ["cc", "-O1", "-shared", "-fPIC", f"-I{headers}", here / "runtime_kernels.c", library]
    subprocess.run([*command, f"-Wl,-rpath,{library.parent}", "-o", target], check=True)
    code = ctypes.CDLL(str(target))

    def entry(name, signature, on_raise):
        address = ctypes.cast(getattr(code, name), ctypes.c_void_p).value
        return runtime.function(address, signature, on_raise, code)

    return entry
