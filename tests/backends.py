"""Private RabbitMQ, PostgreSQL and MariaDB servers for tests: on loopback ports of our own, ended by pid.

    with backends.rabbitmq(tmp_path) as url: ...      # "rabbit://guest:guest@127.0.0.1:40123/"

The URL is a text that also knows its ``server``: ``url.server.stop()`` and ``start()`` make an outage.  Logs are in the
given directory.  Data lies elsewhere while the server runs, because pytest's directories are closed to other users.
"""

import contextlib
import glob
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid

import sqlalchemy as sa

from tests.ports_and_ranges import free_port

TIMEOUT = 300      # seconds to become ready; several servers may start at once on a busy machine


class Url(str):
    """Where a server is reached; ``server`` stops and starts it."""

    server = None


class Server:
    """One process (or process group) of ours: started, asked until ready, stopped by its pid."""

    def __init__(self, command, log, ready, *, user=None, stop_signal=signal.SIGTERM, **environment):
        self._command = command
        self._log = log
        self._ready = ready
        self._user = user
        self._stop_signal = stop_signal
        #: PostgreSQL's children outlive a killed parent; stopped in immediate mode, it recovers in the same way.
        self._crash_signal = signal.SIGQUIT if user == "postgres" else signal.SIGKILL
        self.environment = {**os.environ, **environment}
        self._process = None

    @property
    def pid(self):
        return self._process.pid

    def start(self):
        with open(self._log, "ab") as log:
            self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/",
                                             env=self.environment, start_new_session=True, **as_user(self._user))
        end = time.monotonic() + TIMEOUT
        while not self._ready():
            if self._process.poll() is not None or time.monotonic() > end:
                self.stop()
                raise AssertionError(f"{self._command[0]} did not start:\n{_end(self._log)}")
            time.sleep(0.1)

    def stop(self, timeout=30):
        """Ask it to end; kill its group when it does not within ``timeout`` seconds.  Twice is harmless."""
        if self._process.poll() is None:
            self._process.send_signal(self._stop_signal)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)        # what is left of the session it led
        self._process.wait(10)

    def crash(self):
        """End it without any ceremony, as kill -9 or a power cut does."""
        self._process.send_signal(self._crash_signal)
        self.stop(5)

    def pause(self):
        """Freeze it: its sockets stay open and nothing answers, as on a machine that hangs."""
        os.killpg(self._process.pid, signal.SIGSTOP)

    def resume(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGCONT)


def as_user(user):
    """Popen's arguments to run as ``user``, for servers that refuse root; none when we are somebody else already."""
    return {"user": user, "group": user, "extra_groups": []} if user and os.geteuid() == 0 else {}


def _greets(port, hello=b"", prefix=b""):
    """Whether the server at ``port`` answers ``hello`` (or the mere connection) with ``prefix``."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as asking:
            asking.settimeout(2)
            asking.sendall(hello)
            return not prefix or asking.recv(64).startswith(prefix)
    except OSError:
        return False


@contextlib.contextmanager
def _home(owner=None):
    """A directory for a server's data that its user can reach, removed at the end."""
    path = tempfile.mkdtemp(prefix="nl-", dir="/tmp")       # short: sockets have names of at most 107 bytes
    try:
        if as_user(owner):
            shutil.chown(path, owner, owner)
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def _running(server, url):
    server.start()
    try:
        made = Url(url)
        made.server = server
        yield made
    finally:
        server.resume()
        server.stop()


def _run(command, log, user=None):
    with open(log, "ab") as out:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, check=False, cwd="/",
                              timeout=TIMEOUT, **as_user(user))
    assert done.returncode == 0, f"{command[0]}: {_end(log)}"


def _end(log):
    """The last that a server or tool of ours wrote."""
    return pathlib.Path(log).read_text(errors="replace")[-4000:]


def _tool(name, *patterns):
    """Where ``name`` is: on the path, or the newest match of ``patterns``."""
    found = [path for pattern in patterns for path in sorted(glob.glob(pattern + "/" + name), reverse=True)]
    path = next(iter(found), None) or shutil.which(name)
    assert path, f"{name} is not installed"
    return path


# ---- RabbitMQ

@contextlib.contextmanager
def rabbitmq(directory):
    """A broker with the user guest; yields its rabbit:// URL."""
    port, distribution, mapper = free_port(), free_port(), free_port()
    logs = pathlib.Path(directory)
    with _home() as home:
        environment = _rabbit_environment(home, port, distribution, mapper)
        # Its own port mapper: the common one would outlive us, or end with somebody else's tests.
        epmd = Server([_tool("epmd"), "-port", str(mapper), "-address", "127.0.0.1"], logs / "epmd.log",
                      lambda: _greets(mapper), **environment)
        broker = Server([_tool("rabbitmq-server", "/usr/lib/rabbitmq/bin")], logs / "rabbitmq.log",
                        lambda: _greets(port, b"AMQP\x00\x00\x09\x01", b"\x01\x00\x00"), **environment)
        with _running(epmd, ""), _running(broker, f"rabbit://guest:guest@127.0.0.1:{port}/") as url:
            yield url


