//! What packages there are, which version is newer, which advisory is about them.
