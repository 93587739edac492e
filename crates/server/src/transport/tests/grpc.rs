use super::*;

#[tokio::test]
async fn a_call_is_answered_with_a_message_and_a_status() {
    let server = Server::start().await;
    let reply = server.grpc_call(ECHO, b"hello").await;
    assert_eq!((reply.status, &reply.body), (StatusCode::OK, &framed(b"hello")));
    assert_eq!(reply.headers["content-type"], "application/grpc");
    assert_eq!(reply.trailers["grpc-status"], "0");
}

#[tokio::test]
async fn a_failure_carries_its_detail() {
    let server = Server::start().await;
    let reply = server.grpc_call(Method::AuthLogout, b"").await;
    assert_eq!(reply.headers["grpc-status"], "8");
    let told = detail(&reply.headers).unwrap();
    assert_eq!(told, ErrorDetail::retry_after(ErrorCode::RateLimited, 1_500));
}

#[tokio::test]
async fn a_stream_gives_its_items_and_then_its_status() {
    let server = Server::start().await;
    let reply = server.grpc_call(COUNT, b"").await;
    assert_eq!(reply.body.len(), 3 * 100_005);
    assert_eq!(reply.code(), Some(ErrorCode::NotFound));
}

#[tokio::test]
async fn who_calls_without_a_good_token_is_told_so() {
    let server = Server::start().await;
    let grpc = ("content-type", "application/grpc");
    for headers in [&[grpc][..], &[grpc, ("authorization", "Bearer bad")], &[grpc, ("authorization", "Basic good")]] {
        let reply = server.grpc(ECHO.path(), headers, framed(b"")).await;
        assert_eq!(reply.code(), Some(ErrorCode::Unauthenticated), "{headers:?}");
        assert_eq!(reply.headers["grpc-status"], "16");
    }
    let open = server.grpc(OPEN_ECHO.path(), &[grpc, ("authorization", "Bearer bad")], framed(b"")).await;
    assert_eq!(open.code(), None, "no token is looked at");
}

#[tokio::test]
async fn what_is_unknown_too_large_or_too_late_fails() {
    let server = Server::start().await;
    let headers = [("content-type", "application/grpc"), ("authorization", "Bearer good")];
    let unknown = server.grpc("sotto.v1.AuthService/Nothing", &headers, framed(b"")).await;
    assert_eq!(unknown.code(), Some(ErrorCode::UnknownMethod));
    assert_eq!(unknown.headers["grpc-status"], "12");
    let large = server.grpc(ECHO.path(), &headers, Bytes::from_static(b"\0\xff\xff\xff\xff")).await;
    assert_eq!(large.code(), Some(ErrorCode::TooLarge));
    let late = [headers[0], headers[1], ("grpc-timeout", "10m")];
    assert_eq!(server.grpc(NEVER.path(), &late, framed(b"")).await.code(), Some(ErrorCode::DeadlineExceeded));
}

/// Nothing that a few bytes could become many of is ever unpacked.
#[tokio::test]
async fn a_compressed_message_is_refused_a12() {
    let server = Server::start().await;
    let headers = [("content-type", "application/grpc"), ("authorization", "Bearer good"), ("grpc-encoding", "gzip")];
    let compressed = Bytes::from_static(b"\x01\0\0\0\x02\x1f\x8b");
    let reply = server.grpc(ECHO.path(), &headers, compressed).await;
    assert_eq!(reply.code(), Some(ErrorCode::Malformed));
}

/// Whoever lets a browser call in a person's name has nothing that the browser would add by itself.
#[tokio::test]
async fn a_cookie_is_no_authority_and_none_is_set_n2() {
    let server = Server::start().await;
    let headers = [("content-type", "application/grpc-web+proto"), ("cookie", "authorization=Bearer good; token=good")];
    let reply = server.grpc(ECHO.path(), &headers, framed(b"")).await;
    assert_eq!(reply.code(), Some(ErrorCode::Unauthenticated));
    assert!(!reply.headers.contains_key("set-cookie"));
}

#[tokio::test]
async fn a_stream_ends_with_its_session() {
    let server = Server::start().await;
    server.double.session_ended.store(true, Ordering::SeqCst);
    let reply = server.grpc_call(STREAM, b"first").await;
    assert_eq!(reply.body, framed(b"first"));
    assert_eq!(reply.code(), Some(ErrorCode::SessionEnded));
}

