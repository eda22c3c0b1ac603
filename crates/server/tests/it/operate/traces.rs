//! Spans reach a collector.

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::server::{Server, ask, folder};

/// Takes one post and answers it.
async fn one_post(listener: &TcpListener) -> (String, Value) {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut text = Vec::new();
    loop {
        stream.read_buf(&mut text).await.unwrap();
        let so_far = String::from_utf8_lossy(&text);
        if let Some((head, body)) = so_far.split_once("\r\n\r\n")
            && let Ok(body) = serde_json::from_str(body)
        {
            let head = head.to_owned();
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await.unwrap();
            return (head, body);
        }
    }
}

#[tokio::test]
async fn a_request_is_a_span_of_its_callers_trace() {
    let collector = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let config = format!("[traces]\nendpoint = 'http://{}'\n", collector.local_addr().unwrap());
    let server = Server::start(folder("traces"), &config).await;
    let (trace, span) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
    let text = format!("GET /api/v1/rounds?x=5 HTTP/1.1\r\nhost: test\r\nconnection: close\r\ntraceparent: 00-{trace}-{span}-01\r\n\r\n");
    let answer = tokio::spawn(ask(TcpStream::connect(server.at).await.unwrap(), Box::leak(text.into_boxed_str())));
    let (head, body) = tokio::time::timeout(std::time::Duration::from_secs(30), one_post(&collector)).await.unwrap();
    assert!(head.starts_with("POST /v1/traces HTTP/1.1"), "{head}");
    let found = &body["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
    assert_eq!((found["traceId"].as_str(), found["parentSpanId"].as_str()), (Some(trace), Some(span)), "{body}");
    assert_eq!(found["name"], "GET /api/v1/rounds");
    assert!(!body.to_string().contains("x=5"), "{body}");
    assert!(answer.await.unwrap().0.starts_with("HTTP/1.1 401"));
}
