"""To whom the password is given."""

import pytest

from services.gestta_extractor.sign_in.pages import is_door

HOME = "https://onvio.com.br"


@pytest.mark.parametrize(
    ("address", "home", "trusted"),
    [
        ("https://onvio.com.br/login/#/", HOME, True),
        ("https://auth.thomsonreuters.com/u/login", HOME, True),
        ("https://app.gestta.com.br/", HOME, True),
        ("http://auth.thomsonreuters.com/u/login", HOME, False),
        ("https://thomsonreuters.com.example/u/login", HOME, False),
        ("https://notonvio.com.br/", HOME, False),
        ("https://onvio.com.br:8443/", HOME, True),
        ("data:text/html,x", HOME, False),
        ("http://127.0.0.1:9101/login", "http://127.0.0.1:9101", True),
        ("http://127.0.0.1:9102/login", "http://127.0.0.1:9101", False),
    ],
)
def test_the_password_is_given_to_onvio_and_gestta_alone(address, home, trusted):
    assert is_door(address, home) is trusted
