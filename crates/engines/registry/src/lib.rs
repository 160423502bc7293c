//! What the rules of a registry mean: names, mutability, lifecycle, replication, scanning, templates.
