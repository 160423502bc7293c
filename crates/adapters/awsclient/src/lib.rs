//! Calls to AWS, or to what speaks like it.
