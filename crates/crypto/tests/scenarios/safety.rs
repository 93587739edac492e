use proptest::prelude::*;
use sotto_crypto::safety::{Party, SafetyNumber, ScanError, Verdict, judge_qr_text, qr_text};

use crate::people::{alice, bob, mallory};

fn impostor_for(party: &Party) -> Party {
    Party { account: party.account, identity: mallory().identity.public() }
}

#[test]
fn alice_and_bob_see_the_same_number_and_words() {
    let (alice, bob) = (alice().party(), bob().party());
    let (hers, his) = (SafetyNumber::between(&alice, &bob), SafetyNumber::between(&bob, &alice));
    assert_eq!(hers, his);
    assert_eq!((hers.digits(), hers.words()), (his.digits(), his.words()));
    assert_eq!(hers.digits().len(), 60);
    assert!(hers.digits().bytes().all(|digit| digit.is_ascii_digit()));
}

#[test]
fn someone_in_the_middle_changes_the_number_s2() {
    let (alice, bob) = (alice().party(), bob().party());
    let true_number = SafetyNumber::between(&alice, &bob);
    let hers = SafetyNumber::between(&alice, &impostor_for(&bob));
    let his = SafetyNumber::between(&impostor_for(&alice), &bob);
    assert!(hers != true_number && his != true_number && hers != his);
    assert_ne!(hers.words(), his.words());
    assert!(!hers.matches_digits(&his.digits()));
}

#[test]
fn digits_may_be_typed_in_groups_but_all_of_them() {
    let number = SafetyNumber::between(&alice().party(), &bob().party());
    let digits = number.digits();
    let grouped: Vec<&str> = (0..12).map(|group| &digits[group * 5..group * 5 + 5]).collect();
    assert!(number.matches_digits(&digits));
    assert!(number.matches_digits(&grouped.join(" ")));
    assert!(!number.matches_digits(&digits[..59]));
    assert!(!number.matches_digits(&format!("{digits}0")));
    assert!(!number.matches_digits(""));
}

#[test]
fn scanning_tells_what_is_wrong() {
    let (alice, bob) = (alice().party(), bob().party());
    let judge = |shown: &str, held_by_bob: &Party| judge_qr_text(shown, &bob, held_by_bob);
    let shown = qr_text(&alice, &bob);
    assert_eq!(judge(&shown, &alice), Ok(Verdict::Verified));
    assert_eq!(judge(&shown, &impostor_for(&alice)), Ok(Verdict::TheirKeyDiffers));
    assert_eq!(judge(&qr_text(&alice, &impostor_for(&bob)), &alice), Ok(Verdict::OurKeyDiffers));
    assert_eq!(judge(&qr_text(&alice, &mallory().party()), &alice), Ok(Verdict::OtherPeople));
    assert_eq!(judge(&qr_text(&bob, &alice), &alice), Ok(Verdict::OtherPeople));
}

#[test]
fn another_kind_of_code_is_not_taken_for_one_m27() {
    let (alice, bob) = (alice().party(), bob().party());
    let shown = qr_text(&alice, &bob);
    assert!(shown.bytes().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == b':' || c == b'-'));
    for other in [
        "",
        "https://example.org",
        &shown.replace(":1:", ":2:"),
        &shown.replace("VERIFY", "LOGIN"),
        &shown.to_lowercase(),
    ] {
        assert_eq!(judge_qr_text(other, &bob, &alice), Err(ScanError::OtherKind));
    }
    for damaged in [&shown[..shown.len() - 1], &format!("{shown}A"), &shown.replace(":1:", ":1:0")] {
        assert_eq!(judge_qr_text(damaged, &bob, &alice), Err(ScanError::Malformed));
    }
}

proptest! {
    #[test]
    fn any_text_is_judged_without_panic(text in ".{0,200}", tail in "[A-Z2-7]{154}") {
        let (alice, bob) = (alice().party(), bob().party());
        prop_assert_eq!(judge_qr_text(&text, &bob, &alice), Err(ScanError::OtherKind));
        prop_assert_ne!(judge_qr_text(&format!("SOTTO-VERIFY:1:{tail}"), &bob, &alice), Ok(Verdict::Verified));
    }
}
