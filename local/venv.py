"""`make setup`: `.venv` with everything, from the locks. Runs before anything is installed: standard library only."""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
VENV = ROOT / ".venv"
LOCK = ROOT / "requirements" / "dev.txt"
STAMP = VENV / "installed"
OLDEST = (3, 11)


def main() -> int:
    """0 when `.venv` holds what the lock names; else 1 and a sentence."""
    if sys.version_info < OLDEST:
        print(
            f"Python 3.11 or later is needed and this is {sys.version.split()[0]}: "
            "name another one, e.g. `make setup PYTHON=python3.12`",
            file=sys.stderr,
        )
        return 1
    digest = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    if STAMP.exists() and STAMP.read_text(encoding="utf-8") == digest:
        return 0
    if not (VENV / "bin" / "python").exists():
        if importlib.util.find_spec("ensurepip") is None and not _add_venv_module():
            return 1
        print("making .venv", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], check=True)
    print("installing from requirements/dev.txt", flush=True)
    pip = [str(VENV / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    done = subprocess.run([*pip, "--require-hashes", "--requirement", str(LOCK)], check=False)
    if done.returncode != 0:
        print("pip could not install the locked packages: see above; is there a network?", file=sys.stderr)
        return 1
    STAMP.write_text(digest, encoding="utf-8")
    return 0


def _add_venv_module() -> bool:
    """Debian keeps the module that makes environments in a package of its own."""
    package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    root = [] if os.geteuid() == 0 else ["sudo"]
    if shutil.which("apt-get") is None or (root and shutil.which("sudo") is None):
        print(f"this Python cannot make environments: install {package}", file=sys.stderr)
        return False
    print(f"installing {package}", flush=True)
    apt = [*root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300"]
    for order in (["update"], ["install", "-y", "--no-install-recommends", package]):
        done = subprocess.run([*apt, *order], check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        print(f"{package} could not be installed:\n{done.stdout}", file=sys.stderr)
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
