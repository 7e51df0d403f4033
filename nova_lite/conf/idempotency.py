"""How long requests with an Idempotency-Key are remembered."""

from oslo_config import cfg

GROUP = "idempotency"
OPTS = (
    cfg.IntOpt("window", default=86400, min=1,
               help="Seconds during which a repeated POST with the same Idempotency-Key gets the first answer again."),
    cfg.IntOpt("max_keys", default=10000, min=-1,
               help="How many keys of one project are remembered at the same time. A request with one more is answered "
                    "with 429 until the oldest is forgotten. -1: any number."),
    cfg.IntOpt("claim", default=25, min=1,
               help="Seconds after which a request that was never answered, because its process died, may be repeated; "
                    "after a restart of 'nova-lite up' it may be at once. Until then a repeat is answered with 409. A "
                    "request that takes longer and was overtaken by a repeat is undone."),
)
