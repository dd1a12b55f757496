"""Our own tables: named SQL in, values out."""
