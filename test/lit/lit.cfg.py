"""lit configuration: `python -m lit test/lit` with the virtual environment's tools."""

import os
import shutil
import sys

import lit.formats

config.name = "pydex"  # noqa: F821
config.test_format = lit.formats.ShTest(execute_external=False)  # noqa: F821
config.suffixes = [".mlir", ".test"]  # noqa: F821
config.test_source_root = os.path.dirname(__file__)  # noqa: F821
root = os.path.dirname(os.path.dirname(config.test_source_root))  # noqa: F821
config.test_exec_root = os.path.join(root, "build", "lit")  # noqa: F821
config.environment["PYTHONPATH"] = root  # noqa: F821
config.environment["PATH"] = os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"]  # noqa: F821
config.environment.pop("PYDEX_DEBUG", None)  # noqa: F821
config.substitutions += [  # noqa: F821
    ("%pydex-opt", f"{sys.executable} -m pydex.tools.pydex_opt"),
    ("pydex-opt", f"{sys.executable} -m pydex.tools.pydex_opt"),
    ("%python", sys.executable),
]

for tool in ("mlir-opt", "mlir-runner"):
    path = shutil.which(f"{tool}-22") or shutil.which(tool)
    if path:
        config.available_features.add(tool)  # noqa: F821
        config.substitutions.append((f"%{tool}", path))  # noqa: F821
    else:
        print(f"lit: {tool}-22 is not installed: the tests that need it are skipped", file=sys.stderr)
