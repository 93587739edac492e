use super::*;

#[tokio::test]
async fn a9_connections_beyond_the_limit_are_not_taken() {
    let server = Server::start_with(|settings| settings.connections = 1).await;
    let client = server.frames().await;
    let mut second = server.connect().await;
    assert_eq!(within(second.read(&mut [0; 1])).await.unwrap_or(0), 0);
    drop(client);
    within(async {
        while !server.raw("GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await.contains("200 OK") {}
    })
    .await;
    assert!(server.metrics.text().contains("sotto_connections_refused_total{reason=\"Full\"}"));
}

#[tokio::test(start_paused = true)]
async fn a9_who_says_nothing_or_only_half_is_cut_off() {
    let server = Server::start().await;
    for part in ["", "GET / HT", "GET / HTTP/1.1\r\nhost: sotto\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"] {
        let mut stream = server.connect().await;
        stream.write_all(part.as_bytes()).await.unwrap();
        let mut rest = Vec::new();
        // The server's own patience is what ends this.
        let _ = stream.read_to_end(&mut rest).await;
    }
}

#[tokio::test]
async fn a11_a_giant_head_is_refused() {
    let server = Server::start().await;
    let giant = format!("GET / HTTP/1.1\r\nhost: sotto\r\nx: {}\r\n\r\n", "a".repeat(200_000));
    let answer = server.raw(&giant).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
    let many = format!("GET / HTTP/1.1\r\nhost: sotto\r\n{}\r\n", "a: b\r\n".repeat(200));
    assert!(server.raw(&many).await.starts_with("HTTP/1.1 431"));
}
