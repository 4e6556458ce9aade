"""Structural schemas: what custom objects look like, and what becomes of those that do not.

Decides what is pruned, defaulted and refused, and which schemas are structural. Does not know what a definition is, nor
where objects are kept. Every room may call it.

https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
"""

from podvisor.types.structural.node import Node, compile
from podvisor.types.structural.reading import Read, default, read, write_whole_numbers

__all__ = ["Node", "Read", "compile", "default", "read", "write_whole_numbers"]
