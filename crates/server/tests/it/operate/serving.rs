//! A running server: health, metrics, log lines, and how it stops.

use std::process::Command;

use allclear_server::{
    demo,
    edge::routes,
    operate::{metrics::Metric, pulse},
    work,
};
use allclear_testkit::City;
use axum::{body::Body, http::Request};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tower::ServiceExt;

use super::{
    server::{Server, ask, folder, get, post, post_text, rest, until},
    swabs,
};

fn sign_in(name: &str) -> String {
    json!({ "name": name, "password": demo::PASSWORD }).to_string()
}

async fn ready(server: &Server) {
    let at = server.operator().await;
    until("readiness", async || get(at, "/readyz").await.0.starts_with("HTTP/1.1 200").then_some(())).await;
}

fn cookie(head: &str) -> &str {
    let line = head.lines().find(|line| line.starts_with("set-cookie: ")).unwrap();
    line.trim_start_matches("set-cookie: ").split(';').next().unwrap()
}

#[tokio::test]
async fn a_server_tells_how_it_is_and_stops_without_losing_anything() {
    let mut server = Server::start(folder("serving"), "[log]\nfilter = 'info'\n").await;
    ready(&server).await;
    assert!(get(server.at, "/readyz").await.0.starts_with("HTTP/1.1 200"));
    assert!(get(server.at, "/metrics").await.0.starts_with("HTTP/1.1 404"), "metrics are not public");
    assert_eq!(server.metric("allclear_store_up").await.as_deref(), Some("1"));

    let (head, _) = post(server.at, "/api/v1/session", "", &sign_in("headquarters")).await;
    let cookie = cookie(&head);
    let (head, _) = get(server.at, "/api/v1/live/frame?round=5").await;
    assert!(head.starts_with("HTTP/1.1 4"), "{head}");
    let session = "allclear_requests_total{method=\"POST\",route=\"/api/v1/session\",class=\"2xx\"}";
    assert_eq!(server.metric(session).await.as_deref(), Some("1"));

    // A screen follows, and a phone is in the middle of a request when the server is told to stop.
    let mut screen = TcpStream::connect(server.at).await.unwrap();
    let follow = format!("GET /api/v1/live/stream HTTP/1.1\r\nhost: test\r\ncookie: {cookie}\r\n\r\n");
    screen.write_all(follow.as_bytes()).await.unwrap();
    until("a viewer", async || (server.metric("allclear_live_viewers").await.as_deref() == Some("1")).then_some(())).await;
    let text = post_text("/api/v1/session", "expect: 100-continue\r\n", &sign_in("registrar"));
    let (first, second) = text.split_at(text.find("\r\n\r\n").unwrap() + 4);
    let mut phone = TcpStream::connect(server.at).await.unwrap();
    phone.write_all(first.as_bytes()).await.unwrap();
    // The server has the head and waits for the body: only then is it in the middle.
    let mut go_on = Vec::new();
    while !go_on.ends_with(b"\r\n\r\n") {
        assert!(phone.read_buf(&mut go_on).await.unwrap() > 0, "{}", String::from_utf8_lossy(&go_on));
    }
    assert!(go_on.starts_with(b"HTTP/1.1 100"), "{}", String::from_utf8_lossy(&go_on));
    let mut flying = Vec::new();
    screen.read_buf(&mut flying).await.unwrap();
    server.signal("TERM");
    let operator = server.operator().await;
    until("the server to say that it stops", async || get(operator, "/readyz").await.1.contains("the server stops").then_some(())).await;
    phone.write_all(second.as_bytes()).await.unwrap();
    let (head, _) = rest(phone).await;
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert!(server.ended().await.success());
    check_log(&server.log());
}

/// One line a request, with its numbers and without anybody's name, password or query.
fn check_log(log: &[Value]) {
    assert!(log.iter().any(|line| line["message"] == "stopped; everything is stored"), "{log:#?}");
    let requests: Vec<&Value> = log.iter().filter(|line| line["target"] == "request").collect();
    let of = |route: &str| requests.iter().find(|line| line["route"] == route).unwrap_or_else(|| panic!("{route}: {log:#?}"));
    let session = of("/api/v1/session");
    assert_eq!((session["method"].as_str(), session["status"].as_i64()), (Some("POST"), Some(200)));
    assert!(session["queries"].as_i64().unwrap() >= 2 && session["db_ms"].as_f64().unwrap() > 0.0, "{session}");
    assert!(session["ms"].as_f64().unwrap() >= session["db_ms"].as_f64().unwrap(), "{session}");
    let stream = of("/api/v1/live/stream");
    assert!(stream["account"].as_str().unwrap().parse::<uuid::Uuid>().is_ok(), "{stream}");
    assert_eq!(of("/api/v1/live/frame")["code"], "unauthenticated");
    for line in log {
        let text = line.to_string();
        for never in ["headquarters", "registrar", demo::PASSWORD, "round=5", "陈立春"] {
            assert!(!text.contains(never), "{text}");
        }
    }
}

