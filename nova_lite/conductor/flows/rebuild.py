"""The flow that asks whether a server's own host may run another image: lease, ask, hand over, ring."""

from nova_lite.conductor.flows.build import Build


class Rebuild(Build):
    """As a build, but that there is one host to choose from, which the server has already, with its ports."""

    def rebuild_server(self, context, operation_id):
        """Ring its host.  Where that may not run the image the server ends in ERROR, with the image it had."""
        self.build_server(context, operation_id)

    def _choose(self, context, operation):
        return self._scheduler.check_image(context, operation.id, operation.attempt)

    def _furnish(self, session, operation):
        """It has its ports."""
