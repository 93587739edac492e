use super::*;

fn streaming(asked: u32) -> Scene {
    let mut scene = Scene::logged_in();
    let method = SUBSCRIBE.path().to_owned();
    scene.say(raw(wire::Request { call_id: 1, method, credit: asked, ..Default::default() }));
    scene.calls();
    assert!(scene.connection.streaming(call(1)));
    scene
}

#[test]
fn items_are_taken_one_by_one_while_there_is_credit() {
    let mut scene = streaming(10);
    assert!(scene.connection.wants_item(call(1)));
    scene.connection.item(call(1), Bytes::from_static(b"1234567"));
    assert!(!scene.connection.wants_item(call(1)), "the first has not left");
    scene.heard();
    assert!(scene.connection.wants_item(call(1)), "3 bytes are left");
    scene.connection.item(call(1), Bytes::from_static(b"1234567"));
    scene.heard();
    assert!(!scene.connection.wants_item(call(1)), "below zero by one message");
    scene.say(credit(1, 4));
    assert!(!scene.connection.wants_item(call(1)), "zero is not above zero");
    scene.say(credit(1, 1));
    assert!(scene.connection.wants_item(call(1)));
    scene.connection.ended(call(1), Ok(()));
    assert!(matches!(scene.heard()[..], [Frame::End(_)]));
}

#[test]
fn an_item_in_pieces_has_left_with_its_last_piece() {
    let mut scene = streaming(CREDIT_MAX);
    scene.connection.item(call(1), Bytes::from(vec![7; PIECE_MAX + 1]));
    assert!(scene.connection.next_frame().is_some());
    assert!(!scene.connection.wants_item(call(1)));
    assert!(scene.connection.next_frame().is_some());
    assert!(scene.connection.wants_item(call(1)));
}

#[test]
fn credit_has_a_default_and_a_maximum() {
    let mut scene = streaming(0);
    scene.say(credit(1, CREDIT_MAX - CREDIT_DEFAULT));
    assert_eq!(scene.connection.closed(), None);
    scene.breaks_protocol(credit(1, 1));
}

#[test]
fn credit_for_a_call_of_one_reply_means_nothing() {
    let mut scene = Scene::logged_in();
    scene.call(1, APPEND, b"");
    scene.say(credit(1, CREDIT_MAX));
    scene.say(credit(1, CREDIT_MAX));
    assert_eq!(scene.connection.closed(), None);
}

#[test]
fn nothing_more_is_taken_while_too_much_waits() {
    let mut scene = Scene::logged_in();
    scene.call(1, APPEND, b"");
    scene.call(3, SUBSCRIBE, b"");
    scene.calls();
    scene.connection.streaming(call(3));
    scene.answer(1, &vec![7; 300 * 1024]);
    assert!(!scene.connection.takes_input());
    assert!(!scene.connection.wants_item(call(3)));
    scene.heard();
    assert!(scene.connection.takes_input());
    assert!(scene.connection.wants_item(call(3)));
}
