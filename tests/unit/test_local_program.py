"""What belongs to a private folder is found and ended, and nothing else."""

import subprocess
import sys
from pathlib import Path

import psutil

from local import program
from local.program import Program

SLEEP = (sys.executable, "-c", "import time; time.sleep(60)")
STUBBORN = (
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)",
)


def test_a_program_ends_with_its_block(tmp_path):
    with program.running(Program("sleep", SLEEP, tmp_path), tmp_path / "log", patience=5) as process:
        assert process.poll() is None

    assert process.poll() is not None


def test_a_child_that_outlives_its_parent_is_still_known_as_ours(tmp_path, eventually):
    orphan = f"import subprocess; subprocess.Popen({list(SLEEP)!r}, start_new_session=True)"
    with program.running(
        Program("parent", (sys.executable, "-c", orphan), tmp_path), tmp_path / "log", patience=5
    ) as parent:
        parent.wait(10)
        assert len(program.leftovers(tmp_path)) == 1

    assert program.end(tmp_path) == 1
    assert program.leftovers(tmp_path) == []


def test_who_ignores_the_asking_is_killed(tmp_path, eventually):
    log = tmp_path / "log"
    with program.running(Program("deaf", STUBBORN, tmp_path), log, patience=0):
        eventually(lambda: "deaf" in log.read_text())

        assert program.end(tmp_path, within=0.1) == 1
        assert program.leftovers(tmp_path) == []


def test_a_stranger_that_only_looks_at_our_folder_is_left_alone(tmp_path):
    stranger = subprocess.Popen([*SLEEP, f"{tmp_path}/log/transformer.log"], cwd=tmp_path)
    try:
        assert program.end(tmp_path) == 0
        assert psutil.pid_exists(stranger.pid)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_another_private_folder_with_the_same_beginning_is_left_alone(tmp_path):
    near = Path(f"{tmp_path}-2")
    near.mkdir()
    with program.running(Program("sleep", SLEEP, near), tmp_path / "log", patience=0) as process:
        assert program.end(tmp_path) == 0
        assert process.poll() is None
