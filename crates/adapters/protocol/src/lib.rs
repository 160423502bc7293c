//! The wire protocols of AWS's APIs: requests to validated values, values to answers.
