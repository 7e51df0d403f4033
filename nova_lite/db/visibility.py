"""What a caller may see, as conditions of a statement."""

from nova_lite.common.visibility import ALL


def of_project(column, project_id):
    """The conditions, one or none, that rows are of a project.

    :param column: the one that holds the id of a row's project.
    :param project_id: ALL: the rows of every project.
    """
    return () if project_id is ALL else (column == project_id,)
