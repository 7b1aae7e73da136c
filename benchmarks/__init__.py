"""graphlang beside its peers on the same data, type, threads and machine: `python -m benchmarks`."""
