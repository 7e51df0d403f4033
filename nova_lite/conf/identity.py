"""Who may come in: tokens, passwords, the catalog."""

from oslo_config import cfg

GROUP = "identity"
OPTS = (
    cfg.IntOpt("token_ttl", default=3600, min=60,
               help="Seconds a token is good for. A token got with another token ends when that one does."),
    cfg.IntOpt("password_hash_rounds", default=12, min=4, max=31,
               help="bcrypt's cost for new passwords: each step doubles the time a login, or a guess, takes."),
    cfg.IntOpt("failed_logins_free", default=10, min=0,
               help="Wrong passwords for one user from one address that are checked without a wait; ten times as many "
                    "for one user from all addresses, and from one address for all users. Beyond that, a login is "
                    "refused like a wrong password until failed_logins_interval allows another. 0 slows nobody."),
    cfg.IntOpt("failed_logins_interval", default=5, min=1,
               help="Seconds after which one wrong password for one user from one address is forgotten; a tenth of "
                    "that where all addresses of a user, or all users of an address, are counted."),
    cfg.StrOpt("region", default="RegionOne",
               help="Name of the one region in the catalog."),
)
