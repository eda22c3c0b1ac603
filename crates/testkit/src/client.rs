//! Clients that speak HTTP through the router.

use std::sync::Arc;

use allclear_server::clock::{Clock, rfc3339};
use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use http_body_util::BodyExt;
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use serde_json::{Value, json};
use tower::ServiceExt;
use uuid::Uuid;

use crate::TestClock;

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Status.
    pub status: StatusCode,
    /// Body, if it is JSON.
    pub json: Value,
    /// Body as it came.
    pub bytes: Vec<u8>,
    /// Headers.
    pub headers: HeaderMap,
    /// Cookies that were set.
    pub cookies: Vec<String>,
    /// After how many seconds to come again, if the answer says so.
    pub retry_after_s: Option<u32>,
}

impl Answer {
    /// The body of a success.
    #[track_caller]
    pub fn ok(self) -> Value {
        assert!(self.status.is_success(), "{} {}", self.status, self.json);
        self.json
    }

    /// Asserts a problem with this code.
    #[track_caller]
    pub fn refused(&self, code: &str) {
        assert!(!self.status.is_success(), "expected {code}, got {} {}", self.status, self.json);
        assert_eq!(self.json["code"], code, "{} {}", self.status, self.json);
    }
}

/// Server-sent events as they come.
pub struct Events {
    body: Body,
    text: String,
}

impl Events {
    /// The next event, without the empty line that ends it; none when the stream has ended.
    pub async fn next(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.text.find("\n\n") {
                let rest = self.text.split_off(end + 2);
                let event = std::mem::replace(&mut self.text, rest);
                return Some(event.trim_end().to_owned());
            }
            let frame = self.body.frame().await?.ok()?;
            self.text.push_str(&String::from_utf8_lossy(frame.data_ref()?));
        }
    }
}

/// Somebody with a browser or a device token.
#[derive(Clone)]
pub struct Client {
    router: Router,
    cookie: Option<String>,
    bearer: Option<String>,
    address: Option<std::net::IpAddr>,
    https: bool,
}

impl Client {
    pub(crate) const fn new(router: Router) -> Self {
        Self { router, cookie: None, bearer: None, address: None, https: false }
    }

    /// Signs in.
    pub async fn sign_in(&mut self, name: &str, password: &str) {
        let answer = self.post("/api/v1/session", json!({ "name": name, "password": password })).await;
        assert!(answer.status.is_success(), "{name} cannot sign in: {}", answer.json);
        self.keep_session(&answer);
    }

    /// Goes on with the session that an answer opened.
    pub fn keep_session(&mut self, answer: &Answer) {
        self.cookie = answer.cookies.first().and_then(|c| c.split(';').next()).map(str::to_owned);
    }

    /// Calls from this address.
    #[must_use]
    pub fn at(mut self, address: &str) -> Self {
        self.address = Some(address.parse().unwrap());
        self
    }

    /// Calls through a proxy that ended TLS.
    #[must_use]
    pub const fn over_https(mut self) -> Self {
        self.https = true;
        self
    }

    /// Opens a resident's page with the code of the card and the end of the document number.
    pub async fn open_resident_page(&mut self, code: &str, tail: &str) {
        let answer = self.post("/api/v1/resident/session", json!({ "code": code, "document_tail": tail })).await;
        assert!(answer.status.is_success(), "the page does not open: {}", answer.json);
        self.cookie = answer.cookies.first().and_then(|c| c.split(';').next()).map(str::to_owned);
    }

    /// The same with this `Cookie` header.
    #[must_use]
    pub fn with_cookie(mut self, cookie: &str) -> Self {
        self.cookie = Some(cookie.to_owned());
        self
    }

    /// The cookie of this session.
    #[must_use]
    pub fn cookie(&self) -> &str {
        self.cookie.as_deref().unwrap_or_default()
    }

    /// The token of this device.
    #[must_use]
    pub fn token(&self) -> &str {
        self.bearer.as_deref().unwrap_or_default()
    }

    /// Uses a device token instead of a cookie.
    #[must_use]
    pub fn with_token(mut self, token: &str) -> Self {
        self.cookie = None;
        self.bearer = Some(token.to_owned());
        self
    }

    /// Status and problem code of a request with an empty form; of a success the body, which may be an
    /// endless stream, is not read.
    pub async fn status(&self, method: Method, path: &str) -> (StatusCode, Option<String>) {
        let response = self.respond(method, path, "application/json", b"{}".to_vec()).await;
        let status = response.status();
        if status.is_success() {
            return (status, None);
        }
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        let body: Value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        (status, body["code"].as_str().map(str::to_owned))
    }

