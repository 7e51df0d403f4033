"""Rules for passwords, by the names that Keystone gives them."""

from oslo_config import cfg

GROUP = "security_compliance"
OPTS = (
    cfg.IntOpt("lockout_failure_attempts", min=1,
               help="Wrong passwords in a row after which a user is locked out for lockout_duration, right password or "
                    "not. Unset, nobody is: guessing is slowed anyhow, and whoever knows a user's name could lock "
                    "that user out. Users with the option ignore_lockout_failure_attempts are never locked out."),
    cfg.IntOpt("lockout_duration", default=1800, min=0,
               help="Seconds a user stays locked out, from the last wrong password that was checked. 0 means until "
                    "an operator gives the user a new password."),
)
