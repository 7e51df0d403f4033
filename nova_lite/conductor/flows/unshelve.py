"""The flow that finds a host for a server that comes back from its image: look for the image first, then as a build."""

from nova_lite.common import context as contexts
from nova_lite.common import exceptions
from nova_lite.conductor.flows.build import Build


class Unshelve(Build):
    """:param image: the facade.  :param parts: what a Build is made of."""

    def __init__(self, image, *parts):
        super().__init__(*parts)
        self._image = image

    def unshelve_server(self, context, operation_id):
        """Place it and notify its host.  Without its image it ends in ERROR; without a host it stays offloaded."""
        self.build_server(context, operation_id)

    def _choose(self, context, operation):
        image_id = operation.args.get("image_id")
        try:
            self._image.show(contexts.admin(), image_id)
        except exceptions.ImageNotFound as error:
            raise exceptions.ShelvedImageLost(image_id=image_id) from error
        return super()._choose(context, operation)
