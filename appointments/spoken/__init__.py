"""Spoken dates and times, German and English: what a caller's words mean, and how to say a date back.

Pure Python with a grammar of its own; it knows nothing of Django, companies or calendars.
"""

from appointments.spoken.meaning import Problem, Understanding, Window
from appointments.spoken.phrases import speak_date, speak_time
from appointments.spoken.wish import USUAL_OPENING, understand

__all__ = ["USUAL_OPENING", "Problem", "Understanding", "Window", "speak_date", "speak_time", "understand"]
