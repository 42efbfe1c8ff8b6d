"""Real processes, and what kills them."""

import pytest

pytest.register_assert_rewrite("tests.faults.ends")
