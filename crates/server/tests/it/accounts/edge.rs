//! What does not fit its form is refused with a code, and never repeated.

use allclear_testkit::City;
use axum::http::{Method, StatusCode};
use serde_json::json;

/// Stands for an identity that somebody typed into the wrong field.
const SECRET: &str = "33078419900101123X";

#[tokio::test]
async fn refusals_of_the_edge_have_codes_and_quote_nothing() {
    let city = City::start().await;
    let admin = city.sign_in("admin").await;
    let text = |method: Method, path: String, kind: &'static str, body: Vec<u8>| {
        let admin = admin.clone();
        async move { admin.send(method, &path, kind, body).await }
    };
    let put = |body: serde_json::Value| {
        text(Method::PUT, format!("/api/v1/accounts/{}/grants", uuid::Uuid::nil()), "application/json", body.to_string().into_bytes())
    };
    let cases = [
        (text(Method::GET, format!("/api/v1/rounds/{SECRET}"), "", vec![]).await, 400, "address_invalid", "path: id", None),
        (
            text(Method::GET, format!("/api/v1/sites/states?round={SECRET}"), "", vec![]).await,
            400,
            "address_invalid",
            "query: /round",
            None,
        ),
        (text(Method::GET, "/api/v1/planner".into(), "", vec![]).await, 400, "address_invalid", "missing field area", None),
        (
            text(Method::POST, "/api/v1/people".into(), "text/plain", b"{}".to_vec()).await,
            415,
            "content_type_wrong",
            "application/json",
            None,
        ),
        (text(Method::POST, "/api/v1/people".into(), "application/json", vec![b' '; (1 << 20) + 1]).await, 413, "body_too_large", "", None),
        (text(Method::POST, "/api/v1/areas".into(), "text/csv", vec![0xb9, 0xfe, 0xff]).await, 422, "file_not_a_table", "", None),
        (
            text(Method::POST, "/api/v1/people".into(), "application/json", b"{\"name\": ".to_vec()).await,
            422,
            "body_invalid",
            "syntax",
            Some("/name"),
        ),
        (
            put(json!([{ "role": "courier", "area": "330784" }, { "role": SECRET, "area": "330784" }])).await,
            422,
            "body_invalid",
            "unknown variant",
            Some("/1/role"),
        ),
        (put(json!([{ "role": "courier", "area": { SECRET: 1 } }])).await, 422, "body_invalid", "invalid type", Some("/0/area")),
        (put(json!([{ "role": "courier" }])).await, 422, "body_invalid", "missing field area", Some("/0")),
        (text(Method::PATCH, "/api/v1/accounts".into(), "application/json", vec![]).await, 405, "method_unknown", "", None),
        (text(Method::TRACE, "/api/v1/accounts".into(), "", vec![]).await, 405, "method_unknown", "", None),
        (text(Method::GET, format!("/api/v1/{SECRET}"), "", vec![]).await, 404, "not_found", "", None),
    ];
    for (answer, status, code, detail, field) in cases {
        let body = String::from_utf8(answer.bytes.clone()).unwrap();
        assert_eq!((answer.status.as_u16(), answer.json["code"].as_str()), (status, Some(code)), "{body}");
        assert_eq!(answer.json["detail"].as_str().unwrap_or_default(), detail, "{body}");
        assert_eq!(answer.json["field"].as_str(), field, "{body}");
        assert!(!body.contains(SECRET), "{body}");
    }
}

#[tokio::test]
async fn a_body_at_the_bound_is_read() {
    let city = City::start().await;
    let admin = city.sign_in("admin").await;
    let mut body = b"{}".to_vec();
    body.resize(1 << 20, b' ');
    let answer = admin.send(Method::POST, "/api/v1/people", "application/json", body).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.json);
    answer.refused("body_invalid");
}

#[tokio::test]
async fn every_answer_says_what_a_browser_may_do_with_it() {
    let city = City::start().await;
    let admin = city.sign_in("admin").await;
    for path in ["/", "/desk/", "/no/such/file", "/api/v1/session", "/api/v1/accounts", "/api/v1/nothing", "/healthz"] {
        let answer = admin.get(path).await;
        let said = |name: &str| answer.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        let policy = said("content-security-policy");
        for rule in ["default-src 'self'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "form-action 'self'"] {
            assert!(policy.contains(rule), "{path}: {rule} in {policy}");
        }
        let scripts = policy.split("; ").find(|rule| rule.starts_with("script-src")).unwrap();
        assert!(!scripts.contains("unsafe-inline") && !scripts.contains("'unsafe-eval'") && !policy.contains("http"), "{path}: {policy}");
        assert_eq!(said("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(said("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(said("strict-transport-security"), "max-age=31536000; includeSubDomains", "{path}");
        assert_eq!(
            (said("cross-origin-opener-policy"), said("cross-origin-resource-policy")),
            ("same-origin".into(), "same-origin".into())
        );
        assert!(answer.headers.get("access-control-allow-origin").is_none(), "{path}: no other origin reads it");
        if path.starts_with("/api/") {
            assert_eq!(said("cache-control"), "no-store", "{path}");
        }
    }
}
