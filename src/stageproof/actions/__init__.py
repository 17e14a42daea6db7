"""The verbs: each loads, lets the engine decide, and saves once, for every front door alike."""
