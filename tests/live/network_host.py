"""The process of namespaces.Host: a HostNetwork that does what it is told line by line on its standard input.

Arguments: state directory, "eventlet" or "threading", and "no-library" to use nft(8) or "permissive" to let guests lie.
"""

import json
import sys
import time
import uuid

from nova_lite.common import concurrency


def main():
    state_dir, mode, script = sys.argv[1:4]
    concurrency.start(mode)
    from nova_lite.conf import CONF
    CONF([], project="nova_lite", default_config_files=[])
    CONF.set_override("state_dir", state_dir)
    from nova_lite.network import manager
    if script == "permissive":
        CONF.set_override("anti_spoofing", False, "network")
    if script == "no-library":
        manager.firewall._library = lambda: None
    host = manager.HostNetwork(CONF, echo)
    while line := concurrency.native(sys.stdin.readline, deadline=600, what="the next order"):
        print(json.dumps(done(host, json.loads(line))), flush=True)


def echo(environ, start_response):
    """A metadata service that tells who it thinks is asking."""
    from nova_lite.common import metadata_caller
    body = json.dumps({"network": environ[metadata_caller.NETWORK_ID], "address": environ[metadata_caller.ADDRESS],
                       "headers": sorted(each for each in environ if each.startswith("HTTP_"))}).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


def done(host, question):
    from nova_lite.common.exception import NovaLiteError
    calls = {"plug": lambda: [vif.tap for vif in host.plug(*plugs(question["server"]))],
             "unplug": lambda: host.unplug(plugs(question["server"])[0]),
             "sync": lambda: host.sync([plugs(each)[1] for each in question["servers"]]),
             "heal": host.heal, "close": host.close, "destroy_all": host.destroy_all}
    begun = time.perf_counter()
    try:
        result = calls[question["method"]]()
    except NovaLiteError as error:
        return {"error": str(error)}
    return {"result": result, "seconds": time.perf_counter() - begun}


def plugs(server):
    from nova_lite.objects.server import Nic, Server
    nics = [Nic.make(port_id=each["port_id"], network_id=each["network_id"], mac=each["mac"], mtu=each["mtu"],
                     addresses=[address(one) for one in each["addresses"]]) for each in server["nics"]]
    return nics, Server.make(id=server["id"], hostname=server["hostname"], project_id="p", nics=nics)


def address(each):
    from nova_lite.objects.server import Address
    subnet_id = str(uuid.uuid5(uuid.NAMESPACE_DNS, each["cidr"]))
    return Address.make(ip=each["ip"], cidr=each["cidr"], gateway=each["gateway"], version=4, dns=each["dns"],
                        dhcp=each["dhcp"], subnet_id=subnet_id)


if __name__ == "__main__":
    main()
