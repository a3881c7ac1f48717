"""The clock's decisions: an instant, the newsletters, the holidays and a view of the ledger in; what is due out.

Pure: nothing here waits, reads a clock, a file or a database. It must not know how an action is carried out.
"""

from newsletter.schedule.due import due_actions
from newsletter.schedule.planned import Planned, goes_until, late_deadline, next_editions, planned_time
from newsletter.schedule.timekeeper import Timekeeper

__all__ = ["Planned", "Timekeeper", "due_actions", "goes_until", "late_deadline", "next_editions", "planned_time"]
