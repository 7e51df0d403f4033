"""What ``rpcapi.ConductorAPI`` asks, one class a subject.  A host that reports what is not its own is refused."""
