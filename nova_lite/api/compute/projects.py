"""Whether a project that a request names exists."""

from nova_lite.common import exceptions


def check(identity, context, project_id):
    """:raises BadRequest: there is no such project.  The caller's own is not looked up."""
    if project_id != context.project_id and identity.projects.find(project_id) is None:
        raise exceptions.BadRequest(f"Project ID {project_id} is not a valid project.")