def virtual_host(broker):
    """The URL of a new virtual host of that broker, which no one else uses."""
    name = uuid.uuid4().hex[:8]
    said = (f'rabbit_vhost:add(<<"{name}">>, <<"tests">>), rabbit_auth_backend_internal:set_permissions('
            f'<<"guest">>, <<"{name}">>, <<".*">>, <<".*">>, <<".*">>, <<"tests">>).')
    # Within the broker: rabbitmqctl would start an Erlang of its own first.
    node = broker.server.environment["RABBITMQ_NODENAME"]
    done = subprocess.run([_tool("erl_call"), "-sname", node, "-R", "-e"], input=f"{said}\n", text=True,
                          capture_output=True, check=False, env=broker.server.environment)
    assert done.returncode == 0 and done.stdout.strip() == "{ok, ok}", done.stdout + done.stderr
    made = Url(f"{broker}{name}")
    made.server = broker.server
    return made


def _rabbit_environment(home, port, distribution, mapper):
    pathlib.Path(home, "plugins").write_text("[].")
    pathlib.Path(home, "rabbitmq.conf").write_text(f"listeners.tcp.local = 127.0.0.1:{port}\n")
    return {"HOME": home, "RABBITMQ_NODENAME": f"nl{port}@localhost", "RABBITMQ_DIST_PORT": str(distribution),
            "RABBITMQ_MNESIA_BASE": home + "/data", "RABBITMQ_LOG_BASE": home + "/log",
            "RABBITMQ_PID_FILE": home + "/pid", "RABBITMQ_ENABLED_PLUGINS_FILE": home + "/plugins",
            "RABBITMQ_CONFIG_FILE": home + "/rabbitmq", "RABBITMQ_LOGS": "-",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none -kernel inet_dist_use_interface {127,0,0,1}",
            "ERL_EPMD_PORT": str(mapper), "ERL_EPMD_ADDRESS": "127.0.0.1"}


# ---- databases

def own_database(url):
    """The URL of a new empty database on that server, which no one else uses."""
    name = f"nova_lite_{uuid.uuid4().hex[:8]}"
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        charset = " CHARACTER SET utf8mb4" if engine.dialect.name != "postgresql" else ""
        connection.exec_driver_sql(f"CREATE DATABASE {name}{charset}")
    engine.dispose()
    made = Url(sa.make_url(url).set(database=name).render_as_string(hide_password=False))
    made.server = url.server
    return made


@contextlib.contextmanager
def postgresql(directory):
    """A PostgreSQL server with an empty database nova_lite; yields its SQLAlchemy URL."""
    log, port, tools = pathlib.Path(directory, "postgresql.log"), free_port(), "/usr/lib/postgresql/*/bin"
    with _home("postgres") as home:
        data = home + "/data"
        _run([_tool("initdb", tools), "-D", data, "-U", "nova_lite", "-A", "trust", "-E", "UTF8", "--locale=C",
              "--no-sync"], log, "postgres")
        options = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": home, "fsync": "off",
                   "max_connections": 200, "shared_buffers": "32MB"}
        server = Server([_tool("postgres", tools), "-D", data] + [part for name, value in options.items()
                                                                  for part in ("-c", f"{name}={value}")],
                        log, lambda: _postgresql_answers(port, tools), user="postgres", stop_signal=signal.SIGINT)
        with _running(server, f"postgresql+psycopg://nova_lite@127.0.0.1:{port}/nova_lite") as url:
            _run([_tool("createdb", tools), "-h", "127.0.0.1", "-p", str(port), "-U", "nova_lite", "nova_lite"], log)
            yield url


def _postgresql_answers(port, tools):
    asking = [_tool("pg_isready", tools), "-q", "-h", "127.0.0.1", "-p", str(port)]
    return subprocess.run(asking, check=False).returncode == 0


@contextlib.contextmanager
def mariadb(directory):
    """A MariaDB server with an empty database nova_lite; yields its SQLAlchemy URL."""
    log, port = pathlib.Path(directory, "mariadb.log"), free_port()
    with _home("mysql") as home:
        start = pathlib.Path(home, "start.sql")
        start.write_text("CREATE DATABASE IF NOT EXISTS nova_lite CHARACTER SET utf8mb4;\n"
                         "CREATE USER IF NOT EXISTS 'nova_lite'@'127.0.0.1' IDENTIFIED BY 'nova_lite';\n"
                         "GRANT ALL ON *.* TO 'nova_lite'@'127.0.0.1';\n")
        start.chmod(0o644)
        # A server that starts removes all temporary tables of the directory, also those that another one uses.
        places = [f"--datadir={home}/data", f"--tmpdir={home}"]
        _run([_tool("mariadb-install-db"), "--no-defaults", *places, "--skip-test-db",
              "--auth-root-authentication-method=normal"], log, "mysql")
        server = Server([_tool("mariadbd", "/usr/sbin"), "--no-defaults", *places, f"--port={port}",
                         "--bind-address=127.0.0.1", f"--socket={home}/socket", f"--pid-file={home}/pid",
                         f"--init-file={start}", "--skip-name-resolve", "--innodb-flush-log-at-trx-commit=2",
                         "--innodb-buffer-pool-size=32M", "--max-connections=300"],
                        log, lambda: _mariadb_answers(port), user="mysql")
        with _running(server, f"mysql+pymysql://nova_lite:nova_lite@127.0.0.1:{port}/nova_lite") as url:
            yield url


def _mariadb_answers(port):
    import pymysql
    try:
        pymysql.connect(host="127.0.0.1", port=port, user="nova_lite", password="nova_lite").close()
    except pymysql.MySQLError:
        return False
    return True
