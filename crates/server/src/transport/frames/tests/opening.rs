use super::*;

#[test]
fn a_hello_is_answered_with_the_limits() {
    let mut scene = Scene::connected();
    scene.say(hello(1, 7));
    let [Frame::Accept(accept)] = scene.heard()[..] else { panic!() };
    assert_eq!((accept.version, accept.calls_max, accept.message_max), (1, 64, 8_388_608));
    assert_eq!((accept.ping_interval_ms, accept.time_ms), (25_000, 1_771_000_000_000));
}

#[test]
fn the_example_of_the_document_is_spoken_byte_by_byte() {
    let mut scene = Scene::connected();
    let hex = |text: &str| Bytes::from(data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap());
    scene.say_bytes(hex("0a11080110011a0b736f74746f2f302e312e30"));
    let accept = scene.connection.next_frame().unwrap().encode();
    assert_eq!(accept[..14], hex("12140801104018808080 0420a8c301".replace(' ', "").as_str())[..14]);
    scene.say_bytes(hex("6a0d0a0b6161612e6262622e636363"));
    assert!(matches!(&scene.asked()[..], [Effect::Verify(token)] if token.expose_secret() == "aaa.bbb.ccc"));
    scene.connection.verified(scene.now, Ok((token(1), Duration::from_mins(15))));
    assert_eq!(scene.connection.next_frame().unwrap().encode(), hex("720408a0f736"));
    let ask = "1a4108011226736f74746f2e76312e4163636f756e74536572766963652f556e626c6f636b4163636f756e74\
               18904e32120a10000102030405060708090a0b0c0d0e0f";
    scene.say_bytes(hex(ask));
    let asked = scene.asked();
    assert!(matches!(asked[..], [Effect::Call { method: Method::AccountUnblockAccount, .. }]), "{asked:?}");
    scene.answer(1, b"");
    assert_eq!(scene.connection.next_frame().unwrap().encode(), hex("22020801"));
}

#[test]
fn token_and_requests_may_follow_without_waiting() {
    let mut scene = Scene::connected();
    scene.say(hello(1, 1));
    scene.authenticate(1, Duration::from_mins(15));
    scene.call(1, APPEND, b"one");
    assert_eq!(scene.calls(), [1]);
    assert!(matches!(scene.heard()[..], [Frame::Accept(_), Frame::Authenticated(Ok(_))]), "Accept comes first");
}

#[test]
fn no_common_version_closes() {
    let mut scene = Scene::connected();
    scene.say(hello(2, 9));
    scene.is_closed_for(CloseReason::Version);
}

#[test]
fn a_client_without_a_hello_is_closed_after_ten_seconds() {
    let mut scene = Scene::connected();
    scene.wait(Duration::from_millis(9_999));
    assert_eq!(scene.heard(), []);
    scene.wait(Duration::from_millis(1));
    scene.is_closed_for(CloseReason::Timeout);
}

#[test]
fn the_first_frame_is_a_hello_and_no_other_is() {
    Scene::connected().breaks_protocol(Frame::Ping(1));
    Scene::connected().breaks_protocol(request(1, INFO, b""));
    Scene::greeted().breaks_protocol(hello(1, 1));
}

#[test]
fn what_is_no_frame_closes() {
    for (bytes, reason) in [
        (Bytes::new(), CloseReason::ProtocolError),
        (Bytes::from_static(b"\xff\xff\xff"), CloseReason::ProtocolError),
        (Bytes::from(vec![0; FRAME_MAX + 1]), CloseReason::TooLarge),
    ] {
        let mut scene = Scene::greeted();
        scene.say_bytes(bytes);
        scene.is_closed_for(reason);
    }
    let mut scene = Scene::greeted();
    scene.connection.receive_text();
    scene.is_closed_for(CloseReason::ProtocolError);
    let mut scene = Scene::greeted();
    scene.connection.receive_giant(1 << 40);
    scene.is_closed_for(CloseReason::TooLarge);
}

#[test]
fn frames_of_servers_close() {
    let detail = ErrorCode::NotFound.detail();
    Scene::logged_in().breaks_protocol(Frame::Authenticated(Err(detail.clone())));
    Scene::logged_in().breaks_protocol(Frame::End(call(1)));
    Scene::logged_in().breaks_protocol(Frame::Failure { call: call(2), error: detail });
}