#[tokio::test]
async fn a_request_that_hangs_is_cut_and_the_filter_changes_while_it_runs() {
    let mut server =
        Server::start(folder("cut"), "[server]\ndrain_seconds = 1\n[log]\nfilter = 'warn,allclear_server::operate=info'\n").await;
    ready(&server).await;
    post(server.at, "/api/v1/session", "", &sign_in("registrar")).await;
    assert!(server.log().iter().all(|line| line["target"] != "request"));
    std::fs::write(server.folder.join("allclear.toml"), "[log]\nfilter = 'info'\n").unwrap();
    server.signal("HUP");
    until("the new filter", async || server.log().iter().any(|line| line["message"] == "the log filter was read again").then_some(()))
        .await;
    post(server.at, "/api/v1/session", "", &sign_in("registrar")).await;
    assert_eq!(server.log().iter().filter(|line| line["target"] == "request").count(), 1);
    // What cannot be used changes nothing.
    std::fs::write(server.folder.join("allclear.toml"), "[log]\nfliter = 'debug'\n").unwrap();
    server.signal("HUP");
    let refused = async || server.log().iter().find(|line| line["message"] == "the configuration was not read again").cloned();
    assert!(until("the refusal", refused).await["error"].as_str().unwrap().starts_with("log.fliter is unknown"));

    let text = post_text("/api/v1/session", "", &sign_in("registrar"));
    let mut phone = TcpStream::connect(server.at).await.unwrap();
    phone.write_all(&text.as_bytes()[..text.len() - 5]).await.unwrap();
    until("the request to be in flight", async || {
        // A later request was answered, so the earlier connection was taken.
        get(server.at, "/healthz").await.0.starts_with("HTTP/1.1 200").then_some(())
    })
    .await;
    server.signal("TERM");
    assert!(server.ended().await.success());
    assert!(server.log().iter().any(|line| line["message"] == "requests in flight were cut"));
}

#[tokio::test]
async fn readiness_follows_the_state_of_the_node() {
    let city = City::start().await;
    let (router, _, _) = routes::build(&city.app);
    let ready = async || {
        let answer = router.clone().oneshot(Request::get("/readyz").body(Body::empty()).unwrap()).await.unwrap();
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice::<Value>(&body).unwrap())
    };
    assert_eq!(ready().await.0, 503, "nobody has looked yet");
    pulse::look(&city.app).await.unwrap();
    assert_eq!(ready().await, (200, json!({ "ready": true })));

    swabs(&city, 1, 0, 12).await;
    // A follower is behind what has its number; PostgreSQL gives numbers after the commit.
    work::number(&city.app).await.unwrap();
    pulse::look(&city.app).await.unwrap();
    assert_eq!(city.app.metrics.get(Metric::FactsRecorded), 12);
    assert!(city.app.metrics.get(Metric::BehindPersons) > 0);
    city.drain().await;
    pulse::look(&city.app).await.unwrap();
    let behind = [Metric::BehindPersons, Metric::BehindLaboratory, Metric::BehindLive].map(|metric| city.app.metrics.get(metric));
    assert_eq!(behind, [0, 0, 0]);

    city.app.pulse.stop();
    assert_eq!(ready().await, (503, json!({ "ready": false, "because": "the server stops" })));
}

#[tokio::test]
async fn a_request_has_an_id_that_comes_back() {
    let city = City::start().await;
    let (router, _, _) = routes::build(&city.app);
    let id_of = async |given: &str| {
        let request = Request::get("/healthz").header("x-request-id", given).body(Body::empty()).unwrap();
        let answer = router.clone().oneshot(request).await.unwrap();
        answer.headers()["x-request-id"].to_str().unwrap().to_owned()
    };
    let id = "01890a5d-ac96-774b-bcce-b302099a8057";
    assert_eq!(id_of(id).await, id);
    for given in ["13800138000", "zhang san", ""] {
        let made = id_of(given).await;
        assert!(made != given && made.parse::<uuid::Uuid>().is_ok(), "{made}");
    }
}

#[test]
fn the_command_line_names_the_key_that_is_wrong() {
    let folder = folder("check");
    let file = folder.join("allclear.toml");
    let check = |text: &str| {
        std::fs::write(&file, text).unwrap();
        let out = Command::new(env!("CARGO_BIN_EXE_allclear")).args(["config", "check", "--config"]).arg(&file).output().unwrap();
        (out.status.success(), String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr))
    };
    let (fine, said) = check("[server]\nlisten = '0.0.0.0:80'\n");
    assert!(fine && said.contains("phones need HTTPS") && said.ends_with("in order\n"), "{said}");
    let (fine, said) = check("[store]\nurll = 'x'\n");
    assert!(!fine && said.contains("store.urll is unknown; known here: url, url_file, key_file"), "{said}");
    let printed = Command::new(env!("CARGO_BIN_EXE_allclear")).args(["config", "print"]).output().unwrap();
    let (fine, said) = check(&String::from_utf8(printed.stdout).unwrap());
    assert!(fine, "{said}");
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn a_method_that_is_made_up_is_no_label() {
    let server = Server::start(folder("label"), "").await;
    ready(&server).await;
    let stream = TcpStream::connect(server.at).await.unwrap();
    ask(stream, "BREW /healthz HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n").await;
    let (_, text) = get(server.operator().await, "/metrics").await;
    assert!(!text.contains("BREW") && text.contains("method=\"other\",route=\"/healthz\""));
}
