"""Benchmarks that hold the promises of doc/specification.rst: ``python -m bench``."""
