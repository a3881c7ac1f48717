"""Identities, tokens and reasons: who is who, and what stands in a reader's own link."""

from __future__ import annotations

import base64
import hmac
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from newsletter.audience import identity, reasons, tokens
from newsletter.audience.tokens import Token

KEY = b"k" * 32
SECRETS = ("a" * 40, "b" * 40)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ann@Example.ORG", "ann@example.org"),
        (" ann@example.org ", "ann@example.org"),
        ("jürgen@example.org", "ju\u0308rgen@example.org"),
        ("ann@bücher.example", "ann@xn--bcher-kva.example"),
        ("ANN@BÜCHER.example", "ann@bücher.example"),
    ],
)
def test_one_person_in_two_spellings(one: str, other: str) -> None:
    """Case, spaces, Unicode form, IDN (sending.md, Identity)."""
    assert identity.identify(one, KEY).key == identity.identify(other, KEY).key


@pytest.mark.parametrize(
    ("one", "other"), [("ann@example.org", "ann@example.com"), ("ann+x@example.org", "ann@example.org")]
)
def test_two_people(one: str, other: str) -> None:
    """What only one provider takes for the same is not the same."""
    assert identity.identify(one, KEY).key != identity.identify(other, KEY).key


def test_what_was_typed_is_mailed() -> None:
    """The key is for us, the address is theirs."""
    assert identity.identify(" Ann@Example.org", KEY).address == "Ann@Example.org"


def test_another_key_is_another_identity() -> None:
    """An erased address cannot be found by trying without the key."""
    assert identity.identify("ann@example.org", KEY).key != identity.identify("ann@example.org", b"x" * 32).key


def test_the_key_of_an_address_stays() -> None:
    """It is stored for good: this number must never change."""
    assert identity.identify("ann@example.org", KEY).key == identity.address_key("ann@example.org", KEY)
    assert 0 <= identity.identify("ann@example.org", KEY).key < 2**63


@pytest.mark.parametrize(
    "text", ["", "ann", "@example.org", "ann@", "a b@example.org", "ann@@example.org", "ann@exam\nple.org"]
)
def test_what_nobody_can_have(text: str) -> None:
    """Told without the address, since reports are kept."""
    with pytest.raises(identity.BadAddressError):
        identity.identify(text, KEY)


@pytest.mark.parametrize(
    ("domain", "reserved"),
    [
        ("example.org", True), ("mail.example.com", True), ("news.test", True), ("x.invalid", True),
        ("cityname.com", False), ("notexample.org", False), ("example.org.cityname.com", False),
    ],
)  # fmt: skip
def test_reserved_domains(domain: str, reserved: bool) -> None:
    """RFC 2606: mail to them reaches nobody."""
    assert identity.identify(f"ann@{domain}", KEY).reserved is reserved


def test_a_masked_address() -> None:
    """Its owner knows it, nobody else does."""
    assert identity.mask("ann.roe@mail.example.org") == "a•••@m•••.org"


tokens_of = st.builds(
    Token,
    purpose=st.just("reader"),
    subscriber_id=st.integers(0, 2**64 - 1),
    list_id=st.integers(0, 2**32 - 1),
    send_id=st.integers(0, 2**32 - 1),
)


@given(token=tokens_of)
def test_a_token_comes_back(token: Token) -> None:
    """Compact, safe in a URL, and read by every key that is still valid."""
    text = tokens.sign(token, SECRETS[1])
    assert len(text) == 46
    assert text.replace("-", "").replace("_", "").isalnum()
    assert tokens.read(text, "reader", SECRETS) == token
    assert token.inert == (token.subscriber_id == 0)
    quick = tokens.signer(token.purpose, SECRETS[1], list_id=token.list_id, send_id=token.send_id)
    assert quick(token.subscriber_id) == text, "what makes many tokens makes the same"


def test_a_link_that_was_mailed_before_the_purpose_was_renamed() -> None:
    """Links do not expire: this one was signed when the purpose was called "unsubscribe"."""
    mailed = "AQEAAAAAAAACZQAAAAIAAAAHvSyZWmaACUIDSBi93yIL2g"
    assert tokens.read(mailed, "reader", SECRETS) == Token("reader", 613, 2, 7)


