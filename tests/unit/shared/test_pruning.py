"""The beat that prunes a system's landing."""

from datetime import timedelta

from shared.extraction.pruning import pruning
from shared.landing import Landing, batch_id
from tests.unit.shared.test_landing import NOON, land


def test_each_extractor_prunes_its_own_system_alone(tmp_path):
    landing = Landing(str(tmp_path))
    old, new = NOON, NOON + timedelta(days=400)
    for at in (old, new):
        land(landing, name=batch_id(at, "a", "s"), scope="a", at=at)
    assert pruning(landing, "notion", keep=timedelta(days=90), now=lambda: new).beat() is None
    assert len(list(landing.manifests("gestta"))) == 2
    assert pruning(landing, "gestta", keep=timedelta(days=90), now=lambda: new).beat() is None
    assert [manifest.read_to for manifest in landing.manifests("gestta")] == [new]
