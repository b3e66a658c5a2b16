"""The site that `make docs` builds; sphinx reads this.

The source is the whole repository, so that a relative link leads to the same page here and there.
"""

import re

from gridr_dask import __version__

project = "gridr_dask"
version = release = __version__
html_title = f"{project} {version}"
extensions = ["sphinx.ext.autodoc", "myst_nb", "numpydoc"]

root_doc = "docs/index"
include_patterns = ["*.md", "deploy/**", "docs/**", "notebooks/*.ipynb"]
exclude_patterns = [".*", "build", "demo-output", "gridr_dask", "rust", "tests"]

# Types are in the docstrings, for people. What `single quotes` name is linked where it is on the site.
autodoc_typehints = "none"
default_role = "py:obj"
toc_object_entries_show_parents = "hide"
numpydoc_show_class_members = False
highlight_language = "none"
myst_heading_anchors = 4
nb_execution_mode = "off"

templates_path = ["templates"]
html_theme = "pydata_sphinx_theme"
html_additional_pages = {"index": "home.html"}
html_sidebars = {"**": ["navigation.html"]}
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "navbar_center": [],
    "footer_start": [],
    "footer_end": [],
    "pygments_light_style": "default",
    "pygments_dark_style": "github-dark",
    "show_prev_next": False,
}


def navigation(text):
    """Return what sphinx needs to know of the sections of docs/index.md and the pages that each names."""
    for section in text.split("\n## ")[1:]:
        title, _, body = section.partition("\n")
        pages = dict.fromkeys(re.findall(r"\]\(([^):#]+)\)", body))
        yield "\n".join(["", "```{toctree}", ":hidden:", f":caption: {title}", "", *pages, "```", ""])


def setup(app):
    """Make the navigation of docs/index.md, which so has to name every page."""

    def add(app, name, source):
        if name == root_doc:
            source[0] += "".join(navigation(source[0]))

    app.connect("source-read", add)
