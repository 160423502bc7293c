//! Root keys: a file, a passphrase or PKCS#11.
