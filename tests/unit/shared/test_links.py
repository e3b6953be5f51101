"""Of a link that is signed anew at every read only the address is kept; a link that a person wrote is kept whole."""

import json

import pytest

from shared.landing.links import lasting

SIGNED = {
    "S3": "https://files.example/a.pdf?X-Amz-Expires=60&X-Amz-Signature=0f&x-id=GetObject",
    "S3, formerly": "https://files.example/a.pdf?AWSAccessKeyId=A&Expires=1&Signature=0%2B%3D",
    "CloudFront": "https://files.example/a.pdf?Expires=1&Signature=0~_&Key-Pair-Id=K",
    "a file server of Notion's": "https://files.example/a.pdf?expirationTimestamp=1&signature=0f&downloadName=a.pdf",
}


@pytest.mark.parametrize("link", SIGNED.values(), ids=SIGNED)
def test_a_signed_link_is_its_address(link):
    row = json.dumps({"file": {"url": link, "expiry_time": "2026-11-24T12:00:00.000Z"}, "name": "a.pdf"})
    assert json.loads(lasting(row)) == {
        "file": {"url": "https://files.example/a.pdf", "expiry_time": None},
        "name": "a.pdf",
    }


def test_a_signed_link_may_have_letters_with_accents():
    row = json.dumps({"url": "https://files.example/Relatório mensal".replace(" ", "_") + ".pdf?n=ç&X-Amz-Signature=0"})
    assert json.loads(lasting(row)) == {"url": "https://files.example/Relatório_mensal.pdf"}


@pytest.mark.parametrize(
    "words",
    ["https://a.example/?q=1", "Signature=1", "signature=1 https://a.example/?q=1", "https://a.example/?designature=1"],
)
def test_what_is_no_signed_link_stays(words):
    row = json.dumps({"text": words, "more": 'a "quote" \\u00e9'})
    assert lasting(row) == row
