"""Figures, each beside its target and beside what else does the same on this machine in the same run."""
