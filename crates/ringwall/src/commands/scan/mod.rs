mod read;
mod target;

pub(super) use self::target::run;
