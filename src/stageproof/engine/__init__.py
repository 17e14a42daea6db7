"""Values and tables in, values and tables out: no clock, no files, no framework."""
