"""Networks and ports that are switched off; address pairs, DHCP options and DNS names of ports; host routes and service
types of subnets; stateless security groups.
"""

import sqlalchemy as sa
from alembic import op

revision = "0111"
down_revision = "0110"
branch_labels = None
depends_on = None

_ON = ("networks", "admin_state_up"), ("ports", "admin_state_up"), ("security_groups", "stateful")
_LISTS = (("ports", "allowed_address_pairs"), ("ports", "extra_dhcp_opts"), ("subnets", "host_routes"),
          ("subnets", "service_types"))
_NAMES = (("networks", "dns_domain"), ("ports", "dns_name"), ("ports", "dns_domain"), ("floatingips", "dns_name"),
          ("floatingips", "dns_domain"))


def upgrade():
    for table, name in _ON:
        op.add_column(table, sa.Column(name, sa.Boolean, nullable=False, server_default=sa.true()))
    for table, name in _LISTS:
        op.add_column(table, sa.Column(name, sa.JSON))
    for table, name in _NAMES:
        op.add_column(table, sa.Column(name, sa.String(255), nullable=False, server_default=""))
