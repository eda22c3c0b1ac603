//! How time goes on: the replay moves the clock of its own server, or keeps step with one elsewhere.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use allclear_domain::kernel::time::Instant;

use super::{
    client::{As, ReplayError, Result, Wire},
    phone::Phone,
    script::{self, china_text},
};
use crate::{
    app::AppState,
    clock::{Clock, ReplayClock, parse_rfc3339},
    work,
};

/// Number of the device that asks for the time; sites and couriers have smaller ones.
const CLOCK_NUMBER: u16 = 60_001;
/// Over how long the speed of a server's clock is measured.
const MEASURED: Duration = Duration::from_secs(1);
/// The server's clock is asked again after this long, so that a rounding of its speed never adds up.
const ALIGN_AFTER: Duration = Duration::from_millis(200);
/// Two looks at a feed that stands still are this far apart; so many are taken before giving up.
const STILL: (Duration, usize) = (Duration::from_secs(3), 40);

/// How time goes on.
pub(super) enum Pace {
    /// The replay moves the clock of its own server.
    Own { app: AppState, clock: Arc<ReplayClock>, speed: f64, begun: (Instant, tokio::time::Instant) },
    /// A server elsewhere has a fast clock.
    Server(Server),
}

/// A server elsewhere, and what its clock said when it was asked last.
pub(super) struct Server {
    wire: tokio::sync::Mutex<Wire>,
    by: As,
    path: String,
    speed: f64,
    aligned: Mutex<(Instant, tokio::time::Instant)>,
}

impl Server {
    /// Asks a server for its time, twice, to learn how fast it goes.
    pub(super) async fn meet(address: &str) -> Result<Self> {
        let mut wire = Wire::open(address).await?;
        let session = wire.sign_in("registrar", crate::demo::PASSWORD).await?;
        // A session would end after twelve hours of the server's fast clock; a device's token stays.
        let by = Phone::enrol(&mut wire, &session, "回放时钟", CLOCK_NUMBER).await?.by;
        let sites = wire.get("/api/v1/sites", &by).await?;
        let site = sites["rows"][0]["id"].as_str().ok_or_else(|| ReplayError::Other("the server has no site".into()))?;
        let path = format!("/api/v1/field/shift?site={site}");
        let first = ask(&mut wire, &by, &path).await?;
        tokio::time::sleep(MEASURED).await;
        let second = ask(&mut wire, &by, &path).await?;
        let speed = (second.0.0 - first.0.0) as f64 / 1e6 / (second.1 - first.1).as_secs_f64();
        Ok(Self { wire: tokio::sync::Mutex::new(wire), by, path, speed, aligned: Mutex::new(second) })
    }

    fn now(&self) -> Instant {
        let (at, asked) = *self.aligned.lock().unwrap_or_else(PoisonError::into_inner);
        Instant(at.0 + (asked.elapsed().as_secs_f64() * self.speed * 1e6) as i64)
    }

    async fn align(&self) -> Result<()> {
        let mut wire = self.wire.lock().await;
        let said = ask(&mut wire, &self.by, &self.path).await?;
        *self.aligned.lock().unwrap_or_else(PoisonError::into_inner) = said;
        Ok(())
    }
}

/// What the server's clock says, and when it was asked.
async fn ask(wire: &mut Wire, by: &As, path: &str) -> Result<(Instant, tokio::time::Instant)> {
    let shift = wire.get(path, by).await?;
    let at = shift["as_of"].as_str().and_then(parse_rfc3339);
    Ok((at.ok_or_else(|| ReplayError::Other("the server does not say what time it is".into()))?, tokio::time::Instant::now()))
}

impl Pace {
    pub(super) fn now(&self) -> Instant {
        match self {
            Self::Own { clock, .. } => clock.now(),
            Self::Server(server) => server.now(),
        }
    }

    /// Refuses a server whose clock is past the beginning, or does not go fast.
    pub(super) fn check(&self) -> Result<()> {
        let Self::Server(server) = self else { return Ok(()) };
        let (now, first) = (self.now(), script::china(script::ROUNDS[0].from));
        if now < first && server.speed > 0.0 {
            println!("The server's clock says {} and goes {:.0} times as fast as ours.", china_text(now), server.speed);
            return Ok(());
        }
        Err(ReplayError::Other(format!(
            "the server's clock says {}, the first round begins {}: start it again with --clock-from {} --clock-speed 600 on an empty --store",
            china_text(now),
            china_text(first),
            script::CLOCK_FROM
        )))
    }

    pub(super) async fn wait_until(&self, at: Instant) -> Result<()> {
        match self {
            Self::Own { clock, speed, begun, .. } => {
                if *speed > 0.0 {
                    let real = at.seconds_since(begun.0) as f64 / speed;
                    tokio::time::sleep_until(begun.1 + Duration::from_secs_f64(real.max(0.0))).await;
                }
                clock.move_to(at);
            }
            Self::Server(server) => loop {
                let asked = server.aligned.lock().unwrap_or_else(PoisonError::into_inner).1;
                if asked.elapsed() > ALIGN_AFTER {
                    server.align().await?;
                }
                let left = at.0 - server.now().0;
                if left <= 0 {
                    break;
                }
                let real = Duration::from_secs_f64(left as f64 / 1e6 / server.speed);
                tokio::time::sleep(real.min(ALIGN_AFTER * 2)).await;
            },
        }
        Ok(())
    }

    /// Waits until the followers have followed everything: of our own server by asking them, of
    /// another by looking until its feed stands still.
    pub(super) async fn settle(&self, wire: &mut Wire, headquarters: &As) -> Result<()> {
        if let Self::Own { app, .. } = self {
            return work::drain(app).await.map_err(|problem| ReplayError::Other(format!("the followers: {problem:?}")));
        }
        let mut change = None;
        for _ in 0..STILL.1 {
            let now = wire.get("/api/v1/live/recount", headquarters).await?["change"].as_i64();
            if now == change {
                return Ok(());
            }
            change = now;
            tokio::time::sleep(STILL.0).await;
        }
        Err(ReplayError::Other("the server's feed does not come to rest".into()))
    }
}
