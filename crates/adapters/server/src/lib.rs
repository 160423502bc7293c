//! The listener every service shares: TLS, limits, drain, metrics.
