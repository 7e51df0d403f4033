"""tempest.conf of any cloud of tests: what all of ours can, and what a run of Tempest adds to that."""

import configparser
import os

_FEATURES = ("change_password", "cold_migration", "config_drive", "console_output", "disk_config",
             "enable_instance_password", "interface_attach", "live_migration", "metadata_service", "pause",
             "personality", "rescue", "resize", "shelve", "snapshot", "stable_rescue", "suspend", "vnc_console")
#: {section: {option: value}} with what ``write`` fills in.
_COMMON = {
    "DEFAULT": {"log_file": "{folder}/tempest.log", "use_stderr": "false"},
    "oslo_concurrency": {"lock_path": "{folder}/locks"},
    "auth": {"use_dynamic_credentials": "true", "admin_username": "admin", "admin_project_name": "admin",
             "admin_domain_name": "Default", "admin_password": "{password}"},
    "identity": {"uri_v3": "{url}/identity/v3", "auth_version": "v3", "region": "RegionOne"},
    "service_available": {"nova": "true", "glance": "true", "neutron": "true", "cinder": "false", "swift": "false",
                          "horizon": "false"},
    "enforce_scope": {"nova": "true", "glance": "true", "keystone": "true", "neutron": "true"},
    "network-feature-enabled": {"floating_ips": "true", "ipv6": "true", "ipv6_subnet_attributes": "true",
                                "port_security": "true", "api_extensions": "{extensions}"},
    "compute": {"flavor_ref": "42", "flavor_ref_alt": "84", "max_microversion": "latest", "min_compute_nodes": "1"},
    "compute-feature-enabled": dict.fromkeys(_FEATURES, "true") | {"serial_console": "false"},
}


def write(folder, cloud, **sections):
    """Write ``folder``/tempest.conf.  :param sections: {option: value} of each."""
    filled = {"folder": folder, "url": cloud.url, "password": cloud.passwords()["admin"],
              "extensions": ",".join(_extensions(cloud))}
    parser = configparser.ConfigParser(interpolation=None, default_section=None)
    for section, values in _COMMON.items():
        parser[section] = {name: value.format(**filled) for name, value in values.items()}
    parser.read_dict(sections)
    with open(os.path.join(folder, "tempest.conf"), "w") as file:
        parser.write(file)


def _extensions(cloud):
    """Names of the network API's extensions, and the old name of that for tags, that Tempest looks for, too."""
    answer = cloud.get("/network/v2.0/extensions")
    assert answer.status == 200, answer.text
    return sorted([*(each["alias"] for each in answer.body["extensions"]), "tag"])
