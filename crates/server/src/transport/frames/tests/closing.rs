use super::*;

#[test]
fn a_close_is_the_last_frame_and_names_the_highest_call() {
    let mut scene = Scene::logged_in();
    scene.call(1, APPEND, b"");
    scene.call(7, SUBSCRIBE, b"");
    assert_eq!(scene.calls(), [1, 7]);
    scene.say(request(8, APPEND, b""));
    assert_eq!(scene.is_closed_for(CloseReason::ProtocolError).last_call, Some(call(7)));
    assert_eq!(scene.abandoned(), [1, 7]);
    scene.answer(1, b"late");
    scene.call(9, APPEND, b"");
    assert_eq!(scene.heard(), []);
    assert!(scene.asked().is_empty());
}

#[test]
fn the_clients_close_ends_all() {
    let mut scene = Scene::logged_in();
    scene.call(1, SUBSCRIBE, b"");
    scene.calls();
    scene.say(Frame::Close(Close { reason: CloseReason::Done, retry_after_ms: 0, last_call: None }));
    assert_eq!(scene.connection.closed(), Some(CloseReason::Done));
    assert_eq!((scene.heard(), scene.abandoned()), (vec![], vec![1]));
}

#[test]
fn a_shutdown_completes_replies_and_takes_up_nothing_new() {
    let mut scene = Scene::logged_in();
    scene.call(1, APPEND, b"");
    scene.call(3, SUBSCRIBE, b"");
    scene.calls();
    scene.connection.drain(scene.now, Duration::from_secs(3));
    scene.call(5, APPEND, b"");
    scene.say(Frame::Cancel(call(5)));
    scene.say(more(5, b"x"));
    assert!(scene.calls().is_empty());
    assert_eq!(scene.heard(), []);
    scene.answer(1, b"done");
    let mut heard = scene.heard();
    let Some(Frame::Close(close)) = heard.pop() else { panic!("{heard:?}") };
    assert_eq!(of_calls(&heard), [1]);
    assert_eq!(close, Close { reason: CloseReason::GoingAway, retry_after_ms: 3_000, last_call: Some(call(3)) });
}

#[test]
fn a_shutdown_waits_for_what_is_to_be_sent_but_not_for_ever() {
    let mut idle = Scene::logged_in();
    idle.connection.drain(idle.now, Duration::ZERO);
    idle.is_closed_for(CloseReason::GoingAway);

    let mut stuck = Scene::logged_in();
    stuck.call(1, APPEND, b"");
    stuck.calls();
    stuck.connection.drain(stuck.now, Duration::ZERO);
    stuck.live(Duration::from_secs(9));
    assert_eq!(stuck.connection.closed(), None);
    stuck.wait(Duration::from_secs(1));
    stuck.is_closed_for(CloseReason::GoingAway);
}

#[test]
fn a_shutdown_before_the_hello_closes_at_once() {
    let mut scene = Scene::connected();
    scene.connection.drain(scene.now, Duration::from_secs(1));
    scene.is_closed_for(CloseReason::GoingAway);
}

#[test]
fn failures_of_services_pass_through() {
    let mut scene = Scene::logged_in();
    scene.call(1, APPEND, b"");
    scene.calls();
    let detail = ErrorDetail::retry_after(ErrorCode::RateLimited, 1_234);
    scene.connection.replied(call(1), Err(Failure::from(detail.clone())));
    assert_eq!(scene.heard(), [Frame::Failure { call: call(1), error: detail }]);
}
