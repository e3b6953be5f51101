"""`make env`: `.env` and one random password per database login and broker user, never over existing ones.

Containers run as users of their own and compose's secrets are bind mounts that keep the file's owner and mode. So the
files are readable to all, in a folder that only its owner may enter: inside a container its user reads what is
mounted there, on this machine nobody else gets to any of them.
"""

import base64
import hashlib
import json
import re
import secrets
import sys
from pathlib import Path
from typing import Any

from shared.messaging import topology

ROOT = Path(__file__).parent.parent
SUPERUSER = "postgres"
LOGINS = ("transformer", "bi_refresher", "notifier", "console", "panel_reader", "bi_reader")
"""Those of `shared.database.upgrade`, told again: this runs before anything is installed."""
OWNER = "operacional"
"""Who declares the topology, and may open the management pages."""
VHOST = "operacional"
YOURS = ("notion_token", "notion_mapping", "gestta_token", "gestta_password", "bi_password", "slack_bot_token")
"""What only a person can fill in: empty files, so that compose has something to mount."""

SWITCH = """
# Compose gives the services the settings of this file; until you put `.env` here, those of the demo. A credential is
# best kept in a file: the Notion token e.g. in secrets/notion_token, and here
# NOTION_TOKEN_FILE=/run/secrets/notion_token
OPERACIONAL_SETTINGS=local/demo.env
"""

_NOTHING, _EVERYTHING = "^$", ".*"
_SALT_BYTES = 4


def rights() -> dict[str, tuple[str, str, str]]:
    """What each broker user may configure, write and read: patterns of names (reference: reliability, section 1).

    A passive declare asks for no right; publishing to a queue by its name is a write on `amq.default`.
    """
    give = _exactly(topology.EVENTS, "amq.default")
    settle = _exactly(topology.EVENTS, topology.DEAD, "amq.default")
    dead = [topology.dead_letters(subscription.queue) for subscription in topology.SUBSCRIPTIONS]
    users = {
        OWNER: (_EVERYTHING, _EVERYTHING, _EVERYTHING),
        "console": (_NOTHING, give, _exactly(topology.JOURNAL, *dead)),
    }
    for subscription in topology.SUBSCRIPTIONS:
        user, queue = subscription.queue.partition(".")[0], subscription.queue
        users[user] = (_NOTHING, settle, _exactly(queue))
        if subscription.single_active:
            # The queue that makes a system's runs one at a time is declared by who holds it.
            running = f"{user}.running"
            users[user] = (
                _exactly(running),
                _exactly(topology.EVENTS, topology.DEAD, "amq.default", running),
                _exactly(queue, running),
            )
    return users


def _exactly(*names: str) -> str:
    return f"^({'|'.join(map(re.escape, names))})$"


def write_secrets(folder: Path) -> list[str]:
    """Write what is missing in `folder`; returns the names of what was written."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    names = [f"db_{login}" for login in (SUPERUSER, *LOGINS)] + [f"amqp_{user}" for user in rights()]
    written = [name for name in names if not (folder / name).exists()]
    for name in written:
        _write(folder / name, secrets.token_urlsafe(24))
    for name in YOURS:
        if not (folder / name).exists():
            _write(folder / name, "")
    return written + _write_definitions(folder)


def _write_definitions(folder: Path) -> list[str]:
    path = folder / "rabbitmq_definitions.json"
    passwords = {user: (folder / f"amqp_{user}").read_text(encoding="utf-8").strip() for user in rights()}
    known = _hashes(path)
    if known.keys() == passwords.keys() and all(_verifies(known[user], word) for user, word in passwords.items()):
        return []
    _write(path, json.dumps(definitions(passwords), indent=2) + "\n")
    return [path.name]


def definitions(passwords: dict[str, str]) -> dict[str, Any]:
    """What RabbitMQ loads at its start: the users with their hashed passwords, the vhost, the rights."""
    return {
        "vhosts": [{"name": VHOST}],
        "users": [
            {
                "name": user,
                "password_hash": _hashed(secrets.token_bytes(_SALT_BYTES), word),
                "hashing_algorithm": "rabbit_password_hashing_sha256",
                "tags": "administrator" if user == OWNER else "",
            }
            for user, word in passwords.items()
        ],
        "permissions": [
            {"user": user, "vhost": VHOST, "configure": configure, "write": write, "read": read}
            for user, (configure, write, read) in rights().items()
        ],
    }


def _hashes(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    users = json.loads(path.read_text(encoding="utf-8"))["users"]
    return {user["name"]: user["password_hash"] for user in users}


def _hashed(salt: bytes, word: str) -> str:
    return base64.b64encode(salt + hashlib.sha256(salt + word.encode()).digest()).decode()


def _verifies(stored: str, word: str) -> bool:
    return stored == _hashed(base64.b64decode(stored)[:_SALT_BYTES], word)


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o644)


def main() -> int:
    written = write_secrets(ROOT / "secrets")
    env = ROOT / ".env"
    if not env.exists():
        env.touch(mode=0o600)
        env.write_text((ROOT / ".env.example").read_text(encoding="utf-8") + SWITCH, encoding="utf-8")
        written.append(".env")
    print(f"written: {', '.join(written)}" if written else "everything is there already; nothing was changed")
    print("next: the addresses and tokens of your systems into .env, then `docker compose run --rm console doctor`")
    return 0


if __name__ == "__main__":
    sys.exit(main())
