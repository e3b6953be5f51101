"""What compose.yaml must not lose."""

from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
SERVICES = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]


@pytest.mark.parametrize("name", ["notion_extractor", "gestta_extractor"])
def test_what_a_reader_sets_aside_lies_on_a_volume_and_not_in_its_memory_limit(name):
    service = SERVICES[name]
    mounted = {volume.split(":")[1] for volume in service["volumes"]}
    assert service["environment"]["TMPDIR"] in mounted
    assert service["environment"]["TMPDIR"] not in service["tmpfs"]
    assert service["environment"]["TMPDIR"] in (ROOT / "Dockerfile").read_text(encoding="utf-8")
