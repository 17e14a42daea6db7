"""Demo Company: a firm that is simulated day by day, so that every figure comes from events."""
