"""`newsletter keys`: a key is shown once, listed by name, and taken back."""

from __future__ import annotations

import json

from cli_house import House


def test_a_key_from_its_making_to_its_end(house: House) -> None:
    made = house.run("keys", "new", "crm", "--scope", "lists:read", "--scope", "editions:read")
    assert made.out.startswith("nlk_")
    (listed,) = json.loads(house.run("keys", "list", "--json").out)
    assert (listed["name"], listed["scopes"], listed["revoked_at"]) == ("crm", ["editions:read", "lists:read"], None)
    assert made.out.strip() not in house.run("keys", "list").out
    assert house.run("keys", "revoke", "crm").out == "crm is revoked\n"
    assert house.run("keys", "revoke", "crm").out == "crm was revoked already\n"
    assert "revoked" in house.run("keys", "list").out


def test_what_cannot_be(house: House) -> None:
    """Names are for logs and people; a name is used once, so that the record stays true."""
    house.run("keys", "new", "crm", "--scope", "lists:read")
    for words, code in ((("Crm!", "lists:read"), 1), (("crm", "lists:read"), 1), (("new", "all"), 2)):
        said = house.run("keys", "new", words[0], "--scope", words[1])
        assert (said.code, said.out) == (code, "")
        assert "Traceback" not in said.err
    assert house.run("keys", "revoke", "nobody").code == 1
