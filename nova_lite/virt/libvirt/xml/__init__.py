"""Libvirt's XML as Python classes: each path is said once, and both writes and reads."""
