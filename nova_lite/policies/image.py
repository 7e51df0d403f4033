"""Who may do what with images.  Names and defaults are Glance's."""

from nova_lite.policies.base import rule

ADMIN = "rule:context_is_admin"
OWNING_MEMBER = f"{ADMIN} or (role:member and project_id:%(project_id)s)"
OWNING_READER = f"{ADMIN} or (role:reader and project_id:%(project_id)s)"
_SEEN = ("(project_id:%(project_id)s or project_id:%(member_id)s or 'community':%(visibility)s or "
         "'public':%(visibility)s or 'shared':%(visibility)s)")
IMAGE = "/v2/images/{image_id}"

RULES = [
    rule("add_image", f"{ADMIN} or (role:member and project_id:%(project_id)s and project_id:%(owner)s)",
         "Register an image.", "POST /v2/images"),
    rule("delete_image", OWNING_MEMBER, "Delete an image.", f"DELETE {IMAGE}"),
    rule("get_image", f"{ADMIN} or (role:reader and {_SEEN})", "Show an image.", f"GET {IMAGE}"),
    rule("get_images", OWNING_READER, "List images.", "GET /v2/images"),
    rule("modify_image", OWNING_MEMBER, "Change an image.",
         f"PATCH {IMAGE}", f"PUT {IMAGE}/tags/{{tag}}", f"DELETE {IMAGE}/tags/{{tag}}"),
    rule("publicize_image", ADMIN, "Make an image public.", "POST /v2/images", f"PATCH {IMAGE}"),
    rule("communitize_image", OWNING_MEMBER, "Make an image usable by everybody who knows its id.",
         "POST /v2/images", f"PATCH {IMAGE}"),
    rule("download_image", f"{ADMIN} or role:service or (role:member and {_SEEN})",
         "Download an image's data; hosts do, too, with the role service.", f"GET {IMAGE}/file"),
    rule("upload_image", OWNING_MEMBER, "Upload an image's data.", f"PUT {IMAGE}/file"),
    rule("deactivate", OWNING_MEMBER, "Forbid to download or boot an image.", f"POST {IMAGE}/actions/deactivate"),
    rule("reactivate", OWNING_MEMBER, "Allow it again.", f"POST {IMAGE}/actions/reactivate"),
    rule("add_member", OWNING_MEMBER, "Share an image with a project.", f"POST {IMAGE}/members"),
    rule("delete_member", OWNING_MEMBER, "Stop to share an image with a project.",
         f"DELETE {IMAGE}/members/{{member_id}}"),
    rule("get_member", f"{ADMIN} or role:reader and (project_id:%(project_id)s or project_id:%(member_id)s)",
         "Show one project that an image is shared with.", f"GET {IMAGE}/members/{{member_id}}"),
    rule("get_members", f"{ADMIN} or role:reader and (project_id:%(project_id)s or project_id:%(member_id)s)",
         "List the projects that an image is shared with.", f"GET {IMAGE}/members"),
    rule("modify_member", f"{ADMIN} or (role:member and project_id:%(member_id)s)",
         "Accept or reject an image shared with the caller's project.", f"PUT {IMAGE}/members/{{member_id}}"),
    rule("stores_info_detail", f"{ADMIN} or role:service", "Show how the image store is set up.",
         "GET /v2/info/stores/detail"),
]
