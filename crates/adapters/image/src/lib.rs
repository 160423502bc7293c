//! Images and folders as files of packages: layouts, layers, package databases.
