"""The image API's table: Glance's v2 without imports, their tasks and metadata definitions."""

from nova_lite.api.image.data import Data
from nova_lite.api.image.images import Images
from nova_lite.api.image.info import Info
from nova_lite.api.image.members import Members
from nova_lite.api.wsgi.routing import Route

_ONE = "/images/{id}"

ROUTES = (
    Route("GET", "/images", "images:index", policy="get_images"),
    Route("POST", "/images", "images:create", policy="add_image"),
    Route("GET", _ONE, "images:show", policy="get_image"),
    Route("PATCH", _ONE, "images:update", policy="modify_image"),
    Route("DELETE", _ONE, "images:delete", policy="delete_image"),
    Route("PUT", _ONE + "/tags/{tag}", "images:add_tag", policy="modify_image"),
    Route("DELETE", _ONE + "/tags/{tag}", "images:remove_tag", policy="modify_image"),
    Route("POST", _ONE + "/actions/deactivate", "images:deactivate", policy="deactivate"),
    Route("POST", _ONE + "/actions/reactivate", "images:reactivate", policy="reactivate"),
    Route("PUT", _ONE + "/file", "data:upload", stream=True, policy="upload_image"),
    Route("GET", _ONE + "/file", "data:download", policy="download_image"),
    Route("GET", _ONE + "/tasks", "images:tasks", policy="get_image"),
    Route("GET", _ONE + "/members", "members:index", policy="get_members"),
    Route("POST", _ONE + "/members", "members:create", policy="add_member"),
    Route("GET", _ONE + "/members/{member_id}", "members:show", policy="get_member"),
    Route("PUT", _ONE + "/members/{member_id}", "members:update", policy="modify_member"),
    Route("DELETE", _ONE + "/members/{member_id}", "members:delete", policy="delete_member"),
    Route("GET", "/schemas/image", "info:image_schema"),
    Route("GET", "/schemas/images", "info:images_schema"),
    Route("GET", "/schemas/member", "info:member_schema"),
    Route("GET", "/schemas/members", "info:members_schema"),
    Route("GET", "/info/import", "info:import_methods"),
    Route("GET", "/info/stores", "info:stores"),
    Route("GET", "/info/stores/detail", "info:stores_detail", policy="stores_info_detail"),
    Route("GET", "/info/usage", "info:usage"),
)


def controllers(facades):
    return {"images": Images(facades.image), "data": Data(facades.image, facades.identity),
            "members": Members(facades.image.members), "info": Info(facades.image)}
