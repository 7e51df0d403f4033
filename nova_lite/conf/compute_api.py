"""What the compute API allows."""

from oslo_config import cfg

GROUP = "compute_api"
OPTS = (
    cfg.IntOpt("max_limit", default=1000, min=1,
               help="How many items one page of a list holds at most; more are behind its next link."),
    cfg.BoolOpt("enable_instance_password", default=True,
                help="Answer a create with the new server's adminPass. Only guests that take it from their config "
                     "drive have a use for it."),
    cfg.IntOpt("password_length", default=12, min=8,
               help="Characters of the passwords that are made up for new servers."),
)
