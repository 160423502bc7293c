//! GetRandomPassword.

use serde::Deserialize;
use serde_json::json;
use zeroize::Zeroizing;

use super::parameter;
use crate::authorize::{Answer, Ask};
use crate::call::Call;
use crate::error::{ApiError, Result};
use crate::id;

/// Length unless the request tells.
///
/// Source: AWS, *Secrets Manager API Reference*, GetRandomPassword, `PasswordLength`.
const DEFAULT_LENGTH: usize = 32;

const PUNCTUATION: &str = "!\x22#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct GetRandomPassword {
    password_length: Option<usize>,
    exclude_characters: String,
    exclude_numbers: bool,
    exclude_punctuation: bool,
    exclude_uppercase: bool,
    exclude_lowercase: bool,
    include_space: bool,
    require_each_included_type: Option<bool>,
}

/// Source: AWS, *Secrets Manager API Reference*, GetRandomPassword.
pub(crate) async fn get_random_password(call: &Call<'_>, input: GetRandomPassword) -> Result<Answer> {
    let permit = call.authorize(&Ask::new("secretsmanager:GetRandomPassword", "*"))?;
    let password = input.password()?;
    Ok(permit.answer(json!({ "RandomPassword": &*password })))
}

impl GetRandomPassword {
    /// Each character is drawn evenly from all that are allowed; of each type that must occur, one is drawn from the type
    /// and put at a place of its own, drawn evenly too.
    fn password(&self) -> Result<Zeroizing<String>> {
        let types = [
            (!self.exclude_lowercase, "abcdefghijklmnopqrstuvwxyz"),
            (!self.exclude_uppercase, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
            (!self.exclude_numbers, "0123456789"),
            (!self.exclude_punctuation, PUNCTUATION),
            (self.include_space, " "),
        ];
        let types: Vec<Vec<u8>> = types
            .into_iter()
            .filter(|(included, _)| *included)
            .map(|(_, letters)| {
                letters
                    .chars()
                    .filter(|letter| !self.exclude_characters.contains(*letter))
                    .map(|l| l as u8)
                    .collect()
            })
            .filter(|letters: &Vec<u8>| !letters.is_empty())
            .collect();
        let all = types.concat();
        if all.is_empty() {
            return Err(parameter("All characters are excluded: there is none left for a password."));
        }
        let length = self.password_length.unwrap_or(DEFAULT_LENGTH);
        let mut letters = Zeroizing::new(id::text(length, &all)?.into_bytes());
        if self.require_each_included_type.unwrap_or(true) {
            if length < types.len() {
                return Err(parameter(
                    "The password is too short to have a character of each included type.",
                ));
            }
            let mut places: Vec<usize> = (0..length).collect();
            for letters_of_type in &types {
                let place = places.swap_remove(below(places.len())?);
                let letter = id::text(1, letters_of_type)?.into_bytes();
                if let (Some(slot), Some(letter)) = (letters.get_mut(place), letter.first()) {
                    *slot = *letter;
                }
            }
        }
        let text = std::str::from_utf8(&letters).map_err(|error| ApiError::internal(&error))?;
        Ok(Zeroizing::new(text.to_owned()))
    }
}

/// A number below a bound of at most 4,096, each as likely as any other.
fn below(bound: usize) -> Result<usize> {
    let bound = bound.max(1);
    let even = (1 << 16) - (1 << 16) % bound;
    loop {
        let drawn = usize::from(u16::from_be_bytes(id::random()?));
        if drawn < even {
            return Ok(drawn % bound);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_has_what_is_asked_for() {
        let of = |input: GetRandomPassword| input.password();
        for _ in 0..50 {
            let password = of(GetRandomPassword { password_length: Some(4), ..Default::default() }).unwrap();
            let has = |is: fn(&char) -> bool| password.chars().filter(is).count();
            assert_eq!(has(char::is_ascii_lowercase), 1);
            assert_eq!(has(char::is_ascii_uppercase), 1);
            assert_eq!(has(char::is_ascii_digit), 1);
            assert_eq!(has(char::is_ascii_punctuation), 1);
        }
        let only_ones = GetRandomPassword {
            exclude_lowercase: true,
            exclude_uppercase: true,
            exclude_punctuation: true,
            exclude_characters: "023456789".to_owned(),
            ..Default::default()
        };
        assert_eq!(*of(only_ones).unwrap(), "1".repeat(32));
        let none = GetRandomPassword { exclude_characters: ('!'..='~').collect(), ..Default::default() };
        assert_eq!(of(none).unwrap_err().code, "InvalidParameterException");
        let short = GetRandomPassword { password_length: Some(3), ..Default::default() };
        assert_eq!(of(short).unwrap_err().code, "InvalidParameterException");
        assert_eq!(PUNCTUATION.len(), 32);
    }
}
