"""The configuration is checked whole before a service starts: each fault with file, line, value and what is right."""

import subprocess
import sys

import pytest
from oslo_config import cfg
from oslo_log import log

from nova_lite import conf as options
from nova_lite.cmd import base, configuration, configuration_rules, library_options, sample
from nova_lite.common import exceptions
from nova_lite.scheduler import filters
from tests import clouds, ports_and_ranges

SCRIPTS = ("api", "compute", "conductor", "metadata", "novncproxy", "scheduler", "serialproxy")


def checked(tmp_path, text):
    """What is said of a file of this text: the lines, without its path; an empty list where it is right."""
    path = tmp_path / "nova_lite.conf"
    path.write_text(text)
    conf = cfg.ConfigOpts()
    log.register_options(conf)
    options.register(conf)
    try:
        configuration.check_early(conf, [str(path)])
        conf([], project="nova_lite", default_config_files=[str(path)], default_config_dirs=[])
        configuration.check(conf)
    except exceptions.Misconfigured as error:
        first, *lines = str(error).splitlines()
        assert first.startswith("The configuration is wrong.")
        return [each.strip().replace(str(path), "F") for each in lines]
    return []


@pytest.mark.parametrize(("text", "said"), [
    ("[api]\nport = 99999\n",
     "F:2: [api] port = 99999: Should be less than or equal to 65535. Right is a whole number from 0 to "
     "65535."),
    ("\n\n[api]\n# x\nworkers = many\n",
     "F:5: [api] workers = many: It is no number. Right is a whole number from 1."),
    ("[DEFAULT]\ndebug = maybe\n",
     "F:2: [DEFAULT] debug = maybe: Unexpected boolean value 'maybe'. Right is true or false."),
    ("[compute]\ndriver: xen\n",
     "F:2: [compute] driver = xen: Valid values are [libvirt, fake], but found 'xen'. Right is one of "
     "libvirt, fake."),
    ("[api]\npublic_endpoint = ftp://x\n", "F:2: [api] public_endpoint = ftp://x:"),
    ("[quota]\ninstnces = 1\n", "F:2: [quota] has no option instnces; is instances meant?"),
    ("[DEFAULT]\ncores = 1\n", "F:2: [DEFAULT] has no option cores; is [quota] cores meant?"),
    ("[databse]\nconnection = sqlite://\n", "F:2: there is no group [databse]; is [database] meant?"),
    ("[oslo_messaging_rabbit]\nssl = 17\n", "F:2: [oslo_messaging_rabbit] ssl = 17: Unexpected boolean value '17'."),
    ("[oslo_messaging_rabbit]\nsll = true\n", "F:2: [oslo_messaging_rabbit] has no option sll; is ssl meant?"),
    ("[DEFAULT]\ntransport_url = amqp://u:secret@h/\n",
     "F:2: [DEFAULT] transport_url = <not shown>: It begins with neither local:// nor rabbit://."),
    ("[database]\nconnection = oracle://u:secret@h/n\n",
     "F:2: [database] connection = <not shown>: It begins with none of sqlite://"),
    ("[quota]\ncores = " + "9" * 30 + "\n", "F:2: [quota] cores = " + "9" * 30 + ": It is no number"),
    ("[scheduler]\ncpu_allocation_ratio = nan\n", "F:2: [scheduler] cpu_allocation_ratio = nan: It is no number"),
    ("[scheduler]\nenabled_filters = ComputeFilter,Compute\n", "F:2: [scheduler] enabled_filters ="),
    ("[network]\ndns_servers = 192.0.2.1,dns.example\n",
     "F:2: [network] dns_servers = 192.0.2.1,dns.example: 'dns.example' is no IP address."),
    ("[network]\ndefault_ranges = 10.0.0.1/8\n",
     "F:2: [network] default_ranges = 10.0.0.1/8: '10.0.0.1/8' is no range"),
    ("[network]\ndns_domain = a b\n", "F:2: [network] dns_domain = a b: It is no domain name."),
    ("[metrics]\nlisten = 9774\n", "F:2: [metrics] listen = 9774: It is no HOST:PORT such as 127.0.0.1:9774."),
    ("[cors]\nallowed_origin = https://x/\n", "F:2: [cors] allowed_origin = https://x/: 'https://x/' is no origin"),
    ("[vnc]\nnovncproxy_base_url = cloud:6080\n", "F:2: [vnc] novncproxy_base_url = cloud:6080: It is no URL such as"),
    ("[compute]\ncpu_shared_set = 0-x\n", "F:2: [compute] cpu_shared_set = 0-x: Invalid range expression '0-x'"),
    ("[oslo_policy]\npolicy_file = /no/such/file\n",
     "F:2: [oslo_policy] policy_file = /no/such/file: There is no such"),
    ("[metadata]\nurl = http://m:8775\n", "[metadata] shared_secret = <unset>: It must be set where [metadata] url is"),
    ("[operations]\nreport_interval = 60\n",
     "F:2: [operations] report_interval = 60: Each service would count as down"),
    ("[image]\npage_size = 2000\n", "F:2: [image] page_size = 2000: It must not be more than [image] max_page_size"),
    ("[compute]\ncpu_dedicated_set = 1-3\ncpu_shared_set = 3\n",
     "F:3: [compute] cpu_shared_set = 3: Processor 3 is also"),
])
def test_an_invalid_option_is_named_with_its_line_and_a_remedy(tmp_path, text, said):
    found = checked(tmp_path, text)
    assert len(found) == 1 and found[0].startswith(said), found
    assert "secret@" not in found[0]


def test_all_invalid_options_are_listed_in_the_order_of_the_file(tmp_path):
    text = "[api]\n" + "\n" * 10 + "port = x\nworkers = 0\n[image]\npage_size = 5000\nsize = 1\n"
    assert [each.split(":")[1] for each in checked(tmp_path, text)] == ["12", "13", "15", "16"]


