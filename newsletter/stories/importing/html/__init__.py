"""HTML → lines with their styles: a saved page, a mail, a paste from Word or Google Docs.

In: the bytes or the text of an HTML document. Out: a `Page`, whose lines count paragraphs as the document shows them;
what is no part of the text (navigation, footers, hidden blocks) is listed as dropped, scripts and styles are not text.
Word files and Markdown come this way too, once they are HTML.

The way: `decode` (bytes → text) → `tree` (text → elements) → `clean` (without what nobody reads) → `article` (the rest
of a page comes off) → `flow` (elements → lines). Nothing is ever fetched, and no markup goes on: what leaves is text,
its style and addresses that were looked at.
"""

from newsletter.stories.importing.html.read import read_document, read_html

__all__ = ["read_document", "read_html"]
