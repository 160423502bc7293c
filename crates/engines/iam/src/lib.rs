//! The IAM policy language: whether a principal may do an action on a resource, and because of which statement.
