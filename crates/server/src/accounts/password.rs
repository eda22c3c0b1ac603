//! Password hashes: argon2id, 19 MiB, two passes (OWASP), one at a time: without the semaphore a
//! rush of logins would starve the request threads (57 hashes a second fill a core).

use argon2::{Argon2, PasswordHasher, PasswordVerifier, password_hash::phc::PasswordHash};
use tokio::sync::Semaphore;

use crate::edge::{
    limits::{HASHES_WAITING_MAX, PASSWORD_CHARS_MAX},
    problem::{Code, Result},
};

static ONE_AT_A_TIME: Semaphore = Semaphore::const_new(1);
static WAITING: Semaphore = Semaphore::const_new(HASHES_WAITING_MAX);

/// Shortest password outside the demo, characters.
pub const PASSWORD_CHARS_MIN: usize = 12;

async fn alone<T: Send + 'static>(work: impl FnOnce() -> Option<T> + Send + 'static) -> Result<T> {
    let _place = WAITING.try_acquire().map_err(|_| Code::SlowDown.problem().retry_after(2))?;
    let _permit = ONE_AT_A_TIME.acquire().await.map_err(|_| Code::Internal.problem())?;
    tokio::task::spawn_blocking(work).await.ok().flatten().ok_or_else(|| Code::Internal.problem())
}

/// Refuses a password that is too short outside the demo, or too long anywhere.
pub fn check(password: &str, demo: bool, pointer: &str) -> Result<()> {
    let chars = password.chars().count();
    if (demo || chars >= PASSWORD_CHARS_MIN) && (1..=PASSWORD_CHARS_MAX).contains(&chars) {
        Ok(())
    } else {
        Err(Code::PasswordWeak.field(pointer))
    }
}

/// Hashes a password with a salt that the caller drew.
pub async fn hash(password: String, salt: [u8; 16]) -> Result<String> {
    alone(move || Argon2::default().hash_password_with_salt(password.as_bytes(), &salt).ok().map(|hash| hash.to_string())).await
}

/// Whether `password` fits `hash`.
pub async fn fits(password: String, hash: String) -> Result<bool> {
    alone(move || {
        let parsed = PasswordHash::new(&hash).ok()?;
        Some(Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok())
    })
    .await
}
