"""The morning after: editors get the report as a mail, and operators learn of numbers that mail services mind."""

from __future__ import annotations

from dataclasses import replace

import structlog

from newsletter.errors import RenderError
from newsletter.model import EditionReport, Level, Message
from newsletter.pipeline import alerts, composing, judging, outcomes, testing
from newsletter.pipeline.context import Context, Target
from newsletter.rendering.report_mail import report_mail
from newsletter.rendering.report_text import report_lines
from newsletter.rendering.report_view import report_view
from newsletter.tracking import troubles

log = structlog.get_logger()


def tell(context: Context, on: Target) -> None:
    """Mail the report on an edition to its editors. Where the mail cannot be rendered, or its proof stops it, they get
    the same numbers in plain words: a template must not keep them from anybody. Raises UsageError, NotDeliveredError,
    ConfigError.
    """
    judging.judge_edition(context, on.id)
    report = outcomes.outcome(context, on.id)
    for kind, text in troubles(report.send):
        alerts.alert(context, kind, about=on.id, text=text)
    message = compose(context, on, report)
    if message is not None:
        testing.send_written(context, on, message)
        return
    view = report_view(report, replace(on.newsletter, language="en"), context.settings.templates)
    lines = f"{report_lines(view)}\n{outcomes.link(context, on.id)}"
    testing.send_notice(context, on, subject=view.title, text=lines)


def compose(context: Context, on: Target, report: EditionReport) -> Message | None:
    """The report as a mail; None where it cannot be rendered or its proof stops it, which is logged."""
    settings = context.settings
    try:
        message, findings = report_mail(
            report,
            on.newsletter,
            context.organisation,
            templates=settings.templates,
            base_url=settings.base_url,
            page=outcomes.link(context, on.id),
            loopback=settings.on_loopback,
        )
    except RenderError as error:
        log.error("report not rendered", edition=on.id, error=str(error))
        return None
    stops = [finding for finding in findings if finding.level is Level.STOP]
    if stops:
        log.error("report stopped by its proof", edition=on.id, findings=composing.in_lines(stops))
        return None
    return message
