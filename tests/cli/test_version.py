import subprocess
import sys


def test_module_and_command_are_one():
    told = subprocess.run([sys.executable, "-m", "podvisor"], capture_output=True, text=True, check=True)
    assert told.stdout.startswith("podvisor ")
