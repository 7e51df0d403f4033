"""What clients ask about the image service itself: schemas, ways to import, stores."""

from nova_lite.api.image import schema
from nova_lite.api.image.access import allow


class Info:
    def __init__(self, images):
        self._images = images

    def image_schema(self, req):
        return schema.image()

    def images_schema(self, req):
        return schema.many("images", schema.image())

    def member_schema(self, req):
        return schema.member()

    def members_schema(self, req):
        return schema.many("members", schema.member())

    def import_methods(self, req):
        """None: data comes by PUT /v2/images/{id}/file."""
        return {"import-methods": {"description": "Import methods available.", "type": "array", "value": []}}

    def stores(self, req):
        return {"stores": [{"id": "embedded", "default": "true"}]}

    def stores_detail(self, req):
        allow(req.context, "stores_info_detail")
        return {"stores": [{"id": "embedded", "default": "true", "type": "file", "weight": 0, "properties": {}}]}

    def usage(self, req):
        """What the project uses and may; there is no staging area to be limited."""
        return {"usage": self._images.usage(req.context)}
