"""`python -m podvisor` is the command `podvisor`."""

from podvisor.cli import main

if __name__ == "__main__":
    main()
