"""Options of libraries: those that operators set, in our own words, and the names of all that their files may hold.

Libraries register theirs where they are first used, after a service's files are checked; loading them sooner would come
before the concurrency is chosen.
"""

from oslo_config import cfg

from nova_lite.conf import ENFORCE_SCOPE

#: {group or None: options}.  Described in our words, so that the sample does not change with the library.
DOCUMENTED = {
    None: (
        cfg.StrOpt("transport_url", default="local://", secret=True,
                   help="The bus between services: local:// within one process, or "
                        "rabbit://USER:PASSWORD@HOST:5672/VHOST (several: rabbit://USER:PASSWORD@HOST1:5672,"
                        "USER:PASSWORD@HOST2:5672/VHOST)."),
        cfg.IntOpt("rpc_response_timeout", default=60,
                   help="Seconds a service waits for another's answer before it counts as away."),
        cfg.BoolOpt("debug", default=False, help="Log more: every step, for finding faults."),
        cfg.StrOpt("log_file", default=None, sample_default="<state_dir>/log/nova-lite.log",
                   help="File that is logged to. 'nova-lite up' always has its own; other services write to standard "
                        "error where this is unset. Several services of one machine may share a file."),
        cfg.StrOpt("log_rotation_type", default="size", choices=["size", "interval", "none"],
                   help="When the log goes on in a new file: size, after max_logfile_size_mb; interval, by oslo.log's "
                        "log_rotate_interval; none, never, or when something else moves the file."),
        cfg.IntOpt("max_logfile_size_mb", default=100, min=1, help="MiB of one log file, with rotation by size."),
        cfg.IntOpt("max_logfile_count", default=10, min=1,
                   help="Log files that are kept besides the present one, with rotation by size or interval."),
    ),
    "oslo_messaging_rabbit": (
        cfg.BoolOpt("ssl", default=False, help="Speak TLS with RabbitMQ."),
        cfg.StrOpt("ssl_ca_file", default="", help="Certificate of the authority that RabbitMQ's is checked against."),
        cfg.BoolOpt("rabbit_quorum_queue", default=False,
                    help="Use RabbitMQ's replicated queues. Messages may be lost, so this is not needed for safety."),
        cfg.IntOpt("heartbeat_timeout_threshold", default=60,
                   help="Seconds of silence after which RabbitMQ counts as away. 0: never."),
    ),
    "oslo_policy": (
        cfg.StrOpt("policy_file", default="policy.yaml",
                   help="File of rules that override the defaults; a relative name is looked up beside the "
                        "configuration file."),
        ENFORCE_SCOPE,
    ),
}

#: {group: every name that the libraries know}
NAMES = {
    "DEFAULT": {
        "control_exchange", "executor_thread_pool_size", "rpc_ping_enabled", "rpc_response_timeout",
        "rpc_thread_pool_size", "transport_url"},
    "oslo_concurrency": {"disable_process_locking", "lock_path"},
    "oslo_messaging_notifications": {"driver", "retry", "topics", "transport_url"},
    "oslo_messaging_rabbit": {
        "amqp_auto_delete", "amqp_durable_queues", "conn_pool_min_size", "conn_pool_ttl", "direct_mandatory_flag",
        "enable_cancel_on_failover", "heartbeat_rate", "heartbeat_timeout_threshold", "hostname", "kombu_compression",
        "kombu_failover_strategy", "kombu_missing_consumer_retry_timeout", "kombu_reconnect_delay",
        "kombu_reconnect_splay", "kombu_reconnect_timeout", "processname", "rabbit_ha_queues", "rabbit_interval_max",
        "rabbit_login_method", "rabbit_qos_prefetch_count", "rabbit_quorum_delivery_limit",
        "rabbit_quorum_max_memory_bytes", "rabbit_quorum_max_memory_length", "rabbit_quorum_queue",
        "rabbit_retry_backoff", "rabbit_retry_interval", "rabbit_stream_fanout", "rabbit_transient_queues_ttl",
        "rabbit_transient_quorum_queue", "rpc_conn_pool_size", "ssl", "ssl_ca_file", "ssl_cert_file",
        "ssl_enforce_fips_mode", "ssl_enforce_hostname_verification", "ssl_key_file", "ssl_version",
        "use_queue_manager"},
    "oslo_policy": {
        ENFORCE_SCOPE.name, "enforce_new_defaults", "policy_default_rule", "policy_dirs", "policy_file",
        "remote_content_type", "remote_ssl_ca_crt_file", "remote_ssl_client_crt_file",
        "remote_ssl_client_key_file", "remote_ssl_verify_server_crt", "remote_timeout"},
}
