"""How Sphinx builds the documentation: sphinx-build -W -b html doc doc/build/html."""

import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [ROOT, os.path.join(ROOT, "doc", "_ext")]

from nova_lite import __version__  # noqa: E402 - the path above must be set first
from nova_lite.cmd import early  # noqa: E402

early.quiet_libraries()

project = "nova_lite"
author = "the nova_lite authors"
project_copyright = "the nova_lite authors, Apache License 2.0"
version = release = __version__
extensions = ["declared"]
exclude_patterns = ["build"]
html_theme = "alabaster"
html_theme_options = {"description": "An OpenStack-compatible cloud for virtual machines in one package",
                      "fixed_sidebar": True, "page_width": "1080px"}
html_sidebars = {"**": ["about.html", "searchfield.html", "navigation.html"]}
html_show_sourcelink = False
highlight_language = "none"
