"""How often, and how boldly, the auditor compares the cloud's records with each other and with what is."""

from oslo_config import cfg

GROUP = "audit"
OPTS = (
    cfg.IntOpt("interval", default=60, min=1,
               help="Seconds between two looks at the database, and between two of each host at itself. A difference "
                    "on a host counts when two looks in a row saw it."),
    cfg.BoolOpt("repair", default=True,
                help="Mend what is safe to mend: counters, claims, ports and files without an owner. False only "
                    "lists."),
    cfg.IntOpt("batch", default=200, min=10,
               help="How many servers one look at the database examines; the next look goes on behind them."),
    cfg.IntOpt("keep_days", default=30, min=1,
               help="Days that differences which are mended or gone stay listed."),
)
