//! OpenID Connect issuers: their keys fetched within limits, their tokens checked.
