"""A Markdown body → blocks, with every fault and its line.

CommonMark, read by markdown-it-py, of which a story uses little: paragraphs with run-in heads, lists of two levels,
quotations, images, links, strong and emphasised text. Anything else is a fault that says what to write instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from newsletter.errors import Fault
from newsletter.model import Block, BulletList, Image, Item, Organisation, Paragraph, Quote, Span, Spans
from newsletter.stories.spans import squash, tidy
from newsletter.stories.voices import is_voice

_REFERENCE = re.compile(r" {0,3}\[[^\]]+\]:\s*<?(?:https?:|mailto:|www\.)", re.IGNORECASE)

_NOT_OURS = {
    "heading": "headings are not part of a story: write a run-in head, `**The deal:** text` (a line of dashes under a "
    "paragraph makes it a heading too)",
    "hr": "a rule is not part of a story: remove the line",
    "fence": "code is not part of a story: remove the ``` lines",
    "code_block": "four spaces at the start of a line mean code to Markdown: remove them",
    "html_block": "HTML is not part of a story: write it in Markdown, or remove it (comments too)",
    "table": "tables are not part of a story: write a list",
}


class _AnyLink(MarkdownIt):
    """Takes every link for one: `link_problem` judges. The library's own judgement shows a bad link as bare source."""

    def validateLink(self, url: str) -> bool:  # noqa: N802 the library's name
        """True, whatever the address."""
        del url
        return True


def _reader() -> MarkdownIt:
    """CommonMark with tables, so that they can be named in a fault, and without link definitions, since a line
    such as `[S]aid: so` would vanish as one.
    """
    return _AnyLink("commonmark", {"html": True}).enable("table").disable("reference")


_MARKDOWN = _reader()


def blocks_of(
    body: str, *, first_line: int, organisation: Organisation, path: str
) -> tuple[tuple[Block, ...], list[Fault]]:
    """The blocks of a body and its faults. `first_line` is the file's line where the body begins; `path` is as
    shown in faults. Blocks with faults are given as far as they could be read.
    """
    reading = _Reading(first_line, organisation, path)
    for number, line in enumerate(body.split("\n")):
        if _REFERENCE.match(line):
            reading.fault(first_line + number, "a link is written whole where it stands: [words](https://…)")
    tree = SyntaxTreeNode(_MARKDOWN.parse(body))
    return tuple(reading.blocks(tree.children)), sorted(reading.faults, key=lambda fault: fault.line)


def link_problem(url: str) -> str | None:
    """What is wrong with an address that a story links to; None where it may stand."""
    if re.match(r"mailto:[^\s@<>]+@[^\s@<>]+\Z", url, re.IGNORECASE):
        return None
    if re.match(r"https?://[^\s/?#@<>\"]+(?:[/?#][^\s<>\"]*)?\Z", url, re.IGNORECASE):
        return None
    return f"the link {url!r} is not one that can be sent: it must begin with https://, http:// or mailto: and be whole"


