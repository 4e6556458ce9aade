"""Print the requirements that pyproject.toml declares, with the extras named on the command line."""

import sys
import tomllib
from pathlib import Path

project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
extras = project["optional-dependencies"]
print("\n".join(project["dependencies"] + [line for extra in sys.argv[1:] for line in extras[extra]]))
