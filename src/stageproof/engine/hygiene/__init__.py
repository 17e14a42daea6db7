"""Monday's four checks: which deals are not what they claim, since when, and what to do."""
