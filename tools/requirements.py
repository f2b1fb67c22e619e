"""Prints the dependencies of pyproject.toml with the named extras, one a line, for pip's -r.

`python tools/requirements.py test,dev`
"""

import sys
import tomllib
from pathlib import Path


def requirements(extras: list[str]) -> list[str]:
    """The project's dependencies followed by those of each extra.

    Raises: KeyError, naming the extra, if pyproject.toml has none of that name.
    """
    root = Path(__file__).resolve().parent.parent
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    return [*project["dependencies"], *(line for extra in extras for line in project["optional-dependencies"][extra])]


if __name__ == "__main__":
    print("\n".join(requirements([name for name in "".join(sys.argv[1:]).split(",") if name])))
