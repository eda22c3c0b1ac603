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

/// Characters that are looked at for how easily they are guessed: what comes after makes it no weaker.
const GUESSED_CHARS_MAX: usize = 72;
/// Words that whoever attacks this server tries first.
const OUR_WORDS: [&str; 6] = ["allclear", "quanqing", "yongkang", "zhejiang", "hesuan", "fangyi"];

/// Refuses a password that is too long anywhere, and outside the demo one that is too short or soon guessed: among the
/// thirty thousand most used, made of words, names, dates, rows of the keyboard, of the account's name or of our own words
/// (zxcvbn, fewer than 10^8 guesses). No rule asks for digits or signs.
pub fn check(password: &str, name: &str, demo: bool, pointer: &str) -> Result<()> {
    let chars = password.chars().count();
    if !(1..=PASSWORD_CHARS_MAX).contains(&chars) {
        return Err(Code::PasswordWeak.field(pointer));
    }
    if demo || chars >= PASSWORD_CHARS_MIN && !is_soon_guessed(password, name) { Ok(()) } else { Err(Code::PasswordWeak.field(pointer)) }
}

fn is_soon_guessed(password: &str, name: &str) -> bool {
    let begin: String = password.chars().take(GUESSED_CHARS_MAX).collect();
    let words: Vec<&str> = OUR_WORDS.into_iter().chain([name]).collect();
    zxcvbn::zxcvbn(&begin, &words).score() < zxcvbn::Score::Three
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

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn what_is_soon_guessed_is_refused_outside_the_demo() {
        let cases = [
            ("short", false),
            ("password1234", false),
            ("123456789012", false),
            ("qwertyuiop[]", false),
            ("chenchenchen", false),
            ("chen.yongkang", false),
            ("allclear2022", false),
            ("aaaaaaaaaaaaaaaa", false),
            ("three quiet boats at noon", true),
            ("采样点今天下雨三把伞一壶茶", true),
            ("vT9!kq2Lw#x7", true),
        ];
        for (password, fit) in cases {
            assert_eq!(check(password, "chen", false, "/password").is_ok(), fit, "{password}");
        }
        assert!(check("short", "chen", true, "/password").is_ok(), "the demo's own");
        assert!(check(&"long words, many of them; ".repeat(40), "chen", true, "/password").is_err(), "too long anywhere");
    }
}