class _Reading:
    """One body being read: collects the faults on the way."""

    def __init__(self, first_line: int, organisation: Organisation, path: str) -> None:
        self.first_line = first_line
        self.organisation = organisation
        self.path = path
        self.faults: list[Fault] = []

    def fault(self, line: int, problem: str) -> None:
        self.faults.append(Fault(self.path, line, problem))

    def line(self, node: SyntaxTreeNode) -> int:
        while node.map is None and node.parent is not None:
            node = node.parent
        return self.first_line + (node.map[0] if node.map else 0)

    def blocks(self, nodes: Iterable[SyntaxTreeNode]) -> Iterator[Block]:
        for node in nodes:
            if node.type == "paragraph":
                yield from self.paragraph(node)
            elif node.type in ("bullet_list", "ordered_list"):
                yield self.bullets(node)
            elif node.type == "blockquote":
                yield from self.quote(node)
            else:
                self.fault(self.line(node), _NOT_OURS.get(node.type, f"{node.type} is not part of a story: remove it"))

    def paragraph(self, node: SyntaxTreeNode) -> Iterator[Block]:
        inline = node.children[0].children
        if len(inline) == 1 and inline[0].type == "image":
            yield self.image(inline[0])
            return
        run_in, spans = self.text(node)
        if run_in is not None or spans:
            voice = run_in is not None and is_voice(run_in, self.organisation)
            yield Paragraph(spans=spans, run_in=run_in, voice=voice, line=self.line(node))

    def image(self, node: SyntaxTreeNode) -> Image:
        """An image alone in a paragraph. Its file is looked at by `parse`."""
        credit = squash(str(node.attrs.get("title", "")))
        return Image(src=str(node.attrs["src"]), alt=squash(_words(node)), credit=credit or None, line=self.line(node))

    def bullets(self, node: SyntaxTreeNode, depth: int = 1) -> BulletList:
        return BulletList(
            items=tuple(self.item(child, depth) for child in node.children),
            ordered=node.type == "ordered_list",
            start=int(node.attrs.get("start", 1)),
            line=self.line(node),
        )

    def item(self, node: SyntaxTreeNode, depth: int) -> Item:
        texts = [child for child in node.children if child.type == "paragraph"]
        lists = [child for child in node.children if child.type.endswith("_list")]
        if len(texts) != 1 or node.children[0] != texts[0] or len(texts) + len(lists) < len(node.children):
            problem = "an item is one paragraph, with a list under it at most: start another item, or end the list"
            self.fault(self.line(node), problem if node.children else "an item without text: write it or remove it")
        run_in, spans = self.text(texts[0]) if texts else (None, ())
        children = tuple(item for below in lists for item in self.below(below, depth))
        return Item(spans=spans, run_in=run_in, children=children, line=self.line(node))

    def below(self, node: SyntaxTreeNode, depth: int) -> tuple[Item, ...]:
        """The items of a list inside a list."""
        if depth >= 2:
            self.fault(self.line(node), "a list inside a list inside a list: two levels are what readers can follow")
            return ()
        if node.type == "ordered_list":
            self.fault(self.line(node), "a numbered list inside a list is not kept as one: write it with `-`")
        return self.bullets(node, depth + 1).items

    def quote(self, node: SyntaxTreeNode) -> Iterator[Quote]:
        for child in node.children:
            if child.type != "paragraph":
                self.fault(self.line(child), "a quotation holds paragraphs only: end it before this")
        paragraphs = [tidy(self.spans(child.children[0])) for child in node.children if child.type == "paragraph"]
        if any(paragraphs):
            yield Quote(paragraphs=tuple(spans for spans in paragraphs if spans), line=self.line(node))

    def text(self, node: SyntaxTreeNode) -> tuple[str | None, Spans]:
        """The run-in head of a paragraph, if there is one, and the text after it."""
        return split_run_in(self.spans(node.children[0]))

    def spans(self, inline: SyntaxTreeNode) -> list[Span]:
        line = self.line(inline)
        found: list[Span] = []
        self._walk(inline.children, Span(text=""), line, found)
        return found

    def _walk(self, nodes: Iterable[SyntaxTreeNode], style: Span, line: int, found: list[Span]) -> int:
        """Adds the spans of the nodes to `found`; gives the line on which they end."""
        for node in nodes:
            match node.type:
                case "strong":
                    line = self._walk(node.children, _styled(style, strong=True), line, found)
                case "em":
                    line = self._walk(node.children, _styled(style, emphasis=True), line, found)
                case "link":
                    line = self._link(node, style, line, found)
                case "image":
                    self.fault(line, "an image stands alone in a paragraph: put empty lines before and after it")
                case "softbreak" | "hardbreak":
                    found.append(_styled(style, text=" "))
                    line += 1
                case _:
                    found.append(_styled(style, text=node.content))
        return line

    def _link(self, node: SyntaxTreeNode, style: Span, line: int, found: list[Span]) -> int:
        href = str(node.attrs.get("href", ""))
        problem = link_problem(href) if href else "a link without an address: [words](https://…)"
        if problem is None and not _words(node).strip():
            problem = f"the link {href} has no words: [words]({href})"
        if problem is not None:
            self.fault(line, problem)
        return self._walk(node.children, _styled(style, href=href if problem is None else None), line, found)


def split_run_in(spans: list[Span]) -> tuple[str | None, Spans]:
    """A run-in head is strong text at the start that ends in a colon, inside the strong or just after it, or in an
    ellipsis ("However …").
    """
    spans = [span for span in spans if span.text]  # markdown-it leaves empty texts beside marks
    count = 0
    while count < len(spans) and spans[count].strong and spans[count].href is None:
        count += 1
    head = squash("".join(span.text for span in spans[:count]))
    rest = tidy(spans[count:])
    if head.endswith(":"):
        head = head[:-1].rstrip()
    elif head and spans[count:] and spans[count].text.startswith(":") and not spans[count].href:
        after = spans[count]
        rest = tidy([_styled(after, text=after.text[1:]), *spans[count + 1 :]])
    elif not head.endswith("…"):
        head = ""
    return (head, rest) if head else (None, tidy(spans))


def _styled(
    style: Span, *, text: str = "", strong: bool = False, emphasis: bool = False, href: str | None = None
) -> Span:
    return Span(
        text=text,
        strong=style.strong or strong,
        emphasis=style.emphasis or emphasis,
        href=href if href is not None else style.href,
    )


def _words(node: SyntaxTreeNode) -> str:
    """The text of a node and all under it, as an `alt` or a link has it."""
    if node.type in ("softbreak", "hardbreak"):
        return " "
    return "".join(_words(child) for child in node.children) if node.children else node.content
