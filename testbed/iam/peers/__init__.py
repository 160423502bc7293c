"""The peers, each a module with its name: what it is, what it cannot do, and how it is asked."""
