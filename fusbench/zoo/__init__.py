"""The paper's networks, written once as data and run by any backend."""
