"""Benchmarks: each file ends with the command that reproduces its table."""
