"""Requests that clients may send again without anything being done twice."""
