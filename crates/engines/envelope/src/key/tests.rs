//! The primitives, as this crate calls them, against published vectors.

use super::*;

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.chars().map(|c| c.to_digit(16).unwrap() as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

#[test]
fn expand_is_that_of_rfc_5869() {
    // Appendix A.1.
    let prk = hex("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5");
    let mut okm = [0; 42];
    expand(&prk, &hex("f0f1f2f3f4f5f6f7f8f9"), &mut okm).unwrap();
    let expected = "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865";
    assert_eq!(okm.as_slice(), hex(expected));
}

#[test]
fn gcm_is_that_of_its_specification() {
    // McGrew and Viega, "The Galois/Counter Mode of Operation", appendix B, test case 16.
    let key = hex(&"feffe9928665731c6d6a8f9467308308".repeat(2));
    let (key, nonce) = gcm(&key, &hex("cafebabefacedbaddecaf888")).unwrap();
    let mut text = hex(concat!(
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72",
        "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
    ));
    let aad = hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
    key.seal_in_place_append_tag(nonce, aead::Aad::from(aad), &mut text).unwrap();
    let expected = concat!(
        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa",
        "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
        "76fc6ece0f4e1768cddf8853bb2d551b"
    );
    assert_eq!(text, hex(expected));
}
