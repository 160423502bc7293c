//! Rules and bindings that mean other than they seem.
