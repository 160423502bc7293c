use super::*;

/// Opening costs Argon2 its time, so what has to be refused before that is tried with costs that would show.
#[test]
fn costs_of_others_are_bounded_and_must_be_possible() {
    let passphrase =
        Passphrase { phrase: Secret::from("correct horse battery".to_owned()), described: String::new() };
    let unwrap = |cost: Cost| {
        let rest = [0; SALT_BYTES + 64];
        let wrapped = [[Kind::Passphrase as u8].as_slice(), cost.encode().as_flattened(), &rest].concat();
        passphrase.unwrap("test", &wrapped).unwrap_err().to_string()
    };
    let too_much = "not a wrapped key: it asks for more of Argon2 than is done";
    assert_eq!(unwrap(Cost { memory: MAX_COST.memory + 1, ..COST }), too_much);
    assert_eq!(unwrap(Cost { memory: u32::MAX, ..COST }), too_much);
    assert_eq!(unwrap(Cost { passes: MAX_COST.passes + 1, ..COST }), too_much);
    assert_eq!(unwrap(Cost { lanes: MAX_COST.lanes + 1, ..COST }), too_much);
    let impossible = "not a wrapped key: Argon2 takes no such parameters";
    for cost in [
        Cost { passes: 0, ..COST },
        Cost { lanes: 0, ..COST },
        Cost { memory: 0, ..COST },
        Cost { memory: 31, ..COST },
    ] {
        assert_eq!(unwrap(cost), impossible, "{cost:?}");
    }
}

#[test]
fn the_key_is_that_of_the_reference_implementation() {
    // Source: argon2-cffi 25.1.0 from PyPI, which is the reference implementation in C: `hash_secret_raw` with these
    // parameters, `Type.ID`.
    let passphrase =
        Passphrase { phrase: Secret::from("correct horse battery".to_owned()), described: String::new() };
    let key = passphrase.key(COST, b"somesaltsomesalt").unwrap();
    let expected = "03d08c62976535b9cf5bb3bc724937458eb161e7f8daf9e8b5d0f68050d6e741";
    assert_eq!(data_encoding::HEXLOWER.encode(key.secret().expose()), expected);
}

#[test]
fn costs_survive_their_encoding() {
    let cost = Cost { memory: 1, passes: 0x0203_0405, lanes: u32::MAX };
    assert_eq!(Cost::decode(cost.encode().as_flattened().first_chunk().unwrap()), cost);
}
