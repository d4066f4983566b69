"""fusbench's zoo in Torch."""
