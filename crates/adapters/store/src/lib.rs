//! The store: records in SQLite or PostgreSQL, durable before they are answered.