    /// Sends any request.
    pub async fn send(&self, method: Method, path: &str, content_type: &str, body: Vec<u8>) -> Answer {
        let response = self.respond(method, path, content_type, body).await;
        let status = response.status();
        let cookies = response.headers().get_all(header::SET_COOKIE).iter().map(|v| v.to_str().unwrap().to_owned()).collect();
        let retry_after_s = response.headers().get(header::RETRY_AFTER).and_then(|v| v.to_str().ok()?.parse().ok());
        let headers = response.headers().clone();
        let bytes = response.into_body().collect().await.unwrap().to_bytes().to_vec();
        Answer { status, json: serde_json::from_slice(&bytes).unwrap_or(Value::Null), bytes, headers, cookies, retry_after_s }
    }

    async fn respond(&self, method: Method, path: &str, content_type: &str, body: Vec<u8>) -> axum::response::Response {
        let mut request = Request::builder().method(method).uri(path).header("x-allclear", "1").header(header::CONTENT_TYPE, content_type);
        if let Some(cookie) = &self.cookie {
            request = request.header(header::COOKIE, cookie);
        }
        if let Some(token) = &self.bearer {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        if self.https {
            request = request.header("x-forwarded-proto", "https");
        }
        if let Some(address) = self.address {
            request = request.extension(axum::extract::ConnectInfo(std::net::SocketAddr::from((address, 40_000))));
        }
        self.router.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap()
    }

    /// Opens a stream of server-sent events.
    pub async fn open(&self, path: &str) -> Events {
        let mut request = Request::builder().uri(path);
        if let Some(cookie) = &self.cookie {
            request = request.header(header::COOKIE, cookie);
        }
        let response = self.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert!(response.status().is_success(), "{path}: {}", response.status());
        Events { body: response.into_body(), text: String::new() }
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, "application/json", Vec::new()).await
    }

    /// POST of JSON.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, "application/json", body.to_string().into_bytes()).await
    }

    /// PUT of JSON.
    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PUT, path, "application/json", body.to_string().into_bytes()).await
    }

    /// DELETE.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, "application/json", Vec::new()).await
    }
}

/// An enrolled phone: makes commands with ids and counts of its own.
pub struct Phone {
    /// Its HTTP side.
    pub client: Client,
    /// Its short number.
    pub device_no: i64,
    device: String,
    key: EcdsaKeyPair,
    clock: Arc<TestClock>,
    seq: i64,
}

impl Phone {
    pub(crate) async fn enrol(client: Client, clock: Arc<TestClock>) -> Self {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).unwrap();
        let public_key = allclear_seal::to_base64url(key.public_key().as_ref());
        let enrolled = client.post("/api/v1/devices/enrol", json!({ "label": "test", "public_key": public_key })).await.ok();
        let token = enrolled["token"].as_str().unwrap().to_owned();
        let device = enrolled["device"].as_str().unwrap().to_owned();
        Self { client: client.with_token(&token), device_no: enrolled["device_no"].as_i64().unwrap(), device, key, clock, seq: 0 }
    }

    /// What this phone shows the other in a hand-over: one side's statement, signed.
    #[must_use]
    pub fn statement(&self, handover: Uuid, side: &str, boxes: &[String]) -> String {
        // Members in alphabetical order, as canonical JSON has them.
        let json = json!({
            "at": rfc3339(self.clock.now()), "boxes": boxes, "destination": null, "device": self.device, "handover": handover, "side": side, "v": 1,
        });
        let signed = allclear_seal::canonical_statement(json.to_string().as_bytes());
        let signature = self.key.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        format!("{signed}.{}", allclear_seal::to_base64url(signature.as_ref()))
    }

    /// Makes a command of now.
    pub fn command(&mut self, op: Value) -> Value {
        self.seq += 1;
        let now = self.clock.now();
        let mut command = op;
        let millis = u64::try_from(now.0 / 1000).unwrap();
        let mut random = [0; 10];
        random[..2].copy_from_slice(&(self.device_no as u16).to_be_bytes());
        random[2..].copy_from_slice(&self.seq.to_be_bytes());
        command["id"] = json!(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid());
        command["device_seq"] = json!(self.seq);
        command["at"] = json!(rfc3339(now));
        command["offline"] = json!(false);
        command
    }

    /// The command that puts `person` into `tube`.
    pub fn swab(&mut self, round: Uuid, site: Uuid, tube: &str, person: i64) -> Value {
        self.command(json!({
            "op": "record_collection", "round": round, "site": site, "station": 1, "tube": tube, "tube_kind": "pool10",
            "person": { "by": "no", "no": person }, "id_mode": "code",
        }))
    }

    /// Sends commands as one batch.
    pub async fn sync(&self, commands: &[Value]) -> Answer {
        self.client.post("/api/v1/sync", json!({ "sent_at": rfc3339(self.clock.now()), "commands": commands })).await
    }

    /// Sends commands and expects each to be recorded.
    pub async fn records(&self, commands: &[Value]) -> Value {
        let answer = self.sync(commands).await.ok();
        for outcome in answer["outcomes"].as_array().unwrap() {
            assert_eq!(outcome["state"], "recorded", "{outcome}");
        }
        answer
    }
}
