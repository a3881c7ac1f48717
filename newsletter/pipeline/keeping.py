"""What an edition holds is kept at its freeze, so that the archive needs none of its files later."""

from __future__ import annotations

from collections.abc import Iterable

from newsletter.model import Edition, PrintedPicture
from newsletter.storage import Tx, archive
from newsletter.stories import printed


def keep(tx: Tx, edition_id: int, edition: Edition, pictures: Iterable[PrintedPicture]) -> None:
    """Keep the stories of an edition and what stands beside them; `pictures` are those that its mail prints."""
    stories = [
        archive.Kept(digest=story.digest, slug=story.slug, document=document)
        for story, document in printed.stories_of(edition)
    ]
    archive.keep(tx, edition_id, printed.document_of(edition, pictures), stories)
