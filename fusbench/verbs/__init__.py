"""What a person asks of fusbench, the same from Python and from the command line."""
