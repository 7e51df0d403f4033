"""How Sphinx builds the documentation: sphinx-build -W -b html doc doc/build/html."""

import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [ROOT, os.path.join(ROOT, "doc", "_ext")]

from nova_lite import __version__  # noqa: E402 - the path above must be set first
from nova_lite.cmd import preload  # noqa: E402

preload.quiet_libraries()

project = "nova_lite"
author = "the nova_lite authors"
project_copyright = "the nova_lite authors, Apache License 2.0"
version = release = __version__
extensions = ["sphinx.ext.graphviz", "declared", "pictures", "reference"]
graphviz_output_format = "svg"
exclude_patterns = ["build"]
html_theme = "furo"
html_title = "nova_lite"
html_static_path = ["_static"]
html_css_files = ["nova_lite.css"]
html_show_sourcelink = False
highlight_language = "none"
