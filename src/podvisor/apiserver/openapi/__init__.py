"""The OpenAPI documents: v3, one for each group and version, and v2, one for all.

Derived from the catalogue (paths) and the generated schemas (definitions, descriptions). Built when first asked for
and kept as compressed bytes only.
"""
