"""Made-up rows by the thousand: to look at pages and to measure them, never among real ones."""
