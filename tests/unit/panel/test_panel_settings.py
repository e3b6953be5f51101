"""What the panel takes from its environment."""

import pytest

from services.panel.settings import Settings
from shared.settings import SettingsError, load


@pytest.mark.parametrize("url", ["hunter2", "postgresql://panel_reader:hunter2@h:y/d"])
def test_a_malformed_address_of_the_database_is_named_and_not_repeated(url):
    with pytest.raises(SettingsError, match=r"PANEL_DATABASE_URL: is not an address") as refused:
        load(Settings, {"PANEL_DATABASE_URL": url})
    assert "hunter2" not in str(refused.value)
