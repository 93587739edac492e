use super::*;

#[test]
fn a_request_in_pieces_is_joined_while_others_go_on() {
    let mut scene = Scene::logged_in();
    let message: Vec<u8> = (0..PIECE_MAX + 10).map(|index| u8::try_from(index % 251).unwrap()).collect();
    scene.say(begun(1, COMMIT, message.len(), &message[..PIECE_MAX]));
    scene.call(3, APPEND, b"small");
    assert_eq!(scene.calls(), [3]);
    scene.say(more(1, &message[PIECE_MAX..]));
    let asked = scene.asked();
    let [Effect::Call { body, .. }] = &asked[..] else { panic!("{asked:?}") };
    assert_eq!(body[..], message[..]);
}

#[test]
fn a_large_reply_leaves_in_pieces_that_take_turns() {
    let mut scene = Scene::logged_in();
    scene.call(1, APPEND, b"");
    scene.call(3, APPEND, b"");
    scene.call(5, APPEND, b"");
    scene.calls();
    let large = vec![7; 2 * PIECE_MAX + 1];
    scene.answer(1, &large);
    scene.answer(3, &large);
    scene.answer(5, b"small");
    let heard = scene.heard();
    assert_eq!(of_calls(&heard), [1, 3, 5, 1, 3, 1, 3]);
    let of_first = heard.into_iter().filter(|frame| of_calls(std::slice::from_ref(frame)) == [1]).collect();
    assert_eq!(joined(of_first), large);
}

#[test]
fn what_exceeds_the_limit_of_its_method_fails_at_its_first_frame_a11() {
    let mut scene = Scene::logged_in();
    scene.say(begun(1, APPEND, SMALL_REQUEST_MAX + 1, b"first"));
    let [Frame::Failure { error, .. }] = &scene.heard()[..] else { panic!() };
    assert_eq!(ErrorCode::of(error), ErrorCode::TooLarge);
    assert_eq!(error.limit.as_ref().unwrap().name, "SMALL_REQUEST_MAX");
    scene.say(more(1, b"second"));
    assert_eq!((scene.heard(), scene.connection.closed()), (vec![], None), "the rest is ignored");
}

#[test]
fn cancel_drops_what_has_arrived() {
    let mut scene = Scene::logged_in();
    scene.say(begun(1, COMMIT, 10, b"first"));
    scene.say(Frame::Cancel(call(1)));
    assert_eq!(failures(&scene.heard()), [(1, ErrorCode::Cancelled)]);
    assert_eq!(scene.abandoned(), [] as [u64; 0], "the services never had it");
}

#[test]
fn a_failure_drops_the_reply_that_is_under_way() {
    let mut scene = Scene::logged_in();
    scene.call(1, SUBSCRIBE, b"");
    scene.calls();
    scene.connection.streaming(call(1));
    scene.connection.item(call(1), Bytes::from(vec![7; 3 * PIECE_MAX]));
    assert!(scene.connection.next_frame().is_some());
    scene.say(Frame::Cancel(call(1)));
    assert_eq!(failures(&scene.heard()), [(1, ErrorCode::Cancelled)]);
}

#[test]
fn pieces_that_break_their_rules_close() {
    let mut overrun = Scene::logged_in();
    overrun.say(begun(1, COMMIT, 10, b"first"));
    overrun.breaks_protocol(more(1, b"more than"));
    let mut nothing = Scene::logged_in();
    nothing.call(1, COMMIT, b"whole");
    nothing.breaks_protocol(more(1, b"x"));
}

#[test]
fn too_much_under_way_closes() {
    let mut scene = Scene::logged_in();
    let calls = u64::try_from(UNDER_WAY_MAX / MESSAGE_MAX).unwrap();
    for index in 0..calls {
        scene.say(begun(2 * index + 1, COMMIT, MESSAGE_MAX, b"first"));
    }
    assert_eq!(scene.connection.closed(), None);
    scene.say(begun(2 * calls + 1, COMMIT, 100, b"first"));
    scene.is_closed_for(CloseReason::TooLarge);
}
