"""Messages that begin the conductor's part of operations."""

from nova_lite.common import rpc
from nova_lite.conductor.rpcapi import VERSION


class Flows:
    """:param begin: {operation's name: callable(context, operation id)} that returns at once."""

    target = rpc.Target(version=VERSION)

    def __init__(self, begin):
        self._begin = begin

    def build_servers(self, context, operation_ids):
        for operation_id in operation_ids:
            self._begin["build_server"](context, operation_id)

    def delete_server(self, context, operation_id):
        self._begin["delete_server"](context, operation_id)

    def unshelve_server(self, context, operation_id):
        self._begin["unshelve_server"](context, operation_id)

    def rebuild_server(self, context, operation_id):
        self._begin["rebuild_server"](context, operation_id)
