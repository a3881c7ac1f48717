"""Messages, their links, pictures and variants as rows: what was rendered once and is sent many times."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from newsletter.model import NOTHING_SEEN, EmbeddedPicture, Message, Tracking
from newsletter.storage import tables as t
from newsletter.storage.database import Tx, insert_new


def keep(tx: Tx, edition_id: int, message: Message, now: datetime, *, tracking: Tracking = NOTHING_SEEN) -> int:
    """Store a message, its links and what it embeds before any mail carries them; gives its variant. Twice is once."""
    new = insert_new(
        tx,
        t.message,
        [
            {
                "fingerprint": message.fingerprint, "language": message.language, "subject": message.subject,
                "preheader": message.preheader, "html": message.html, "text": message.text, "created_at": now,
            }
        ],
        returning="id",
    )  # fmt: skip
    message_id = new[0] if new else _message_id(tx, message.fingerprint)
    insert_new(
        tx,
        t.link,
        [
            {
                "message_id": message_id, "number": link.number, "role": link.role, "url": link.url,
                "story": link.story, "section": link.section, "code": link.code,
            }
            for link in message.links
        ],
    )  # fmt: skip
    insert_new(
        tx,
        t.picture,
        [
            {
                "message_id": message_id, "number": number, "name": picture.name, "media_type": picture.media_type,
                "content": picture.content,
            }
            for number, picture in enumerate(message.embedded, start=1)
        ],
    )  # fmt: skip
    key = {"edition_id": edition_id, "message_id": message_id, "tracking": tracking.word}
    insert_new(tx, t.variant, [key | {"language": message.language}])
    kept: int = tx.execute(
        select(t.variant.c.id).where(*(t.variant.c[name] == value for name, value in key.items()))
    ).scalar_one()
    return kept


def _message_id(tx: Tx, fingerprint: str) -> int:
    found: int = tx.execute(select(t.message.c.id).where(t.message.c.fingerprint == fingerprint)).scalar_one()
    return found


def of_variant(tx: Tx, variant_id: int) -> Message:
    """The stored message of a variant, without its links: what is needed to send it."""
    row = tx.execute(
        select(t.message).join(t.variant, t.variant.c.message_id == t.message.c.id).where(t.variant.c.id == variant_id)
    ).one()
    return Message(
        subject=row.subject, preheader=row.preheader, html=row.html, text=row.text, links=(),
        fingerprint=row.fingerprint, language=row.language, embedded=_pictures(tx, row.id),
    )  # fmt: skip


def tracking(tx: Tx, variant_id: int) -> Tracking:
    """What is seen of those who get a variant."""
    return Tracking.of(tx.execute(select(t.variant.c.tracking).where(t.variant.c.id == variant_id)).scalar_one())


def _pictures(tx: Tx, message_id: int) -> tuple[EmbeddedPicture, ...]:
    rows = tx.execute(select(t.picture).where(t.picture.c.message_id == message_id).order_by(t.picture.c.number))
    return tuple(EmbeddedPicture(name=row.name, media_type=row.media_type, content=bytes(row.content)) for row in rows)


def of_edition(tx: Tx, edition_id: int) -> Message:
    """The message of a frozen edition: of its main variant."""
    main = select(t.variant.c.id).where(t.variant.c.edition_id == edition_id, t.variant.c.place == 1)
    return of_variant(tx, tx.execute(main).scalar_one())
