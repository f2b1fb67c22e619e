"""The workloads pydex is held to, one file each, and their peers: `python -m benchmarks.run`."""
