"""What ``nova-lite up`` leaves and says: clouds.yaml and a few lines on where everything is."""

import json
import os

from nova_lite.cmd.bootstrap import known_passwords
from nova_lite.common import atomic_file
from nova_lite.conf import CONF

_OF_A_PROJECT = """\
      project_name: {project}
      project_domain_id: default
"""
_OF_THE_SYSTEM = """\
      system_scope: all
"""
#: name -> user, and for what its tokens are
_CLOUDS = {"nova-lite": ("demo", _OF_A_PROJECT), "nova-lite-admin": ("admin", _OF_A_PROJECT),
           "nova-lite-system": ("admin", _OF_THE_SYSTEM)}
#: Values are JSON, which YAML reads as what it is: a region named "no" or "1e3" stays text.
_CLOUD = """  {name}:
    auth:
      auth_url: {url}
      username: {user}
      password: {password}
      user_domain_id: default
{scope}    region_name: {region}
    identity_api_version: 3
"""


def write(place, url, log_file):
    """Write ``place``/clouds.yaml (0600) and return the text for the terminal.

    Where the first passwords are known no more, the file stays as it is: a wrong one would lead nobody in.
    """
    path = os.path.join(place, "clouds.yaml")
    secret = known_passwords(place)
    if secret is not None:
        _write(path, url, secret)
    image = "tiny" if CONF.compute.driver == "fake" else "IMAGE"
    return (f"nova-lite is ready at {url}\n"
            f"  credentials  {path}  (clouds: {', '.join(_CLOUDS)})\n"
            f"  state        {place}\n"
            f"  log          {log_file}\n"
            f"Try:\n"
            f"  export OS_CLIENT_CONFIG_FILE={path} OS_CLOUD=nova-lite\n"
            f"  openstack flavor list\n"
            f"  openstack image list\n"
            f"  openstack server create --flavor m1.nano --image {image} --network private --wait hello\n")


def _write(path, url, secret):
    text = "# Written by 'nova-lite up'; changes are lost at the next start.\nclouds:\n" + "".join(
        _CLOUD.format(name=name, **{key: json.dumps(value) for key, value in {
            "url": f"{url}/identity/v3", "user": user, "password": secret[user],
            "region": CONF.identity.region}.items()}, scope=scope.format(project=json.dumps(user)))
        for name, (user, scope) in _CLOUDS.items())
    atomic_file.write(path, text)
