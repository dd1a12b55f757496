"""A report for eyes: coloured on a terminal, and as one HTML file. The words and numbers are those of `page`."""
