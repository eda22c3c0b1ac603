//! How far a screen is behind: a subscriber of the live stream that notes when each frame was there.

use std::{
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpStream},
    sync::mpsc,
    thread::JoinHandle,
    time::{Duration, Instant},
};

use allclear_domain::kernel::id::{Id, Round};
use serde::Deserialize;

/// A stream that says nothing for so long is broken: a frame comes every second.
const SILENT_MAX: Duration = Duration::from_secs(30);
/// A chunk that is larger is not one of ours.
const CHUNK_MAX: usize = 16 << 20;

/// A screen that looks at one round until it shows all swabs of it.
pub struct Screen(JoinHandle<std::io::Result<Vec<(Instant, u64)>>>);

/// What is read of a frame.
#[derive(Deserialize)]
struct Frame {
    total: Total,
}

#[derive(Deserialize)]
struct Total {
    collections: u64,
}

impl Screen {
    /// Subscribes with a session; answers when the stream has begun. It ends with the frame that shows `until` swabs.
    pub fn open(address: SocketAddr, session: &str, round: Id<Round>, until: u64) -> std::io::Result<Self> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(SILENT_MAX))?;
        let request = format!(
            "GET /api/v1/live/stream?round={} HTTP/1.1\r\nhost: bench\r\ncookie: {}={session}\r\n\r\n",
            round.uuid(),
            crate::edge::guard::SESSION_COOKIE,
        );
        stream.write_all(request.as_bytes())?;
        let (begun, begins) = mpsc::channel();
        let watch = std::thread::spawn(move || watch(BufReader::new(stream), until, &begun));
        // A stream that does not begin says why when it is joined.
        let _ = begins.recv();
        Ok(Self(watch))
    }

    /// How long each swab took from its answer to a frame with it, sorted. `answered` is when each was answered, in
    /// order: the screen shows the n-th when it shows n.
    pub fn delays(self, answered: &[Instant]) -> std::io::Result<Vec<Duration>> {
        let frames = self.0.join().map_err(|_| std::io::Error::other("the screen stopped"))??;
        let shown = |n: u64| frames.iter().find(|(_, count)| *count >= n).map(|(at, _)| *at);
        let late = |(n, at): (usize, &Instant)| Some(shown(n as u64 + 1)?.saturating_duration_since(*at));
        let mut delays: Vec<_> = answered.iter().enumerate().filter_map(late).collect();
        delays.sort_unstable();
        Ok(delays)
    }
}

/// The frames of a stream: when each was there, and how many swabs it shows.
fn watch(mut stream: impl BufRead, until: u64, begun: &mpsc::Sender<()>) -> std::io::Result<Vec<(Instant, u64)>> {
    let (mut line, mut status) = (String::new(), String::new());
    while stream.read_line(&mut line)? > 2 {
        if status.is_empty() {
            status.clone_from(&line);
        }
        line.clear();
    }
    if !status.contains(" 200 ") {
        return Err(std::io::Error::other(format!("the live stream does not begin: {}", status.trim())));
    }
    let (mut frames, mut text) = (Vec::new(), Vec::new());
    loop {
        chunk(&mut stream, &mut text)?;
        let at = Instant::now();
        while let Some(end) = text.windows(2).position(|two| two == b"\n\n") {
            let event: Vec<u8> = text.drain(..end + 2).collect();
            let data = event.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(b"data: "));
            let frame: Frame = serde_json::from_slice(data.unwrap_or_default())?;
            frames.push((at, frame.total.collections));
            // The other side may have left already.
            let _ = begun.send(());
            if frame.total.collections >= until {
                return Ok(frames);
            }
        }
    }
}

/// Reads one chunk of a chunked body behind what is there.
fn chunk(stream: &mut impl BufRead, text: &mut Vec<u8>) -> std::io::Result<()> {
    let mut line = String::new();
    stream.read_line(&mut line)?;
    let size = usize::from_str_radix(line.trim(), 16).map_err(std::io::Error::other)?;
    if size == 0 || size > CHUNK_MAX {
        return Err(std::io::Error::other("the live stream ended"));
    }
    let mut bytes = vec![0; size + 2];
    stream.read_exact(&mut bytes)?;
    text.extend_from_slice(&bytes[..size]);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_read_across_chunks_and_each_swab_has_its_first_frame() {
        let event = |n: u64| format!("event: frame\ndata: {{\"total\":{{\"collections\":{n}}},\"sites\":[]}}\n\n");
        let (first, second) = (event(0), event(2) + &event(3));
        let (left, right) = second.split_at(20);
        let body: String = [first.as_str(), left, right].iter().map(|part| format!("{:x}\r\n{part}\r\n", part.len())).collect();
        let answer = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{body}");
        let (begun, begins) = mpsc::channel();
        let answered = [Instant::now(); 3];
        let frames = watch(answer.as_bytes(), 3, &begun).unwrap();
        assert_eq!(frames.iter().map(|(_, count)| *count).collect::<Vec<_>>(), [0, 2, 3]);
        begins.recv().unwrap();
        let screen = Screen(std::thread::spawn(move || Ok(frames)));
        assert_eq!(screen.delays(&answered).unwrap().len(), 3);
    }

    #[test]
    fn a_stream_that_is_refused_says_so() {
        let refused = watch("HTTP/1.1 403 Forbidden\r\n\r\n".as_bytes(), 1, &mpsc::channel().0);
        assert!(refused.unwrap_err().to_string().contains("403"));
    }
}
