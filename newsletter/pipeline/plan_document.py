"""The plan of an edition for programs (`--json`)."""

from __future__ import annotations

from typing import Any

from newsletter.pipeline import beside, canary, composing
from newsletter.pipeline.planning import EditionPlan, Frozen
from newsletter.pipeline.variants import Variants


def document(plan_: EditionPlan) -> dict[str, Any]:
    """The plan for `--json`."""
    composed = plan_.composed
    return {
        "edition": plan_.target.id,
        "state": plan_.state.value,
        "reason": plan_.reason,
        "planned_at": plan_.gathered.planned_at.isoformat(),
        "next_at": plan_.next_at.isoformat() if plan_.next_at else None,
        "ready": not plan_.missing,
        "subject": composed.message.subject if composed else None,
        "preheader": composed.message.preheader if composed else None,
        "fingerprint": plan_.fingerprint,
        "signed_by": list(plan_.signed_by),
        "frozen": _frozen_document(plan_.frozen) if plan_.frozen else None,
        "list": plan_.target.newsletter.list,
        "recipients": plan_.mailable,
        "canary": canary.document(plan_.canary) if plan_.canary else None,
        "variants": _variants(plan_.made) if plan_.made else [],
        "excluded": {reason: count for reason, count in plan_.audience.items() if reason is not None},
        "sections": [
            {
                "section": part.section.slug,
                "title": part.section.title,
                "stories": [{"slug": s.slug, "headline": s.headline, "path": s.path} for s in part.stories],
            }
            for part in plan_.gathered.assembly.chosen
        ],
        "extras": beside.document(plan_.gathered.assembly.beside),
        "corrections": [
            {"slug": c.slug, "headline": c.headline, "path": c.path, "corrects": c.corrects, "on": c.on.isoformat()}
            for c in plan_.gathered.assembly.corrections
        ],
        "missing": list(plan_.missing),
        "findings": [composing.finding_document(finding) for finding in plan_.findings],
        "waiting": [
            {"slug": w.slug, "headline": w.headline, "reason": w.reason} for w in plan_.gathered.assembly.waiting
        ],
    }


def _variants(made: Variants) -> list[dict[str, Any]]:
    """Who gets which, the main one first; those who chose sets too rare for one of their own get that."""
    found: list[dict[str, Any]] = [
        {
            "sections": list(variant.sections),
            "tracking": variant.tracking.word,
            "subject": variant.composed.message.subject,
            "recipients": variant.readers,
        }
        for variant in made.all
    ]
    return found if len(found) > 1 else []


def _frozen_document(frozen: Frozen) -> dict[str, Any]:
    rows = [{"slug": story.slug, "headline": story.headline} for story in frozen.stories if not story.corrects]
    corrections = [
        {"slug": s.slug, "headline": s.headline, "corrects": s.corrects} for s in frozen.stories if s.corrects
    ]
    return {
        "fingerprint": frozen.fingerprint, "readers": frozen.readers, "canary": frozen.canary, "stories": rows,
        "corrections": corrections,
        "variants": [
            {"sections": list(of.sections), "tracking": of.tracking, "readers": of.readers} for of in frozen.variants
        ],
    }  # fmt: skip
