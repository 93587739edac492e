use super::*;

#[test]
fn without_a_token_only_open_methods_are_called() {
    let mut scene = Scene::greeted();
    scene.call(1, APPEND, b"");
    scene.call(3, INFO, b"");
    assert_eq!(scene.calls(), [3]);
    assert_eq!(failures(&scene.heard()), [(1, ErrorCode::Unauthenticated)]);
}

#[test]
fn a_refused_token_takes_the_one_before_away() {
    let mut scene = Scene::logged_in();
    scene.say(Frame::Authenticate(Token::parse("token", "x".to_owned()).unwrap()));
    scene.asked();
    scene.connection.verified(scene.now, Err(ErrorCode::TokenExpired.into()));
    let heard = scene.heard();
    assert!(matches!(&heard[..], [Frame::Authenticated(Err(why))] if ErrorCode::of(why) == ErrorCode::TokenExpired));
    scene.call(1, APPEND, b"");
    assert_eq!(failures(&scene.heard()), [(1, ErrorCode::Unauthenticated)]);
}

#[test]
fn a_token_applies_to_the_requests_after_it() {
    let mut scene = Scene::greeted();
    scene.call(1, INFO, b"");
    assert!(matches!(scene.asked()[..], [Effect::Call { token: None, .. }]));
    scene.authenticate(1, Duration::from_mins(15));
    scene.call(3, INFO, b"");
    assert!(matches!(scene.asked()[..], [Effect::Call { token: Some(_), .. }]));
}

#[test]
fn a_token_of_another_session_closes() {
    let mut scene = Scene::logged_in();
    scene.authenticate(2, Duration::from_mins(15));
    scene.is_closed_for(CloseReason::ProtocolError);
}

#[test]
fn streams_go_on_for_half_a_minute_after_the_last_token() {
    let mut scene = Scene::logged_in();
    scene.call(1, SUBSCRIBE, b"");
    scene.calls();
    assert!(scene.connection.streaming(call(1)));
    let heard = scene.live(Duration::from_mins(15) + Duration::from_secs(29));
    assert_eq!(failures(&heard), []);
    let heard = scene.live(Duration::from_secs(2));
    assert_eq!(failures(&heard), [(1, ErrorCode::TokenExpired)]);
    assert_eq!(scene.connection.closed(), None, "the connection stays");
}

#[test]
fn a_new_token_keeps_streams() {
    let mut scene = Scene::logged_in();
    scene.call(1, SUBSCRIBE, b"");
    scene.live(Duration::from_mins(14));
    scene.authenticate(1, Duration::from_mins(15));
    let heard = scene.live(Duration::from_mins(14));
    assert_eq!(failures(&heard), []);
}

#[test]
fn the_session_is_asked_after_and_its_end_closes_within_five_seconds() {
    let mut scene = Scene::logged_in();
    scene.live(Duration::from_mins(1));
    let ended_at = scene.now;
    loop {
        scene.wait(Duration::from_millis(100));
        if scene.asked().iter().any(|effect| matches!(effect, Effect::CheckSession(_))) {
            break;
        }
    }
    assert!(scene.now - ended_at < Duration::from_secs(3));
    scene.connection.session_checked(scene.now, &Err(ErrorCode::SessionEnded.into()));
    scene.is_closed_for(CloseReason::SessionEnded);
}

#[test]
fn a_check_without_an_answer_ends_nothing_and_is_repeated() {
    let mut scene = Scene::logged_in();
    scene.wait(Duration::from_secs(3));
    assert!(matches!(scene.asked()[..], [Effect::CheckSession(_)]), "one at a time");
    scene.wait(Duration::from_secs(3));
    assert!(scene.asked().is_empty());
    scene.connection.session_checked(scene.now, &Err(ErrorCode::Unavailable.into()));
    scene.wait(Duration::from_secs(1));
    assert!(matches!(scene.asked()[..], [Effect::CheckSession(_)]));
}
