"""Data planes: what makes of desired state a network that carries packets."""
