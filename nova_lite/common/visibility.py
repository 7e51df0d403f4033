"""Whose resources a caller may see: those of one project, or ALL.  See ``RequestContext.visible_project``."""

import enum


class Visible(enum.Enum):
    """Stands where a project's id would.  It is no text, so that no query compares it with one by mistake."""

    ALL = "the resources of all projects"


ALL = Visible.ALL
#: Stands for the project of a caller that has none.  No project has this id, so such a caller finds nothing by it.
NO_PROJECT = ""
