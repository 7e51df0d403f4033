"""What people type: ``openstack`` commands, in the order of a story, and what must be true after each.

Each row is a command and a check of what it printed (JSON, where the command has an output).  ``{name}`` stands for
what an earlier row remembered.  Rows whose command cannot work yet stand in NOT_YET with the reason.
"""


def says(**fields):
    """The answer has these values."""
    def check(answer, _story):
        for name, value in fields.items():
            assert answer[name] == value, f"{name} is {answer[name]!r}, not {value!r}"
    return check


def has(*names, key="Name"):
    """The list has rows of these names."""
    def check(answer, _story):
        found = {row[key] for row in answer}
        assert found.issuperset(names), f"{set(names) - found} are missing in {found}"
    return check


def lacks(*names, key="Name"):
    def check(answer, _story):
        found = {row[key] for row in answer} & set(names)
        assert not found, f"{found} are still there"
    return check


def remembers(what, key="id"):
    """Keep a value for later rows."""
    def check(answer, story):
        story.known[what] = answer[key]
    return check


def both(*checks):
    def check(answer, story):
        for each in checks:
            each(answer, story)
    return check


def server(name, status, flavor=None):
    """After a while the server has that status, and that flavor's name, and rests."""
    def check(_answer, story):
        found = story.settled(name, status)
        assert flavor in (None, found["flavor"]["original_name"])
    return check


def gone(name):
    def check(_answer, story):
        story.until_gone(name)
    return check


def addresses(answer):
    """All addresses of a server as the client shows it."""
    return {address for each in answer["addresses"].values() for address in each}


def has_address(answer, story):
    assert story.known["address"] in addresses(answer), answer["addresses"]


def lacks_address(answer, story):
    assert story.known["address"] not in addresses(answer), answer["addresses"]


def nothing(_answer, _story):
    """Its success is all that it says."""


def listed(answer, _story):
    assert isinstance(answer, list)


def rows(answer, _story):
    assert answer, "the list is empty"


