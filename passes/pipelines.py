"""Pipelines: tuples of passes, by name. A comment wherever the order matters."""

PIPELINES: dict[str, tuple[str, ...]] = {}
