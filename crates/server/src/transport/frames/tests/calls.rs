use super::*;

#[test]
fn a_call_gets_its_reply_in_any_order() {
    let mut scene = Scene::logged_in();
    scene.call(1, APPEND, b"one");
    scene.call(9, APPEND, b"two");
    let bodies: Vec<_> = scene
        .asked()
        .into_iter()
        .filter_map(|effect| match effect {
            Effect::Call { method, body, .. } => Some((method, body)),
            _ => None,
        })
        .collect();
    assert_eq!(bodies, [(APPEND, Bytes::from_static(b"one")), (APPEND, Bytes::from_static(b"two"))]);
    scene.answer(9, b"second");
    scene.connection.replied(call(1), Err(ErrorCode::EpochConflict.into()));
    let heard = scene.heard();
    assert_eq!(failures(&heard), [(1, ErrorCode::EpochConflict)]);
    assert_eq!(joined(heard[..1].to_vec()), &b"second"[..]);
}

#[test]
fn ids_are_odd_and_go_up() {
    Scene::logged_in().breaks_protocol(request(2, INFO, b""));
    for again in [1, 3] {
        let mut scene = Scene::logged_in();
        scene.call(3, INFO, b"");
        scene.breaks_protocol(request(again, INFO, b""));
    }
}

#[test]
fn an_unknown_method_fails_the_call_alone() {
    let mut scene = Scene::logged_in();
    scene.say(raw(wire::Request { call_id: 1, method: "sotto.v9.X/Y".to_owned(), ..Default::default() }));
    assert_eq!(failures(&scene.heard()), [(1, ErrorCode::UnknownMethod)]);
    scene.call(3, INFO, b"");
    assert_eq!(scene.calls(), [3]);
}

#[test]
fn calls_beyond_the_limit_are_refused_and_twice_as_many_close_a10() {
    let mut scene = Scene::logged_in();
    let max = u64::from(CALLS_MAX);
    for index in 0..max {
        scene.call(2 * index + 1, APPEND, b"");
    }
    assert_eq!(scene.heard(), []);
    scene.call(2 * max + 1, APPEND, b"");
    let [Frame::Failure { error, .. }] = &scene.heard()[..] else { panic!() };
    assert_eq!(error, &ErrorDetail::limit(ErrorCode::LimitReached, "CALLS_MAX", max, max + 1));
    for index in 0..max {
        scene.call(2 * (max + index) + 3, APPEND, b"");
    }
    assert_eq!(scene.connection.closed(), None);
    scene.breaks_protocol(request(6 * max + 1, APPEND, b""));
}

#[test]
fn what_a_client_has_read_of_refusals_does_not_count() {
    let mut scene = Scene::logged_in();
    for index in 0..u64::from(CALLS_MAX) * 5 {
        scene.call(2 * index + 1, APPEND, b"");
        scene.heard();
    }
    assert_eq!(scene.connection.closed(), None);
}

#[test]
fn the_services_get_only_so_many_calls_at_once() {
    let mut scene = Scene::logged_in();
    for index in 0..u64::from(CALLS_MAX) {
        scene.call(2 * index + 1, APPEND, b"");
    }
    assert_eq!(scene.calls().len(), 32);
    scene.answer(1, b"");
    assert_eq!(scene.calls(), [65]);
}

#[test]
fn a_deadline_completes_the_call_and_its_answer_comes_to_nothing() {
    let mut scene = Scene::logged_in();
    let (method, deadline_ms) = (APPEND.path().to_owned(), 1_500);
    scene.say(raw(wire::Request { call_id: 1, method, deadline_ms, ..Default::default() }));
    scene.call(3, APPEND, b"");
    scene.calls();
    assert_eq!(scene.live(Duration::from_millis(1_499)), []);
    scene.wait(Duration::from_millis(1));
    assert_eq!(failures(&scene.heard()), [(1, ErrorCode::DeadlineExceeded)]);
    assert_eq!(scene.abandoned(), [1]);
    scene.answer(1, b"late");
    assert_eq!(scene.heard(), []);
    assert_eq!(failures(&scene.live(Duration::from_secs(30))), [(3, ErrorCode::DeadlineExceeded)]);
}

#[test]
fn streams_have_no_deadline_unless_asked_for_and_subscriptions_never() {
    let mut scene = Scene::logged_in();
    let ask = |call_id, method: Method| {
        raw(wire::Request { call_id, method: method.path().to_owned(), deadline_ms: 1_000, ..Default::default() })
    };
    scene.say(ask(1, SUBSCRIBE));
    scene.say(ask(3, DOWNLOAD));
    scene.call(5, DOWNLOAD, b"");
    assert_eq!(failures(&scene.live(Duration::from_mins(10))), [(3, ErrorCode::DeadlineExceeded)]);
}

#[test]
fn a_cancelled_call_is_completed_once() {
    let mut scene = Scene::logged_in();
    scene.call(1, APPEND, b"");
    scene.call(3, SUBSCRIBE, b"");
    scene.calls();
    assert!(scene.connection.streaming(call(3)));
    scene.say(Frame::Cancel(call(1)));
    scene.say(Frame::Cancel(call(3)));
    assert_eq!(scene.abandoned(), [1, 3]);
    let heard = scene.heard();
    assert_eq!(failures(&heard), [(1, ErrorCode::Cancelled), (3, ErrorCode::Cancelled)]);
    scene.answer(1, b"was on its way");
    scene.connection.item(call(3), Bytes::from_static(b"item"));
    scene.connection.ended(call(3), Ok(()));
    scene.say(Frame::Cancel(call(1)));
    scene.say(credit(3, 1));
    assert_eq!(scene.heard(), []);
}

#[test]
fn a_call_that_was_cancelled_before_its_turn_is_never_made() {
    let mut scene = Scene::logged_in();
    scene.call(1, APPEND, b"");
    scene.say(Frame::Cancel(call(1)));
    assert!(scene.asked().iter().all(|effect| matches!(effect, Effect::CheckSession(_))));
}

#[test]
fn frames_for_calls_that_never_were_close() {
    Scene::logged_in().breaks_protocol(Frame::Cancel(call(1)));
    Scene::logged_in().breaks_protocol(credit(1, 1));
    Scene::logged_in().breaks_protocol(more(1, b"x"));
    Scene::logged_in().breaks_protocol(Frame::Cancel(call(2)));
}
