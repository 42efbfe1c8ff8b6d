"""What a caller's words mean, German and English: dates and times above all, and how to say a date back.

Pure Python with a grammar of its own; it knows nothing of Django, companies or calendars.
"""

from appointments.spoken.choices import Choice, choose, says_yes
from appointments.spoken.emails import understand_email
from appointments.spoken.languages import language_of, named_language
from appointments.spoken.meaning import Problem, Understanding, Window
from appointments.spoken.names import sensible_name
from appointments.spoken.phrases import speak_date, speak_hours, speak_time
from appointments.spoken.soonest import asks_soonest
from appointments.spoken.wish import USUAL_OPENING, understand

__all__ = [
    "USUAL_OPENING",
    "Choice",
    "Problem",
    "Understanding",
    "Window",
    "asks_soonest",
    "choose",
    "language_of",
    "named_language",
    "says_yes",
    "sensible_name",
    "speak_date",
    "speak_hours",
    "speak_time",
    "understand",
    "understand_email",
]
