"""Failpoints: places where tests make a service crash, fail or wait.  Never switch them on in a cloud that is used."""

from oslo_config import cfg

GROUP = "failpoints"
OPTS = (
    cfg.BoolOpt("enabled", default=False,
                help="For tests only. Obey the environment variable NOVA_LITE_FAILPOINTS and the socket "
                     "run/failpoints-<process id>.sock in the state directory, by which named places in the code crash "
                     "the service, raise an error or wait."),
)
