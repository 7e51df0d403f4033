"""What a rescue changes in the database: the image that the server is rescued from."""

from nova_lite.conductor.effects.base import ServerEffect


class RescueServer(ServerEffect):
    """Its argument ``image_id`` is the image that the guest boots from."""

    def for_host(self, operation, server, images):
        image_id = operation.args.get("image_id")
        return super().for_host(operation, server, images) | {
            "image": images.bootable(image_id) if image_id else None}


class UnrescueServer(ServerEffect):
    def succeeded(self, session, operation, outcome):
        return super().succeeded(session, operation, outcome) | {"rescue_image_id": None}
