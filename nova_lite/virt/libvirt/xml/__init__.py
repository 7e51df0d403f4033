"""libvirt's XML as Python classes: each path is declared once, for writing and for reading."""
