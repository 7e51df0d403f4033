"""An OpenStack-compatible cloud for virtual machines: API, conductor, scheduler, compute, one package."""

__version__ = "0.1.0"
