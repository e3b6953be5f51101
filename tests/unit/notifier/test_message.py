"""What people read: Portuguese, complete, safe and short enough for Slack."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.incidents import WHOLE, Incident, Member
from services.notifier.message import BLOCK_LIMIT, compose, escape
from services.notifier.policy import Reason
from services.notifier.words import WORDS

NOON = datetime(2026, 11, 24, 15, tzinfo=UTC)
DETAILS = {"status": "401", "hint": "token expirado", "reason": "500", "expires_at": NOON.isoformat(), "every": "420"}
SPEAKING = [reason for reason in Reason if reason.speaks]


def incident(key="auth/gestta", details=DETAILS, members=(WHOLE,)):
    failed = Member(failed_at=NOON, details=details, times=2)
    return Incident(
        key=key,
        opened_at=NOON - timedelta(minutes=12),
        heard_at=NOON,
        last_event_at=NOON,
        members=dict.fromkeys(members, failed),
    )


def text_of(message):
    return "\n".join(
        part["text"] for block in message.blocks for part in (block.get("text"), *block.get("elements", [])) if part
    )


def test_a_refused_token_says_what_since_when_what_it_means_and_the_command_that_helps():
    said = text_of(compose(incident(), Reason.FIRST, now=NOON))

    assert "Gestta recusou a nossa credencial" in said
    assert "24/11/2026 às 11:48 (12 min)" in said
    assert "*No painel:*" in said
    assert "`python -m services.console token set gestta`" in said


def test_a_recovery_says_how_long_it_took():
    said = text_of(compose(incident(), Reason.RECOVERED, now=NOON))

    assert "✅ *Gestta voltou a aceitar a credencial*" in said
    assert "Durou 12 min" in said


@pytest.mark.parametrize("kind", sorted(WORDS))
def test_every_kind_has_its_words_and_its_entry_in_the_runbook(kind):
    for reason in SPEAKING:
        assert "{" not in text_of(compose(incident(f"{kind}/x"), reason, now=NOON))
    assert f"\n### {kind}\n" in Path("docs/runbook.md").read_text(encoding="utf-8")


def test_text_from_outside_calls_nobody_and_ends_no_code():
    said = text_of(
        compose(incident(details=DETAILS | {"hint": "<!channel> `x` & <http://evil|ok>"}), Reason.FIRST, now=NOON)
    )

    assert "<" not in said
    assert "&lt;!channel&gt; 'x' &amp; &lt;http://evil|ok&gt;" in said


def test_slack_wants_three_characters_escaped():
    assert escape("<a> &amp;") == "&lt;a&gt; &amp;amp;"


texts = st.text(alphabet=st.sampled_from("<>&`ã \n{}"), max_size=5000)


@given(texts, st.sampled_from(sorted(WORDS)), st.sampled_from(SPEAKING), st.lists(texts, min_size=1, max_size=40))
def test_no_block_is_longer_than_slack_takes(text, kind, reason, members):
    details = DETAILS | {"hint": text, "reason": text, "fields": text}
    message = compose(incident(f"{kind}/{text[:900] or 'x'}", details, members), reason, now=NOON)

    assert all(len(block["text"]["text"]) <= BLOCK_LIMIT for block in message.blocks if "text" in block)
    assert len(message.blocks[-1]["elements"][0]["text"]) <= BLOCK_LIMIT
    assert "<" not in text_of(message)
