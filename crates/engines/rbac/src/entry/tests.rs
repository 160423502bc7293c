mod cases;
mod input;
mod policies;
mod properties;
mod results;
