"""The company integration portal: what each company has set up, what works, and all of it done from one page."""