@given(token=tokens_of, place=st.integers(0, 33), bit=st.integers(0, 7))
def test_a_token_that_was_changed(token: Token, place: int, bit: int) -> None:
    """One bit is enough."""
    raw = bytearray(base64.urlsafe_b64decode(tokens.sign(token, SECRETS[0]) + "=="))
    raw[place] ^= 1 << bit
    with pytest.raises(tokens.BadTokenError):
        tokens.read(base64.urlsafe_b64encode(raw).rstrip(b"=").decode(), "reader", SECRETS)


@given(text=st.text(max_size=80))
def test_any_text(text: str) -> None:
    """Never another error than the one."""
    with pytest.raises(tokens.BadTokenError):
        tokens.read(text, "reader", SECRETS)


def test_a_key_that_was_taken_away() -> None:
    """What it signed is not ours any more."""
    with pytest.raises(tokens.BadTokenError):
        tokens.read(tokens.sign(Token("reader", 1, 1, 1), SECRETS[0]), "reader", SECRETS[1:])


def test_a_token_holds_no_address() -> None:
    """Ids only."""
    raw = base64.urlsafe_b64decode(tokens.sign(Token("reader", 7, 3, 2), SECRETS[0]) + "==")
    assert raw[:18].hex() == "0101" + "0000000000000007" + "00000003" + "00000002"


@pytest.mark.parametrize("reason", [*reasons.REASONS, *(f"suppressed:{word}" for word in reasons.SUPPRESSIONS)])
def test_every_reason_in_words(reason: str) -> None:
    """No word that a person sees is the code alone."""
    assert reasons.in_words(reason) != reason
    assert " " in reasons.in_words(reason)


def test_an_unknown_reason_is_shown_as_it_is() -> None:
    """A later version's word."""
    assert reasons.in_words("moon") == "moon"


# --- the short way ----------------------------------------------------------------------------------------------------

_SIGNS = st.text(st.sampled_from("aZ09.-_+'!#$%&*/=?^`{|}~@\"\\ (),:;<>[]\t\u00e9"), max_size=12)
_LABELS = st.one_of(
    st.from_regex(r"[A-Za-z0-9-]{1,5}", fullmatch=True),
    st.sampled_from(
        ["", "-a", "a-", "xn--bcher-kva", "XN--A", "ab--c", "aa--", "a" * 63, "a" * 64, "9", "b\u00fccher", "a_b"]
    ),
)  # fmt: skip
_ENDS = st.sampled_from(
    ["org", "ORG", "example", "test", "invalid", "local", "localhost", "onion", "arpa", "x", "9", "a1", "1a", "com."]
)
_addresses = st.builds(
    lambda before, local, labels, end: f"{before}{local}@{'.'.join([*labels, end])}{before}",
    st.sampled_from(["", " ", "\t", "\u00a0"]),
    st.one_of(_SIGNS, st.sampled_from(["info", "Postmaster", "x" * 64, "y" * 240])),
    st.lists(_LABELS, max_size=4),
    _ENDS,
)


def _found(identify: object, address: str) -> object:
    try:
        return identify(address)  # type: ignore[operator]  # one of two functions
    except identity.BadAddressError as error:
        return str(error)


@given(address=st.one_of(_addresses, st.text(max_size=20)))
@example(address="ann@" + "a." * 120 + "org")
@example(address="x" * 250 + "@a.de")
@example(address="x" * 249 + "@a.de")
def test_the_short_way_says_what_the_library_says(address: str) -> None:
    """Plain addresses do not ask it (it takes thirty times as long): the same are taken, and come to the same."""
    keyed = identity._keyed(KEY)
    by_library = _found(lambda text: identity._identified_by_library(text.strip(), keyed), address)
    assert _found(identity.identifier(KEY), address) == by_library


@pytest.mark.parametrize("address", ["ann@example.org", "A.B+c'd@Mail-1.example.co", "o'brien=x@a.b-c.io"])
def test_plain_addresses_go_the_short_way(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise a million of them would take a minute and a half."""
    monkeypatch.setattr(identity, "validate_email", None)
    assert identity.identify(address, KEY).address == address


@given(key=st.binary(max_size=200), normal=st.text(max_size=40))
def test_the_key_is_an_hmac(key: bytes, normal: str) -> None:
    """HMAC-SHA256 with its beginning made once, for keys of any length."""
    text = unicodedata.normalize("NFC", normal).lower().encode()
    wanted = int.from_bytes(hmac.digest(key, text, "sha256")[:8], "big") >> 1
    assert identity.address_key(normal, key) == wanted
