"""Measurements against peers and published numbers, each one command: `python -m benchmarks NAME`."""
