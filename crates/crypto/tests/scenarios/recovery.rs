use proptest::prelude::*;
use sotto_crypto::recovery::{MAX_TEXT_LEN, RecoveryCode, RecoveryCodeError, RecoveryVerifier};
use sotto_crypto::secret::Secret;

use crate::people::{alice, bob, rng};

fn code(byte: u8) -> RecoveryCode {
    RecoveryCode::from_secret(Secret::fill(|bytes| *bytes = [byte; 32]))
}

fn words(code: &RecoveryCode) -> String {
    code.expose_words().join(" ")
}

/// From the test vectors of BIP-39 (python-mnemonic, MIT licence): 256 bits of one repeated byte.
#[test]
fn the_words_are_those_of_bip_39() {
    let abandon = format!("{}art", "abandon ".repeat(23));
    let zoo = format!("{}vote", "zoo ".repeat(23));
    let legal = "legal winner thank year wave sausage worth useful ".repeat(2)
        + "legal winner thank year wave sausage worth title";
    let letter = "letter advice cage absurd amount doctor acoustic avoid ".repeat(2)
        + "letter advice cage absurd amount doctor acoustic bless";
    for (byte, expected) in [(0x00, abandon), (0xff, zoo), (0x7f, legal), (0x80, letter)] {
        assert_eq!(words(&code(byte)), expected);
        assert_eq!(RecoveryCode::parse(&expected), Ok(code(byte)));
    }
}

#[test]
fn alice_may_type_it_as_she_likes() {
    let code = RecoveryCode::generate(&mut rng(4));
    let list = code.expose_words();
    let numbered: Vec<String> = (1..).zip(list).map(|(number, word)| format!("{number}. {word}")).collect();
    let shortened: Vec<&str> = list.iter().map(|word| &word[..word.len().min(4)]).collect();
    let typed = [
        words(&code).to_uppercase(),
        numbered.join("\n"),
        shortened.join("-"),
        format!("  {} \r\n", list.join(",\t")),
        list.map(|word| word[..1].to_uppercase() + &word[1..]).join(" / "),
    ];
    for text in typed {
        assert_eq!(RecoveryCode::parse(&text).as_ref(), Ok(&code), "{text}");
    }
}

#[test]
fn a_mistake_is_named_and_the_words_are_not_repeated() {
    let code = RecoveryCode::generate(&mut rng(4));
    let mut list = code.expose_words();
    assert_eq!(RecoveryCode::parse(&list[..23].join(" ")), Err(RecoveryCodeError::WordCount(23)));
    assert_eq!(RecoveryCode::parse(""), Err(RecoveryCodeError::WordCount(0)));
    let spaced = |len| format!("{:len$}", words(&code));
    assert!(RecoveryCode::parse(&spaced(MAX_TEXT_LEN)).is_ok());
    assert_eq!(RecoveryCode::parse(&spaced(MAX_TEXT_LEN + 1)), Err(RecoveryCodeError::TooLong));

    list.swap(3, 17);
    assert_eq!(RecoveryCode::parse(&list.join(" ")), Err(RecoveryCodeError::Checksum));
    list.swap(3, 17);
    list[6] = "abandonn";
    let error = RecoveryCode::parse(&list.join(" ")).unwrap_err();
    assert_eq!(error, RecoveryCodeError::UnknownWord(7));
    assert_eq!(error.to_string(), "word 7 is not one that recovery codes use");
}

#[test]
fn the_server_recognises_the_code_without_knowing_it() {
    let (alices, bobs) = (RecoveryCode::generate(&mut rng(1)), RecoveryCode::generate(&mut rng(2)));
    let challenge = [5; 32];
    let verifier = RecoveryVerifier::from_bytes(alices.verifier().as_bytes()).unwrap();
    let proof = alices.prove(alice().account, &challenge);
    assert_eq!(verifier.verify(alice().account, &challenge, &proof), Ok(()));
    assert!(verifier.verify(bob().account, &challenge, &proof).is_err());
    assert!(verifier.verify(alice().account, &[6; 32], &proof).is_err());
    assert!(verifier.verify(alice().account, &challenge, &bobs.prove(alice().account, &challenge)).is_err());
}

proptest! {
    #[test]
    fn codes_round_trip(seed: u64) {
        let code = RecoveryCode::generate(&mut rng(seed));
        prop_assert_eq!(RecoveryCode::parse(&words(&code)), Ok(code));
    }

    #[test]
    fn any_text_is_a_code_or_an_error(text in ".{0,300}") {
        prop_assert!(RecoveryCode::parse(&text).is_err());
    }
}
