"""Texts as editors have them, for hypothesis: stories made of the design's variations, and anything at all."""

from __future__ import annotations

from hypothesis import strategies as st

BORDERS = [
    *("\n", "\n\n", "\r\n", "\u2028", " ", "  ", "\u00a0", "\t", "\u200b", "e\u0301", "\u202f", "5", "5\u00a0km"),
    *("• ", "- ", "* ", "– ", "o ", "◦ ", "  • ", "    ◦ ", "1. ", "2. ", "# ", "> ", "[", "](x)", "`", "<b>", "\\"),
    *("The deal: ", "Key findings:", "The AMG says: ", "Q: ", "9:30", ":", ": ", "**", "_", "__", "*", "&amp;", "~~~"),
    *("“", "”", "‘", '"', "„", "«", "»", "(", ")", ".", " .", " ,", ". . .", "…", "?", "—", " — ", "U.S.", "$5", "!"),
    *("Input Stories", "View More", "Ports Reopen", "Gates opened at noon.", "ships", "a person at a lathe", "Ports"),
    *("(The Daily Ledger, subscription)", "(R-XX)", "â€™", "Ã©", "word " * 12, "***", "---", "===", "###", "-30-"),
    *(
        "https://example.org/a",
        "(https://example.org)",
        "<https://example.org/?b=1>",
        "[Ledger](https://example.org/c)",
    ),
    *("mailto:b.low@example.org", "(202) 555-0100", "Porthaven, OH – ", "However … ", "May 4, 2026", "\u202e", "😀"),
]
"""What the rules look at: strung together, these come near their borders."""

ANYTHING = st.lists(st.sampled_from(BORDERS), max_size=40).map("".join) | st.text(max_size=200)

WORDS = st.lists(
    st.sampled_from(
        [
            *(
                "Ports",
                "reopen",
                "gates",
                "ships",
                "9.5%",
                "$104.78",
                "U.S.",
                "H.R.",
                "R&D",
                "“Some",
                "firms”",
                "‘buy’",
            ),
            *("(R-XX)", "(CWA)", "X—Y", "65–34", "[S]ome", "…", "ISM®", "No.", "vs.", "noon,", "pay;", "it’s", "a"),
            *("501(c)3", "T\u2011bone", "2:1", "9:30", "café", "Roe", "said", "Monday", "—", "https://example.org/a"),
        ]
    ),
    min_size=1,
    max_size=14,
)
GAPS = st.sampled_from([" ", " ", " ", "  ", "\u00a0", "\u202f", " \u00a0", "\u200b "])


@st.composite
def phrases(draw: st.DrawFn) -> str:
    """Words with the gaps of copied pages between them."""
    words = draw(WORDS)
    return "".join(word + draw(GAPS) for word in words).strip()


CITATIONS = st.sampled_from(
    ["", "", " (The Daily Ledger, subscription)", " (TDL)", " (Labor Office)", " (The Daily Ledger; Metro Times)"]
)
SENTENCES = st.builds("{}{}{}".format, phrases(), CITATIONS, st.sampled_from([".", ".", "?", "!", ":", "…", " .", ""]))
HEADS = st.builds(
    "{}{}{}".format,
    st.sampled_from(["The deal", "Key findings", "Open door—for all", "The AMG’s take", "Q", "However …", "Roe said"]),
    st.sampled_from([":", ":", " :", "::", " —", "…"]),
    st.sampled_from([" ", " ", "", "  ", "\u00a0"]),
)
PARAGRAPHS = st.lists(SENTENCES, min_size=1, max_size=3).map(" ".join)
HEADED = st.builds("{}{}".format, HEADS, PARAGRAPHS) | HEADS.map(str.strip)
BULLETS = st.builds(
    "{}{}{}".format,
    st.sampled_from(["  • ", "• ", "- ", "* ", "    ◦ ", "\t- ", "– ", "o ", "      ▪ ", "\uf0b7\t", "1. ", "2) "]),
    HEADS | st.just("") | st.just("“"),
    PARAGRAPHS,
)
FURNITURE = st.sampled_from(
    ["View More", "READ MORE »", "Sign up here", "Input Stories", "Trade", "* * *", "-AMG-", "# # #", "Background"]
)
BLANKS = st.sampled_from(["\n", "\n\n", "\n\n", "\r\n", "\r\n\r\n", "\n \n", "\n\u00a0\n", "\r", "\u2028", "\n\n\n"])


@st.composite
def stories(draw: st.DrawFn) -> str:
    """A page: labels, a headline, paragraphs, heads, lists and furniture in any order, apart or glued."""
    lines = [*draw(st.lists(FURNITURE, max_size=2)), draw(phrases())]
    lines += draw(st.lists(PARAGRAPHS | HEADED | BULLETS | BULLETS | FURNITURE, max_size=12))
    return "".join(line + draw(BLANKS) for line in lines)


TEXTS = stories() | ANYTHING
