"""A private RabbitMQ: own node, own name server, own ports on loopback, small in memory."""

import os
import secrets
import subprocess
import urllib.error
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep

from local import ports, program
from local.environment import OWNER
from local.management import Management
from local.preflight import Unfit
from local.program import Program

ACCOUNT = "rabbitmq"
# Not /usr/sbin/rabbitmq-server: Debian's wrapper lets only root and its own user start it.
SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
CONTROL = SERVER.with_name("rabbitmqctl")
NODE = "operacional@localhost"
START_SECONDS = 90
ERLANG = "+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none"
"""Two schedulers that sleep when idle, instead of one per core that spin."""


@dataclass(frozen=True, slots=True)
class Broker:
    """A server that is prepared, or to be prepared, under `home`."""

    home: Path
    port: int = field(default_factory=ports.free)
    management_port: int = field(default_factory=ports.free)
    names_port: int = field(default_factory=ports.free)
    """Of epmd, Erlang's name server: an own one, so that ours ends with us and the machine's stays."""
    distribution_port: int = field(default_factory=ports.free)
    definitions: Path | None = None
    """Users, vhosts and rights to load at the start; without them there is `user` alone."""
    user: str = "administrator"
    password: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)

    @property
    def management(self) -> Management:
        """The management API, asked as the administrator."""
        return Management(f"http://127.0.0.1:{self.management_port}/api", self.user, self.password)

    def url(self, vhost: str = "%2F") -> str:
        """AMQP's address for the administrator."""
        return f"amqp://{self.user}:{self.password}@127.0.0.1:{self.port}/{vhost}"

    @property
    def environment(self) -> dict[str, str]:
        """What the server and its tools are told; the machine's own RabbitMQ settings are not read."""
        return {
            "HOME": str(self.home),
            "ERL_EPMD_PORT": str(self.names_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": NODE,
            "RABBITMQ_DIST_PORT": str(self.distribution_port),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_CONFIG_FILE": str(self.home / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(self.home / "advanced.config"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.home / "enabled_plugins"),
            "RABBITMQ_GENERATED_CONFIG_DIR": str(self.home / "generated"),
            "RABBITMQ_MNESIA_BASE": str(self.home / "data"),
            "RABBITMQ_LOG_BASE": str(self.home),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_PID_FILE": str(self.home / "pid"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": f"{ERLANG} -kernel inet_dist_use_interface {{127,0,0,1}}",
            # The script then becomes the node instead of waiting for it, so that a signal reaches it.
            "RUNNING_UNDER_SYSTEMD": "true",
        }

    @property
    def programs(self) -> tuple[Program, Program]:
        """The name server, then the node."""
        owner = program.account(ACCOUNT)
        names = ("epmd", "-port", str(self.names_port), "-address", "127.0.0.1")
        return (
            Program("epmd", names, self.home, self.environment, owner),
            Program("rabbitmq", (str(SERVER),), self.home, self.environment, owner),
        )

    def prepare(self) -> None:
        """Write its settings. Raises `Unfit`."""
        if not SERVER.exists():
            raise Unfit("RabbitMQ is missing: `make test` and `make demo` install it from the distribution's packages")
        owner = program.account(ACCOUNT)
        program.give(self.home, owner)
        self._write("enabled_plugins", "[rabbitmq_management].\n")
        self._write("rabbitmq.conf", self._settings())
        self._write(".erlang.cookie", secrets.token_hex(20))

    def _settings(self) -> str:
        chosen = {
            "listeners.tcp.1": f"127.0.0.1:{self.port}",
            "management.tcp.ip": "127.0.0.1",
            "management.tcp.port": self.management_port,
            "log.console.level": "warning",
            "disk_free_limit.absolute": "200MB",
            # The quorum queues' log: the default of 512 MiB is kept in memory until it is full.
            "raft.wal_max_size_bytes": 16 * 1024 * 1024,
        }
        if self.definitions:
            self._write("definitions.json", self.definitions.read_text(encoding="utf-8"))
            chosen["load_definitions"] = str(self.home / "definitions.json")
        else:
            chosen |= {"default_user": self.user, "default_pass": self.password}
        return "".join(f"{name} = {value}\n" for name, value in chosen.items())

    def _write(self, name: str, text: str) -> None:
        path = self.home / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o600 if name != ".erlang.cookie" else 0o400)
        owner = self.home.stat()
        os.chown(path, owner.st_uid, owner.st_gid)

    def control(self, *arguments: str) -> str:
        """What `rabbitmqctl` says to these arguments. Raises `subprocess.CalledProcessError`."""
        owner = program.account(ACCOUNT)
        done = subprocess.run(
            [str(CONTROL), "--quiet", *arguments],
            env={**os.environ, **self.environment},
            cwd=self.home,
            capture_output=True,
            text=True,
            check=True,
            user=owner,
            group=owner,
            extra_groups=[] if owner else None,
        )
        return str(done.stdout)

    def wait(self, alive: subprocess.Popen[bytes] | None = None) -> None:
        """Until it takes connections and answers its API. Raises `Unfit` when `alive` ends, or after 90 s."""
        deadline = monotonic() + START_SECONDS
        while not self._serves():
            if (alive and alive.poll() is not None) or monotonic() > deadline:
                raise Unfit(f"the private RabbitMQ did not start: see its log in {self.home.parent}")
            sleep(0.2)

    def _serves(self) -> bool:
        # The listener opens last, when the definitions are in.
        if not ports.answers(self.port):
            return False
        try:
            self.management.ask("GET", "whoami")
        except (urllib.error.URLError, OSError):
            return False
        return True


def with_secrets(home: Path, folder: Path) -> Broker:
    """A broker with the house's users and rights, as `environment.write_secrets` wrote them into `folder`."""
    return Broker(
        home,
        definitions=folder / "rabbitmq_definitions.json",
        user=OWNER,
        password=(folder / f"amqp_{OWNER}").read_text(encoding="utf-8").strip(),
    )


@contextmanager
def private(home: Path, *, secrets_folder: Path | None = None) -> Iterator[Broker]:
    """A fresh server under `home` (absolute, not there yet) that lives as long as the block and is killed with it.

    With the users and rights of `secrets_folder` (`environment.write_secrets`), else with one administrator.
    """
    server = Broker(home) if secrets_folder is None else with_secrets(home, secrets_folder)
    server.prepare()
    names, node = server.programs
    log = home.with_suffix(".log")
    try:
        with ExitStack() as stack:
            stack.enter_context(program.running(names, log, patience=0))
            process = stack.enter_context(program.running(node, log, patience=0))
            server.wait(process)
            yield server
    finally:
        program.end(home)
