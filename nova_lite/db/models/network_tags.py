"""Which table has the tags of which kind of network resource."""

from nova_lite.db.models.floating_ips import FloatingIpTag
from nova_lite.db.models.networks import NetworkTag, PortTag, SecurityGroupTag, SubnetPoolTag, SubnetTag
from nova_lite.db.models.qos import QosPolicyTag
from nova_lite.db.models.routers import RouterTag
from nova_lite.db.models.segments import SegmentTag
from nova_lite.db.models.trunks import TrunkTag

#: {a resource's table name: the table of its tags}
TAG_TABLES = {"networks": NetworkTag.__table__, "subnets": SubnetTag.__table__, "subnetpools": SubnetPoolTag.__table__,
              "ports": PortTag.__table__, "security_groups": SecurityGroupTag.__table__,
              "routers": RouterTag.__table__, "floatingips": FloatingIpTag.__table__,
              "qos_policies": QosPolicyTag.__table__, "trunks": TrunkTag.__table__,
              "segments": SegmentTag.__table__}
