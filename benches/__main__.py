"""`make bench`: every bench in turn."""

import runpy
import sys

for name in sys.argv[1:] or ("sandbox", "containers", "store", "apiserver", "scheduler", "rollout", "cluster"):
    print(f"\n{name}\n")
    sys.argv = [f"benches/{name}.py"]
    runpy.run_module(f"benches.{name}", run_name="__main__")