#[tokio::test]
async fn browsers_get_their_trailers_in_the_body() {
    let server = Server::start().await;
    let web = [("content-type", "application/grpc-web+proto"), ("authorization", "Bearer good")];
    let reply = server.grpc(ECHO.path(), &web, framed(b"hello")).await;
    let trailers = b"grpc-status: 0\r\n";
    let mut expected = BytesMut::from(&framed(b"hello")[..]);
    expected.put_u8(0x80);
    expected.put_u32(u32::try_from(trailers.len()).unwrap());
    expected.put_slice(trailers);
    assert_eq!(reply.body, expected.freeze());
    assert_eq!(reply.headers["content-type"], "application/grpc-web+proto");

    let text = [("content-type", "application/grpc-web-text"), ("authorization", "Bearer good")];
    let encoded = BASE64.encode(&framed(b"hello"));
    let reply = server.grpc(ECHO.path(), &text, encoded.clone().into()).await;
    assert!(reply.body.starts_with(encoded.as_bytes()));
}

/// A browser sends its next call on the same connection.
#[tokio::test]
async fn a_connection_goes_on_after_a_request_that_was_answered_early() {
    let server = Server::start().await;
    let stream = TokioIo::new(server.connect().await);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    let mut call = async |token: &str, message: Bytes| {
        let request = Request::post(format!("/{}", ECHO.path()))
            .header("content-type", "application/grpc-web+proto")
            .header("authorization", format!("Bearer {token}"));
        sender.ready().await.unwrap();
        let response = within(sender.send_request(request.body(Full::new(message)).unwrap())).await.unwrap();
        Reply::read(response).await
    };
    let large = framed(&vec![0; ECHO.request_max() + 1]);
    assert_eq!(call("good", large).await.code(), Some(ErrorCode::TooLarge));
    assert_eq!(call("bad", framed(&vec![0; 200_000])).await.code(), Some(ErrorCode::Unauthenticated));
    assert!(call("good", framed(b"hello")).await.body.starts_with(&framed(b"hello")));
}

#[tokio::test]
async fn n3_a_foreign_page_may_not_call_and_a_named_one_may() {
    let server = Server::start_with(|settings| settings.origins = vec!["https://chat.example".to_owned()]).await;
    let ask = async |origin: &str, method: &str, kind: &str| {
        server
            .raw(&format!(
                "{method} /{} HTTP/1.1\r\nhost: sotto.example\r\norigin: {origin}\r\nconnection: close\r\n{kind}\
                 content-length: 5\r\n\r\n\0\0\0\0\0",
                OPEN_ECHO.path()
            ))
            .await
    };
    let web = "content-type: application/grpc-web+proto\r\n";
    assert!(ask("https://evil.example", "POST", web).await.starts_with("HTTP/1.1 403"));
    assert!(ask("https://evil.example", "OPTIONS", "").await.starts_with("HTTP/1.1 403"));
    let own = ask("https://sotto.example", "POST", web).await;
    assert!(own.starts_with("HTTP/1.1 200") && !own.contains("access-control"), "{own}");
    for answer in [ask("https://chat.example", "POST", web).await, ask("https://chat.example", "OPTIONS", "").await] {
        assert!(answer.starts_with("HTTP/1.1 20"), "{answer}");
        assert!(answer.contains("access-control-allow-origin: https://chat.example\r\n"), "{answer}");
    }
}

#[tokio::test]
async fn n3_over_http2_our_own_page_is_known_too() {
    let server = Server::start().await;
    let own = format!("http://{}", server.address);
    for (origin, status) in [(own.as_str(), 200), ("https://evil.example", 403)] {
        let headers = [("content-type", "application/grpc-web+proto"), ("origin", origin)];
        let reply = server.grpc(OPEN_ECHO.path(), &headers, framed(b"")).await;
        assert_eq!(reply.status, status, "{origin}");
    }
}

#[tokio::test]
async fn health_is_told() {
    let server = Server::start().await;
    let grpc = [("content-type", "application/grpc")];
    let healthy = server.grpc("grpc.health.v1.Health/Check", &grpc, framed(b"")).await;
    assert_eq!(healthy.body, framed(b"\x08\x01"));
    let about = server.grpc("grpc.health.v1.Health/Check", &grpc, framed(b"\x0a\x05other")).await;
    assert_eq!(about.headers["grpc-status"], "5");
}
