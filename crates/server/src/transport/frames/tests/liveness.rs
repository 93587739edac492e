use super::*;

#[test]
fn silence_is_asked_about_and_then_given_up() {
    let mut scene = Scene::greeted();
    scene.wait(Duration::from_secs(25));
    assert!(matches!(scene.heard()[..], [Frame::Ping(_)]));
    scene.wait(Duration::from_secs(24));
    assert_eq!(scene.heard(), []);
    scene.wait(Duration::from_secs(1));
    scene.is_closed_for(CloseReason::Timeout);
}

#[test]
fn who_answers_is_alive() {
    let mut scene = Scene::greeted();
    for _ in 0..20 {
        scene.wait(Duration::from_secs(25));
        let heard = scene.heard();
        let [Frame::Ping(number)] = heard[..] else { panic!("{heard:?}") };
        scene.say(Frame::Pong(number));
    }
    assert_eq!(scene.connection.closed(), None);
}

#[test]
fn a_pong_goes_before_what_waits() {
    let mut scene = Scene::logged_in();
    scene.call(1, APPEND, b"");
    scene.calls();
    scene.answer(1, &vec![7; 200_000]);
    scene.say(Frame::Ping(42));
    assert_eq!(scene.connection.next_frame(), Some(Frame::Pong(42)));
}

#[test]
fn a_flood_of_pings_closes_a10() {
    let mut scene = Scene::greeted();
    for number in 0..10 {
        scene.say(Frame::Ping(number));
    }
    scene.wait(Duration::from_secs(25));
    scene.say(Frame::Ping(10));
    assert_eq!(scene.connection.closed(), None, "another interval has begun");
    for _ in 0..9 {
        scene.connection.receive_ping(scene.now);
    }
    scene.breaks_protocol(Frame::Ping(11));
}
