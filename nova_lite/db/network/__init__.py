"""Queries of networks, subnets, ports, addresses and security groups, one module a resource."""