#: (command, check); "admin:" runs it as the administrator, the rest as the user demo.
STORY = (
    # ---- who and what is there
    ("versions show", rows),
    ("token issue", remembers("token")),
    ("admin: project list", has("demo", "admin", "service")),
    ("admin: project create p9", says(name="p9", enabled=True)),
    ("admin: project show demo", says(name="demo")),
    ("admin: user list", has("demo", "admin")),
    ("admin: user create --password secret99 --project p9 u9", says(name="u9")),
    ("admin: user show demo", says(name="demo")),
    ("admin: role list", has("admin", "member", "reader")),
    ("admin: role create r9", says(name="r9")),
    ("admin: role add --user u9 --project p9 member", nothing),
    ("admin: role assignment list --names", rows),
    ("system: role assignment list --names", rows),
    ("admin: role remove --user u9 --project p9 member", nothing),
    ("admin: role delete r9", nothing),
    ("admin: user delete u9", nothing),
    ("admin: project delete p9", nothing),
    ("admin: domain list", has("Default")),
    ("admin: service list", has("compute", "identity", "image", "network", key="Type")),
    ("admin: endpoint list", rows),
    ("admin: region list", has("RegionOne", key="Region")),
    ("extension list --compute", rows),
    ("extension list --network", has("router", "security-group", key="Alias")),
    ("catalog list", rows),

    # ---- flavors, keys, images
    ("flavor list", has("m1.nano", "m1.tiny")),
    ("flavor show m1.tiny", says(ram=512, vcpus=1)),
    ("admin: flavor create --ram 64 --vcpus 1 --disk 1 --property hw:cpu_sockets=1 f9",
     both(says(ram=64), remembers("f9"))),
    ("admin: flavor set --property quota:cpu_shares=10 f9", nothing),
    ("admin: flavor show f9", lambda answer, _: says(properties={"hw:cpu_sockets": "1", "quota:cpu_shares": "10"})(
        answer, _)),
    ("admin: flavor unset --property quota:cpu_shares f9", nothing),
    ("admin: flavor set --description small f9", nothing),
    ("admin: flavor show f9", says(description="small", properties={"hw:cpu_sockets": "1"})),
    ("keypair create --public-key {public_key} kp1", says(name="kp1")),
    ("keypair create --private-key {folder}/kp10 kp10", says(name="kp10")),
    ("keypair list", has("kp1", "kp10")),
    ("keypair show kp1", says(name="kp1")),
    ("keypair delete kp10", nothing),
    ("keypair list", lacks("kp10")),
    ("image list", has("tiny")),
    ("image create --disk-format raw --container-format bare --file {file} i9", both(
        says(name="i9", status="active"), remembers("i9"))),
    ("image show i9", says(status="active")),
    ("image set --property os_distro=x i9", nothing),
    ("image show i9", lambda answer, _: answer["properties"]["os_distro"] == "x" or says()(answer, _)),
    ("image save --file {folder}/saved i9", nothing),
    ("image delete i9", nothing),
    ("image list", lacks("i9")),

    # ---- networks
    ("network list", has("private")),
    ("network show private", says(name="private", status="ACTIVE")),
    ("network create --availability-zone-hint nova n9", says(name="n9", availability_zone_hints=["nova"])),
    ("network set --description x n9", nothing),
    ("admin: network segment create --network n9 --network-type local sg9", says(name="sg9", network_type="local")),
    ("admin: network segment set --description extra sg9", nothing),
    ("admin: network segment list --network n9", has("sg9")),
    ("admin: network segment delete sg9", nothing),
    ("network show n9", says(description="x")),
    ("subnet create --network n9 --subnet-range 10.99.0.0/24 s9", says(cidr="10.99.0.0/24")),
    ("subnet list", has("s9")),
    ("subnet show s9", says(name="s9")),
    ("port create --network n9 p9", both(says(name="p9"), remembers("p9"))),
    ("port list", has("p9")),
    ("port show p9", says(status="DOWN")),
    ("security group list", has("default")),
    ("security group show default", says(name="default")),
    ("security group create g1", says(name="g1")),
    ("security group rule create --protocol tcp --dst-port 22 g1", says(port_range_min=22)),
    ("security group rule list g1", rows),
    ("security group rule list", rows),
    ("port set --security-group g1 p9", nothing),
    ("admin: network qos policy create --share --description slow q9", both(says(name="q9"), remembers("q9"))),
    ("admin: network qos rule create --type bandwidth-limit --max-kbps 1000 --max-burst-kbits 100 --egress q9",
     both(says(max_kbps=1000, direction="egress"), remembers("qr9"))),
    ("admin: network qos rule create --type dscp-marking --dscp-mark 26 q9", says(dscp_mark=26)),
    ("admin: network qos rule create --type minimum-bandwidth --min-kbps 10 --ingress q9", says(min_kbps=10)),
    ("admin: network qos rule set --max-kbps 2000 q9 {qr9}", nothing),
    ("admin: network qos rule show q9 {qr9}", says(max_kbps=2000)),
    ("admin: network qos rule list q9", rows),
    ("network qos rule type list", has("bandwidth_limit", "dscp_marking", key="Type")),
    ("admin: network qos rule type show dscp_marking", rows),
    ("admin: network qos rule create --type minimum-packet-rate --min-kpps 5 --any q9", says(direction="any")),
    ("network qos policy list", has("q9")),
    ("network qos policy show q9", says(description="slow")),
    ("network set --qos-policy q9 n9", nothing),
    ("port set --qos-policy q9 p9", nothing),
    ("port show p9", lambda answer, story: says(
        qos_policy_id=story.known["q9"], qos_network_policy_id=story.known["q9"])(answer, story)),
    ("port unset --qos-policy p9", nothing),
    ("admin: network agent list", rows),
    ("router create r9", both(says(name="r9", external_gateway_info=None), remembers("r9"))),
    ("router list", has("r9")),
    ("router set --external-gateway public r9", nothing),
    ("router add subnet r9 s9", nothing),
    ("router show r9", lambda answer, _: says(status="ACTIVE")(answer, _) or (
        has("10.99.0.1", key="ip_address")(answer["interfaces_info"], _))),
    ("port list --router r9", rows),
    ("floating ip create --description one public", both(
        says(status="DOWN", port_id=None), remembers("address", key="floating_ip_address"))),
    ("floating ip set --port p9 {address}", nothing),
    ("floating ip show {address}", lambda answer, story: says(
        port_id=story.known["p9"], router_id=story.known["r9"], description="one")(answer, story)),
    ("floating ip list", lambda answer, story: has(
        story.known["address"], key="Floating IP Address")(answer, story)),
    ("floating ip unset --port {address}", nothing),
    ("floating ip show {address}", says(port_id=None, router_id=None)),
    ("floating ip delete {address}", nothing),
    ("floating ip list", lambda answer, story: lacks(
        story.known["address"], key="Floating IP Address")(answer, story)),
    ("router unset --external-gateway r9", nothing),
    ("router remove subnet r9 s9", nothing),
    ("router delete r9", nothing),
    ("router list", lacks("r9")),
    ("network set --no-qos-policy n9", nothing),
    ("admin: network qos policy set --name q10 q9", nothing),
    ("admin: network qos rule delete q10 {qr9}", nothing),
    ("admin: network qos policy delete q10", nothing),
    ("port create --network n9 p11", says(name="p11")),
    ("network trunk create --parent-port p9 --subport port=p11,segmentation-type=vlan,segmentation-id=42 t9",
     says(name="t9")),
    ("network trunk list", has("t9")),
    ("network subport list --trunk t9", rows),
    ("network trunk unset --subport p11 t9", nothing),
    ("network trunk set --subport port=p11,segmentation-type=vlan,segmentation-id=43 t9", nothing),
    ("network trunk show t9", lambda answer, story: says(port_id=story.known["p9"])(answer, story)),
    ("network trunk delete t9", nothing),
    ("port delete p11", nothing),
    ("port delete p9", nothing),
    ("security group delete g1", nothing),
    ("subnet delete s9", nothing),
    ("network delete n9", nothing),
    ("admin: network set --default public", nothing),
    ("admin: subnet pool create --pool-prefix 10.128.0.0/9 --default-prefix-length 26 --default --share pool9",
     says(is_default=True)),
    ("network auto allocated topology create --check-resources", rows),
    ("network auto allocated topology create", rows),
    ("network list", has("auto_allocated_network")),
    ("router list", has("auto_allocated_router")),
    ("network auto allocated topology delete", nothing),
    ("network list", lacks("auto_allocated_network")),
    ("admin: subnet pool delete pool9", nothing),
    ("admin: network set --no-default public", nothing),
    ("network list", lacks("n9")),

    # ---- a server's life
    ("server group create --policy anti-affinity g9", says(name="g9")),
    ("server group list", has("g9")),
    ("server group show g9", says(name="g9")),
    ("server group delete g9", nothing),
    ("server create --flavor m1.nano --image tiny --network private --key-name kp1 --security-group default "
     "--property a=b --user-data {file} --description first vm1", says(name="vm1")),
    ("server list", both(has("vm1"), server("vm1", "ACTIVE"))),
    ("server list --long", has("vm1")),
    ("admin: server list --all-projects", has("vm1")),
    ("server show vm1", both(remembers("vm1"), says(
        status="ACTIVE", key_name="kp1", properties={"a": "b"}, description="first"))),
    ("server set --name vm2 --property k=v vm1", nothing),
    ("server show vm2", says(name="vm2", properties={"a": "b", "k": "v"})),
    ("server set --name vm1 --description d vm2", nothing),
    ("server unset --property k vm1", nothing),
    ("server show vm1", says(description="d", properties={"a": "b"})),
    ("server set --tag blue vm1", nothing),
    ("server list --tags blue", has("vm1")),
    ("server unset --tag blue vm1", nothing),
    ("server stop vm1", server("vm1", "SHUTOFF")),
    ("server start vm1", server("vm1", "ACTIVE")),
    ("server reboot vm1", server("vm1", "ACTIVE")),
    ("server reboot --hard vm1", server("vm1", "ACTIVE")),
    ("server pause vm1", server("vm1", "PAUSED")),
    ("server unpause vm1", server("vm1", "ACTIVE")),
    ("server suspend vm1", server("vm1", "SUSPENDED")),
    ("server resume vm1", server("vm1", "ACTIVE")),
    ("server lock --reason tidy vm1", nothing),
    ("server unlock vm1", nothing),
    ("server rescue vm1", server("vm1", "RESCUE")),
    ("server unrescue vm1", server("vm1", "ACTIVE")),
    ("server rebuild --image tiny vm1", server("vm1", "ACTIVE")),
    ("server resize --flavor m1.tiny vm1", server("vm1", "VERIFY_RESIZE")),
    ("server resize confirm vm1", server("vm1", "ACTIVE", flavor="m1.tiny")),
    ("server resize --flavor m1.nano vm1", server("vm1", "VERIFY_RESIZE")),
    ("server resize revert vm1", server("vm1", "ACTIVE", flavor="m1.tiny")),
    ("admin: server migration list --server {vm1}", rows),
    ("server shelve vm1", server("vm1", "SHELVED_OFFLOADED")),
    ("server unshelve vm1", server("vm1", "ACTIVE")),
    ("server dump create vm1", server("vm1", "ACTIVE")),
    ("port create --network private extra", both(says(name="extra"), remembers("extra"))),
    ("server add port vm1 {extra}", nothing),
    ("port show extra", says(status="ACTIVE", device_owner="compute:nova")),
    ("port list --server vm1", has("extra")),
    ("server remove port vm1 {extra}", server("vm1", "ACTIVE")),
    ("port delete extra", nothing),
    ("server add network vm1 private", nothing),
    ("server remove network vm1 private", server("vm1", "ACTIVE")),
    ("security group create g2", says(name="g2")),
    ("server add network vm1 private", nothing),
    ("floating ip create public", remembers("address", key="floating_ip_address")),
    ("server add floating ip vm1 {address}", nothing),
    ("server show vm1", has_address),
    ("server remove floating ip vm1 {address}", nothing),
    ("server show vm1", lacks_address),
    ("floating ip delete {address}", nothing),
    ("server add fixed ip vm1 private", nothing),
    ("server add security group vm1 g2", nothing),
    ("server show vm1", lambda answer, _: has("g2", "default", key="name")(answer["security_groups"], _)),
    ("server remove security group vm1 g2", nothing),
    ("security group delete g2", nothing),
    ("server image create --name im vm1", both(says(name="im"), server("vm1", "ACTIVE"))),
    ("image show im", says(status="active")),
    ("image delete im", nothing),
    ("server backup create --name bk vm1", both(says(name="bk"), server("vm1", "ACTIVE"))),
    ("image delete bk", nothing),
    ("console log show vm1", lambda answer, _: "login:" in str(answer) or rows([], _)),
    ("console url show vm1", says(protocol="vnc", type="novnc")),
    ("console url show --serial vm1", says(protocol="serial", type="serial")),
    ("server volume list vm1", listed),
    ("admin: server migrate {vm1}", server("vm1", "ACTIVE")),        # it finds no other host, as its history says
    ("server event list vm1", has("create", "stop", "start", "migrate", key="Action")),
    ("server event show vm1 {create_request}", says(action="create")),
    ("admin: server migration list", listed),
    ("admin: server migration list --server {vm1}", rows),
    ("server delete vm1", gone("vm1")),
    ("keypair delete kp1", nothing),
    ("admin: flavor delete f9", nothing),

    # ---- what operators look after
    ("quota show", rows),
    ("quota show --usage", rows),
    ("admin: quota set --cores 5 demo", nothing),
    ("admin: quota list --compute", listed),
    ("limits show --absolute", has("max_total_cores", "max_total_instances")),
    ("admin: hypervisor list", both(rows, lambda answer, story: story.known.update(
        host=answer[0]["Hypervisor Hostname"]))),
    ("admin: hypervisor show {host}", lambda answer, story: says(hypervisor_hostname=story.known["host"])(
        answer, story)),
    ("admin: hypervisor list --long", rows),
    ("admin: hypervisor stats show", lambda answer, _: says(count=1)(answer, _)),
    ("admin: host list", has("conductor", "scheduler", "compute", key="Service")),
    ("admin: host show {host}", rows),
    ("admin: aggregate create --zone zone9 a9", says(name="a9", availability_zone="zone9")),
    ("admin: aggregate list", has("a9")),
    ("admin: aggregate add host a9 {host}", nothing),
    ("admin: aggregate set --property ssd=true a9", nothing),
    ("admin: aggregate show a9", lambda answer, story: says(hosts=[story.known["host"]])(answer, story)),
    ("availability zone list", has("zone9", key="Zone Name")),
    ("admin: aggregate remove host a9 {host}", nothing),
    ("admin: aggregate delete a9", nothing),
    ("admin: availability zone list --long", rows),
    ("admin: compute service list", has("nova-compute", "nova-conductor", "nova-scheduler", key="Binary")),
    ("admin: compute service set --disable --disable-reason mending {host} nova-compute", nothing),
    ("admin: compute service list --service nova-compute", has("disabled", key="Status")),
    ("admin: compute service set --enable {host} nova-compute", nothing),
    ("usage show", rows),
    ("admin: usage list", listed),
)

#: command -> what the client says of Nova's refusal.  They are tried on an active server with one host there is.
REFUSED = {
    "admin: server migrate --live-migration {vm1}": "No valid host was found. There are not enough hosts available.",
    "admin: server migrate --live-migration --host h1 {vm1}": "Compute host h1 could not be found.",
    "admin: server evacuate {vm1}": "is still in use.",
    "server restore {vm1}": "while it is in vm_state active",
    "admin: compute agent list": "This resource is no longer available.",
}

#: command -> why it cannot work yet.  A test fails when one of them does.
NOT_YET = {
    "application credential create ac9": "identity has no application credentials",
    "admin: endpoint create --region RegionOne compute public http://127.0.0.1:1/x": "the catalog is what runs",
    "admin: group list": "identity has no groups of users",
}
