"""What microversions up to 2.102 have and later ones do not: proxies of other services, and what Nova took away."""
