use thiserror::Error;

/// What went wrong with the packet filter.
#[derive(Debug, Error)]
pub enum NftError {
    /// A name for a table that nftables would not take.
    #[error(
        "`{0}` is no name for a table\nhint: a letter, then letters, digits and `_`, 32 characters at most"
    )]
    TableName(String),
    /// A pattern that can be no interface's name.
    #[error(
        "`{0}` is no name of an interface\nhint: letters, digits, `.`, `_`, `-`, `@` and `:`, 15 at most, with one `*` at the end if it stands for many"
    )]
    Interface(String),
    /// The program is not there, or could not be started.
    #[error("could not run `{program}`: {error}\nhint: it is in the package `nftables`")]
    Start {
        /// The program.
        program: String,
        /// Why.
        error: std::io::Error,
    },
    /// The kernel or the program did not take it; nothing has changed.
    #[error("`{program}` refused: {message}")]
    Refused {
        /// The program.
        program: String,
        /// The first of what it said.
        message: String,
    },
    /// It did not end in time.
    #[error("`{program}` took longer than {seconds} s and was stopped")]
    Slow {
        /// The program.
        program: String,
        /// How long it was given.
        seconds: u64,
    },
    /// It said more than is read, or what can't be understood.
    #[error("what `{program}` lists can't be read: {message}")]
    Listing {
        /// The program.
        program: String,
        /// Why.
        message: String,
    },
}
