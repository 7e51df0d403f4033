"""What ``nova-lite up`` leaves and says: clouds.yaml and a few lines on where everything is."""

import os

from nova_lite.cmd.bootstrap import passwords
from nova_lite.conf import CONF

_CLOUD = """  {name}:
    auth:
      auth_url: {url}/identity/v3
      username: {user}
      password: {password}
      project_name: {project}
      user_domain_id: default
      project_domain_id: default
    region_name: {region}
    identity_api_version: 3
"""


def write(place, url, log_file):
    """Write ``place``/clouds.yaml (0600) and return the text for the terminal."""
    path = os.path.join(place, "clouds.yaml")
    secret = passwords(place)
    text = "# Written by 'nova-lite up'; changes are lost at the next start.\nclouds:\n" + "".join(
        _CLOUD.format(name=name, url=url, user=user, password=secret[user], project=user, region=CONF.identity.region)
        for name, user in (("nova-lite", "demo"), ("nova-lite-admin", "admin")))
    aside = path + ".new"
    with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    os.replace(aside, path)
    image = "tiny" if CONF.compute.driver == "fake" else "IMAGE"
    return (f"nova-lite is ready at {url}\n"
            f"  credentials  {path}  (clouds: nova-lite, nova-lite-admin)\n"
            f"  state        {place}\n"
            f"  log          {log_file}\n"
            f"Try:\n"
            f"  export OS_CLIENT_CONFIG_FILE={path} OS_CLOUD=nova-lite\n"
            f"  openstack flavor list\n"
            f"  openstack image list\n"
            f"  openstack server create --flavor m1.nano --image {image} --network private --wait hello\n")
