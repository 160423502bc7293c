//! Advisories on disk: imported from OSV exports into one indexed file, looked up offline.
