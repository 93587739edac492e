use super::*;

#[tokio::test]
async fn calls_and_streams_share_a_connection() {
    let server = Server::start().await;
    let mut client = server.authenticated().await;
    client.call(1, STREAM, b"live").await;
    client.call(3, ECHO, b"hello").await;
    let (mut item, mut reply) = (None, None);
    for _ in 0..2 {
        match client.hear().await {
            Frame::Item { call, message } => item = Some((call, message.into_body())),
            Frame::Reply { call, message } => reply = Some((call, message.into_body())),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(item, Some((call(1), Bytes::from_static(b"live"))));
    assert_eq!(reply, Some((call(3), Bytes::from_static(b"hello"))));
    let text = server.metrics.text();
    assert!(text.contains("sotto_connections{kind=\"WebSocket\"} 1\n"), "{text}");
    assert!(text.contains("sotto_streams{method=\"sotto.v1.StreamService/Subscribe\"} 1\n"), "{text}");
}

#[tokio::test]
async fn many_calls_at_once_are_all_answered() {
    let server = Server::start().await;
    let mut client = server.authenticated().await;
    for round in 0..20_u64 {
        for index in 0..64 {
            client.call(2 * (round * 64 + index) + 1, ECHO, &[7; 300]).await;
        }
        for _ in 0..64 {
            assert!(matches!(client.hear().await, Frame::Reply { .. }));
        }
    }
}

#[tokio::test]
async fn large_items_come_in_pieces_and_a_stream_may_fail() {
    let server = Server::start().await;
    let mut client = server.authenticated().await;
    client.call(1, COUNT, b"").await;
    let mut bytes = 0;
    let failure = loop {
        match client.hear().await {
            Frame::Item { message, .. } => bytes += message.into_body().len(),
            Frame::More { body, .. } => bytes += body.into_bytes().len(),
            other => break other,
        }
    };
    assert_eq!(bytes, 300_000);
    assert_eq!(failure, Frame::Failure { call: call(1), error: ErrorCode::NotFound.detail() });
}

#[tokio::test]
async fn a_bug_in_a_call_ends_that_call_and_nothing_else() {
    let server = Server::start().await;
    let mut client = server.authenticated().await;
    client.call(1, PANIC, b"").await;
    let Frame::Failure { error, .. } = client.hear().await else { panic!() };
    assert_eq!((ErrorCode::of(&error), error.incident_id.len()), (ErrorCode::Internal, 16));
    client.call(3, ECHO, b"").await;
    assert!(matches!(client.hear().await, Frame::Reply { .. }));
}

#[tokio::test]
async fn a_call_whose_client_is_gone_comes_to_its_end() {
    let server = Server::start().await;
    let mut client = server.authenticated().await;
    client.call(1, GATED, b"").await;
    client.call(3, ECHO, b"").await;
    assert!(matches!(client.hear().await, Frame::Reply { .. }));
    drop(client);
    while !server.metrics.text().contains("sotto_connections{kind=\"WebSocket\"} 0\n") {
        tokio::task::yield_now().await;
    }
    server.double.gate.notify_one();
    within(async {
        while server.double.passed_gate.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn n8_a_session_that_ended_closes_its_connections() {
    let server = Server::start().await;
    let mut client = server.authenticated().await;
    server.double.session_ended.store(true, Ordering::SeqCst);
    let (close, status) = client.hear_close().await;
    assert_eq!((close.reason, status), (CloseReason::SessionEnded, 4004));
}

#[tokio::test]
async fn text_and_giants_break_the_protocol() {
    let server = Server::start().await;
    let mut client = server.frames().await;
    client.0.send(Message::text("hello")).await.unwrap();
    let (close, status) = client.hear_close().await;
    assert_eq!((close.reason, status), (CloseReason::ProtocolError, 4001));

    let mut client = server.frames().await;
    client.0.send(Message::binary(vec![0; 66_561])).await.unwrap();
    let (close, status) = client.hear_close().await;
    assert_eq!((close.reason, status), (CloseReason::TooLarge, 4002));
}

#[tokio::test]
async fn a_shutdown_finishes_what_is_under_way_and_says_when_to_come_back() {
    let server = Server::start().await;
    let mut client = server.authenticated().await;
    client.call(1, GATED, b"").await;
    client.call(3, STREAM, b"").await;
    assert!(matches!(client.hear().await, Frame::Item { .. }));
    server.stopper.ask();
    server.double.gate.notify_one();
    assert!(matches!(client.hear().await, Frame::Reply { .. }));
    let (close, status) = client.hear_close().await;
    assert_eq!((close.reason, status, close.last_call), (CloseReason::GoingAway, 4005, Some(call(3))));
    assert!((500..=5_000).contains(&close.retry_after_ms));
    drop(client);
    within(server.stopper.all_stopped()).await;
}

#[tokio::test]
async fn n3_a_handshake_that_is_none_is_refused() {
    let server = Server::start().await;
    let refused = async |request: String| {
        let answer = server.raw(&request.replace("keep-alive, Upgrade", "Upgrade, close")).await;
        answer.split(' ').nth(1).unwrap().to_owned()
    };
    let good = upgrade_request("");
    assert_eq!(refused(upgrade_request("origin: https://evil.example\r\n")).await, "403");
    assert_eq!(refused(good.replace(SUBPROTOCOL, "sotto.frames.v9")).await, "400");
    assert_eq!(refused(good.replace("dGhlIHNhbXBsZSBub25jZQ==", "short")).await, "400");
    assert_eq!(refused(good.replace("version: 13", "version: 8")).await, "426");
    assert_eq!(
        server.raw("GET /ws HTTP/1.1\r\nhost: sotto\r\nconnection: close\r\n\r\n").await.split(' ').nth(1),
        Some("426")
    );
}
