"""What a file may be at most; every refusal that meets a limit names it."""

MAX_BYTES = 2 * 1024**3
"""Bytes of a file, and of a workbook unpacked."""
MAX_COLUMNS = 2_000
MAX_CELL = 1024**2
"""Characters of a cell."""
MAX_LINE = 16 * 1024**2
"""Bytes of a line."""
MAX_REJECTED = 100_000
"""Rows of one sheet that may be rejected before the sheet is refused."""
MAX_REJECTED_BYTES = 64 * 1024**2
"""Characters kept of rejected rows."""
HEADER_SEARCH = 50
"""Rows among which the header is looked for."""
