"""Who may come in: tokens, passwords, the catalog."""

from oslo_config import cfg

GROUP = "identity"
OPTS = (
    cfg.IntOpt("token_ttl", default=3600, min=60,
               help="Seconds a token is good for. A token got with another token ends when that one does."),
    cfg.IntOpt("password_hash_rounds", default=12, min=4, max=31,
               help="bcrypt's cost for new passwords: each step doubles the time a login, or a guess, takes."),
    cfg.StrOpt("region", default="RegionOne",
               help="Name of the one region in the catalog."),
)
