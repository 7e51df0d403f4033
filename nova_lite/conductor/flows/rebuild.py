"""The flow that asks whether a server's own host may run another image: lease, ask, hand over, notify."""

from nova_lite.conductor.flows.build import Build


class Rebuild(Build):
    """As a build, but that there is one host to choose from, which the server has already, with its ports."""

    def rebuild_server(self, context, operation_id):
        """Notify its host.  Where that may not run the image the server ends in ERROR, with the image it had."""
        self.build_server(context, operation_id)

    def _choose(self, context, operation):
        return self._scheduler.check_image(context, operation.id, operation.attempt)
