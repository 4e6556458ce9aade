"""`make bench`: every bench in turn."""

import runpy
import sys

ALL = "sandbox", "containers", "images", "store", "apiserver", "watches", "scheduler", "rollout", "cluster", "network"

for name in sys.argv[1:] or ALL:
    print(f"\n{name}\n")
    sys.argv = [f"benches/{name}.py"]
    runpy.run_module(f"benches.{name}", run_name="__main__")
