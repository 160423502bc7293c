//! CloudTrail records: their form, and the file that they are kept in.
