"""Samples: for each kind objects with one mistake, and what is said about it."""
