"""Where state lives."""

from oslo_config import cfg

GROUP = "database"
OPTS = (
    cfg.StrOpt("connection", secret=True, default=None,
               sample_default="sqlite:///<state_dir>/nova_lite.sqlite",
               help="SQLAlchemy URL of the database: sqlite:///PATH, postgresql+psycopg://USER:PASSWORD@HOST/NAME or "
                    "mysql+pymysql://USER:PASSWORD@HOST/NAME. Unset, a SQLite file in the state directory."),
    cfg.IntOpt("pool_size", default=10, min=1,
               help="Connections each process keeps open to PostgreSQL or MariaDB."),
    cfg.IntOpt("max_overflow", default=20, min=0,
               help="Connections each process may open beyond pool_size under load."),
    cfg.IntOpt("statement_timeout", default=30, min=1,
               help="Seconds after which the database gives up on one statement."),
    cfg.IntOpt("purge_deleted_days", default=90, min=0,
               help="Days after which deleted servers go for good, with their operations and migrations. Until then "
                    "administrators find them, and os-simple-tenant-usage counts them. 0: never."),
    cfg.IntOpt("purge_operations_days", default=365, min=0,
               help="Days after which operations (os-instance-actions) and migrations (os-migrations) of servers that "
                    "exist go for good. How a server was built is kept as long as it exists. 0: never."),
    cfg.IntOpt("sqlite_busy_timeout", default=30, min=1,
               help="Seconds a SQLite writer of another process is waited for."),
)
