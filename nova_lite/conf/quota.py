"""How much one project may use, unless a quota of its own says otherwise."""

from oslo_config import cfg

GROUP = "quota"


def _limit(name, default, what):
    return cfg.IntOpt(name, default=default, min=-1, help=f"{what} -1 means no limit.")


OPTS = (
    _limit("instances", 10, "Servers a project may have."),
    _limit("cores", 20, "Virtual CPUs of all servers of a project."),
    _limit("ram", 50 * 1024, "MiB of memory of all servers of a project."),
    _limit("metadata_items", 128, "Metadata items a server may have."),
    _limit("injected_files", 5, "Files that a request to create or rebuild a server may bring (to microversion 2.56)."),
    _limit("injected_file_content_bytes", 10 * 1024, "Bytes of the base64 text of one such file."),
    _limit("injected_file_path_length", 255, "Characters of the path of one such file."),
    _limit("key_pairs", 100, "Keypairs a user may have."),
    _limit("server_groups", 10, "Server groups a project may have."),
    _limit("server_group_members", 10, "Servers a server group may have."),
)
