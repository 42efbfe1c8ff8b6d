"""Nov 22, 2026, 6:19 p.m."""

DATE_FORMAT = "M j, Y"
TIME_FORMAT = "P"
DATETIME_FORMAT = "M j, Y, P"