@pytest.mark.parametrize("text", [
    "", "[DEFAULT]\nmy-ip = 192.0.2.1\n", "[DEFAULT]\nstate_dir = /srv\n[image]\nstore_dir = $state_dir/x\n",
    "[network]\ndns_servers = 192.0.2.1,\n  2001:db8::1\n", "[api]\nport = 80\n",
    "[DEFAULT]\ntransport_url = rabbit://u:p@h:5672/v\nrpc_response_timeout = 5\n[oslo_messaging_rabbit]\n"
    "heartbeat_rate = 3\n", "[metadata]\nurl = http://[::1]:8775\nshared_secret = x\n", "[cors]\nallowed_origin = *\n",
    "[database]\nconnection = sqlite:///file:/x?mode=ro&uri=true\n", "[DEFAULT]\nlogfile = /tmp/x\n"])
def test_a_valid_configuration_passes(tmp_path, text):
    assert checked(tmp_path, text) == []


def test_the_sample_with_every_option_set_to_its_default_passes(tmp_path):
    shown = [line[1:] if line.startswith("#") and not line.startswith("# ") else line
             for line in sample.text().splitlines()]
    text = "\n".join(line for line in shown if "<" not in line and not line.endswith("="))
    text = text.replace("[metadata]\n", "[metadata]\nshared_secret = x\n")        # goes with the url that it shows
    assert checked(tmp_path, text) == []


def test_every_rule_is_about_an_existing_option():
    conf = cfg.ConfigOpts()
    options.register(conf)
    for group, name in configuration_rules.RULES:
        known = library_options.NAMES.get(group, set())
        assert name in known or name in (conf if group == "DEFAULT" else conf[group]), (group, name)


def test_the_names_of_the_libraries_options_are_all_known():
    from oslo_concurrency import opts as concurrency
    from oslo_messaging import opts as messaging
    from oslo_policy import opts as policy
    for module in (concurrency, messaging, policy):
        for group, found in module.list_opts():
            if str(group) in ("oslo_messaging_kafka",):         # a bus that is not offered
                continue
            assert {each.dest for each in found} <= library_options.NAMES[str(group or "DEFAULT")]


def test_the_filters_that_may_be_enabled_are_those_that_there_are():
    from nova_lite.conf import scheduler
    assert set(scheduler.FILTERS) == filters.NAMES


def run(*words):
    return subprocess.run([sys.executable, "-m", *words], capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS)
def test_each_service_names_an_unknown_option_and_does_not_start(tmp_path, script):
    file = tmp_path / "x.conf"
    file.write_text("[api]\nprot = 1\n")
    done = run(f"nova_lite.cmd.{script}", "--config-file", str(file))
    assert (done.returncode, done.stdout) == (1, "")
    assert f"{file}:2: [api] has no option prot; is port meant?" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("command", ["up", "up --detach", "doctor"])
def test_the_whole_cloud_names_an_invalid_option_and_does_not_start(tmp_path, command):
    (tmp_path / "nova_lite.conf").write_text("[quota]\ncores = lots\n")
    done = run("nova_lite.cmd.nova_lite", *command.split(), "--driver", "fake", "--state-dir", str(tmp_path),
               "--listen", f"127.0.0.1:{ports_and_ranges.free_port()}")
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "nova_lite.conf:2: [quota] cores = lots" in done.stdout + done.stderr
    assert not (tmp_path / "nova_lite.sqlite").exists()


def test_a_file_that_is_none_is_named(tmp_path):
    (tmp_path / "nova_lite.conf").write_text("no assignment\n")
    with pytest.raises(exceptions.Misconfigured, match="nova_lite.conf"):
        base.read(["--config-file", str(tmp_path / "nova_lite.conf")], "test")


# ---- a database that may only be read

@pytest.fixture
def read_only(tmp_path):
    """A state directory whose configuration lets nobody write to its database."""
    (tmp_path / "nova_lite.conf").write_text(f"[DEFAULT]\nstate_dir = {tmp_path}\n")
    for words in (("db", "sync"), ("bootstrap",)):
        done = run("nova_lite.cmd.manage", "--config-file", str(tmp_path / "nova_lite.conf"), *words)
        assert done.returncode == 0, done.stderr
    (tmp_path / "nova_lite.conf").write_text(
        f"[DEFAULT]\nstate_dir = {tmp_path}\n[api]\nport = {ports_and_ranges.free_port()}\nworkers = 1\n"
        f"[database]\nconnection = sqlite:///file:{tmp_path}/nova_lite.sqlite?mode=ro&uri=true\n")
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("script", ["nova_lite up --driver fake", "conductor", "scheduler"])
def test_a_start_says_that_the_database_may_only_be_read(read_only, script):
    name, *words = script.split()
    where = ["--state-dir", str(read_only)] if words else ["--config-file", str(read_only / "nova_lite.conf")]
    listen = ["--listen", f"127.0.0.1:{ports_and_ranges.free_port()}"] if words else []
    done = run(f"nova_lite.cmd.{name}", *words, *where, *listen)
    assert done.returncode == 1
    assert "nova-lite: The database may only be read now" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.slow
def test_the_api_starts_with_a_read_only_database_and_logs_it(read_only):
    output = read_only / "stderr"
    with open(output, "w") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "nova_lite.cmd.api", "--config-file", str(read_only / "nova_lite.conf")],
            stdin=subprocess.DEVNULL, stdout=file, stderr=file)
    try:
        clouds.until("the log says so", lambda: "The database may only be read now" in output.read_text())
        assert process.poll() is None and "Traceback" not in output.read_text()
    finally:
        process.terminate()
        process.wait(120)
