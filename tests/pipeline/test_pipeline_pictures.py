"""From a picture in content/images to readers' inboxes: published, or carried by each mail; tests carry the same."""

from __future__ import annotations

import email
import re
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import cast

import pytest
from ledger_house import House
from ledger_sandbox import heard_sandbox
from pictures_samples import chart, saved, turned, view

from newsletter.errors import ContentError
from newsletter.model import Level, Message
from newsletter.pipeline import composing, desk, freezing, gathering, planning, sending, testing
from newsletter.sandbox import Sandbox
from newsletter.storage import messages

DAILY = "daily/2026-05-04"
IMAGE = "{src: images/port.jpg, alt: Cranes at dawn}"


def with_picture(house: House, *, embed: bool) -> House:
    (house.folder / "content/images/port.jpg").write_bytes(turned(6))
    house.newsletter(keys='pictures = "embed"' if embed else "")
    house.reload()
    house.story(image=IMAGE)
    return house


def published(house: House) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in house.context.settings.published.iterdir()}


def inbox(sandbox: Sandbox) -> list[EmailMessage]:
    return [
        cast("EmailMessage", email.message_from_bytes(path.read_bytes(), policy=default)) for path in sandbox.mails()
    ]


def carried(mail: EmailMessage) -> dict[str, bytes]:
    return {str(part["Content-ID"]): part.get_content() for part in mail.iter_attachments()}


def test_mails_that_carry_their_pictures(house: House) -> None:
    """Through the SendGrid library: every reader's mail, and the test before it, holds the picture that it shows."""
    with_picture(house, embed=True)
    house.readers(3)
    with heard_sandbox(house) as heard:
        testing.send_test(house.context, house.target())
        assert house.send().accepted == 3
        mails = inbox(heard.sandbox)
    ((name, data),) = published(house).items()
    assert len(mails) == 4
    for mail in mails:
        html = mail.get_body(("html",))
        assert html is not None
        assert f'src="cid:{name}@images"' in html.get_content()
        assert carried(mail) == {f"<{name}@images>": data}
        (part,) = mail.iter_attachments()
        assert (part.get_content_type(), part.get_content_disposition()) == ("image/jpeg", "inline")


def test_mails_that_show_them_from_our_pages(house: House) -> None:
    """Nothing is carried; what they name is published."""
    with_picture(house, embed=False)
    house.readers(1)
    with heard_sandbox(house) as heard:
        house.send()
        (mail,) = inbox(heard.sandbox)
    (name,) = published(house)
    html = mail.get_body(("html",))
    assert html is not None
    assert f'src="{house.context.settings.base_url}/images/{name}"' in html.get_content()
    assert list(mail.iter_attachments()) == []


def test_what_was_frozen_goes_whatever_becomes_of_the_file(house: House) -> None:
    """The stored message holds its pictures: neither content/images nor the published folder is asked at the send."""
    with_picture(house, embed=True)
    house.readers(2)
    send = house.start()
    (house.folder / "content/images/port.jpg").unlink()
    for path in house.context.settings.published.iterdir():
        path.unlink()
    assert sending.run(house.context, send).accepted == 2
    ((picture,),) = {message.embedded for message in (each.message for each in house.fake.accepted)}
    assert picture.content.startswith(b"\xff\xd8\xff")
    assert published(house) == {}


def test_a_message_is_stored_once(house: House) -> None:
    """Frozen, tested, frozen anew: the same rows; the message comes back as it was kept."""
    with_picture(house, embed=True)
    composed = compose(house)
    with house.store.write() as tx:
        row = freezing.open_row(tx, house.target(), house.clock()).id
        first, second = (messages.keep(tx, row, composed, house.clock()) for _ in range(2))
        kept = messages.of_variant(tx, first)
    assert first == second
    assert (kept.embedded, kept.html) == (composed.embedded, composed.html)
    assert len(kept.embedded) == 1


def compose(house: House) -> Message:
    gathered = gathering.gather(house.context, house.target(), house.clock())
    assert gathered.assembly.edition is not None
    return composing.compose(house.context, house.target().newsletter, gathered.assembly.edition).message


def test_a_damaged_picture_is_not_approved(sqlite_house: House) -> None:
    """In words, with the story's line; a head that can be read is not enough."""
    house = with_picture(sqlite_house, embed=False)
    (house.folder / "content/images/port.jpg").write_bytes(saved(view())[:20_000])
    with pytest.raises(ContentError, match=r"2026-05-04-ports\.md:\d+: the picture images/port\.jpg: it is damaged"):
        desk.approve(house.context, "2026-05-04-ports", by="ann")


def test_a_damaged_picture_stops_the_freeze(house: House) -> None:
    """Where the word `approved` is enough, too; the plan is made all the same, and has it among its findings."""
    with_picture(house, embed=False)
    house.newsletter(keys='approvals = "status"')
    house.reload()
    house.readers(1)
    (house.folder / "content/images/port.jpg").write_bytes(saved(view())[:20_000])
    with pytest.raises(ContentError, match=r"2026-05-04-ports\.md:\d+: the picture images/port\.jpg: it is damaged"):
        house.freeze()
    found = planning.plan(house.context, house.target(), house.clock()).findings
    (damaged,) = [finding for finding in found if "it is damaged" in finding.problem]
    assert re.search(r"content/stories/2026-05-04-ports\.md:\d+\Z", damaged.where)
    assert damaged.level is Level.STOP


def test_story_check_tells_of_a_picture_that_will_not_do(sqlite_house: House) -> None:
    """Small, or a strip: while there is time to ask for another. One that will do is not spoken of."""
    house = sqlite_house
    for name, width, height in (("good", 1100, 700), ("small", 300, 200), ("strip", 1100, 100), ("tall", 500, 1500)):
        (house.folder / f"content/images/{name}.png").write_bytes(saved(chart(width, height), "PNG"))
        house.story(f"2026-05-04-{name}", image=f"{{src: images/{name}.png, alt: A chart}}")
    stories = gathering.read_desk(house.context).stories
    found = [finding for finding in desk.findings(house.context, stories, house.clock()) if finding.check == "pictures"]
    assert {finding.level for finding in found} == {Level.WARN}
    told = {Path(finding.where).name.partition(":")[0][11:-3]: finding.problem for finding in found}
    assert set(told) == {"small", "strip", "tall"}
    assert "300 pixels wide" in told["small"]
    assert "thin strip" in told["strip"]
    assert "scroll past" in told["tall"]


def test_no_edition_without_words_for_a_picture(house: House) -> None:
    """A story whose picture has no alt cannot be approved, and stops the edition that it would be in."""
    (house.folder / "content/images/port.jpg").write_bytes(turned(1))
    path = Path(house.folder / "content/stories/2026-05-04-ports.md")
    house.story(image="{src: images/port.jpg}", approve=False)
    with pytest.raises(ContentError, match=r":\d+: the image 'images/port.jpg' has no alt"):
        desk.approve(house.context, "2026-05-04-ports", by="ann")
    path.write_text(path.read_text().replace("status: ready", "status: approved"))
    house.readers(1)
    with pytest.raises(ContentError, match="has no alt"):
        house.freeze()
