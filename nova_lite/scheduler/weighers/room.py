"""Spread: the more a host has left, the better."""


def memory(host):
    return host.free_memory_mb


def vcpus(host):
    return host.free_vcpus


def disk(host):
    return host.free_disk_gb
