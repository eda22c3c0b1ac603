//! The web apps, built into the binary. Nothing is loaded from another origin.

use axum::{
    body::Body,
    http::{StatusCode, Uri, header},
    response::{IntoResponse, Redirect, Response},
};
use rust_embed::RustEmbed;

use super::problem::Code;

#[derive(RustEmbed)]
#[folder = "../../web/dist"]
#[allow_missing = true]
struct Dist;

/// Content security policy of every page.
pub const POLICY: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; \
img-src 'self' data: blob:; connect-src 'self'; worker-src 'self' blob:; media-src 'self' blob:; object-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

const NOT_BUILT: &str =
    "<!doctype html><meta charset=utf-8><title>Allclear</title><p>The web apps are not built into this program: run <code>make run</code>.";

/// Serves a file of the built apps; a folder answers with its `index.html`.
pub async fn asset(uri: Uri) -> Response {
    let path = uri.path().trim_start_matches('/');
    if let Some(file) = Dist::get(path) {
        return respond(path, file.data.into_owned());
    }
    if !path.is_empty() && !path.ends_with('/') && Dist::get(&format!("{path}/index.html")).is_some() {
        return Redirect::permanent(&format!("/{path}/")).into_response();
    }
    let index = format!("{path}index.html");
    match Dist::get(&index) {
        Some(file) => respond(&index, file.data.into_owned()),
        None if path.is_empty() => ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], NOT_BUILT).into_response(),
        None if path.starts_with("api/") => Code::NotFound.problem().into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn respond(path: &str, data: Vec<u8>) -> Response {
    let kind = match path.rsplit('.').next().unwrap_or("") {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "wasm" => "application/wasm",
        "woff2" => "font/woff2",
        "geojson" => "application/geo+json",
        _ => "application/octet-stream",
    };
    // Built assets carry a hash in their name; pages and the service worker must be asked for each time.
    let cache = if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut response = Response::new(Body::from(data));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, header::HeaderValue::from_static(cache));
    response
}
