//! The compound file in which an old workbook lies: a small file system of sectors that a table chains
//! ([MS-CFB]). Every walk is bounded by the sectors that the file has, so nothing it says takes more
//! memory than its own bytes.

/// From here on a number is no sector but an end or a mark.
const MARKS: u32 = 0xFFFF_FFFA;
const SIGNATURE: [u8; 8] = [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1];
const ENTRY: usize = 128;
const MINI: usize = 64;
/// Streams below this lie in the stream of small sectors.
const MINI_CUTOFF: usize = 4096;

pub(super) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2)?.try_into().ok().map(u16::from_le_bytes)
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes)
}

fn words(bytes: &[u8]) -> impl Iterator<Item = u32> + '_ {
    bytes.chunks_exact(4).filter_map(|four| u32_at(four, 0))
}

struct Sectors<'a> {
    file: &'a [u8],
    size: usize,
    /// Which sector follows which.
    next: Vec<u32>,
}

impl<'a> Sectors<'a> {
    /// A sector; the last of a file may be cut short.
    fn get(&self, number: u32) -> Option<&'a [u8]> {
        let from = (number as usize).checked_add(1)?.checked_mul(self.size)?;
        let rest = self.file.get(from..).filter(|rest| !rest.is_empty())?;
        Some(&rest[..rest.len().min(self.size)])
    }

    /// How many the file can have: a longer chain goes in a circle.
    fn count(&self) -> usize {
        self.file.len() / self.size + 1
    }

    fn chain(&self, start: u32) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        for number in links(start, &self.next, self.count())? {
            bytes.extend_from_slice(self.get(number)?);
        }
        Some(bytes)
    }
}

/// The numbers of a chain; nothing if it leaves the table or has more than `most`.
fn links(start: u32, next: &[u32], most: usize) -> Option<Vec<u32>> {
    let (mut numbers, mut number) = (Vec::new(), start);
    while number < MARKS {
        if numbers.len() >= most {
            return None;
        }
        numbers.push(number);
        number = *next.get(number as usize)?;
    }
    Some(numbers)
}

/// Reads the table of sectors: its own sectors are named in the header, and beyond 109 in a chain.
fn open(file: &[u8]) -> Option<Sectors<'_>> {
    let size = match (file.starts_with(&SIGNATURE), u16_at(file, 30)?, u16_at(file, 32)?) {
        (true, 9, 6) => 512,
        (true, 12, 6) => 4096,
        _ => return None,
    };
    let mut sectors = Sectors { file, size, next: Vec::new() };
    let mut table: Vec<u32> = words(file.get(76..512)?).filter(|number| *number < MARKS).collect();
    let (mut more, mut read) = (u32_at(file, 68)?, 0);
    while more < MARKS {
        read += 1;
        let part = sectors.get(more).filter(|part| part.len() == size && read <= sectors.count())?;
        table.extend(words(&part[..size - 4]).filter(|number| *number < MARKS));
        more = u32_at(part, size - 4)?;
    }
    if table.len() > sectors.count() {
        return None;
    }
    for number in table {
        sectors.next.extend(words(sectors.get(number)?));
    }
    Some(sectors)
}

/// Whether an entry of the directory is a stream of this name.
fn is_stream(entry: &[u8], name: &str) -> bool {
    let units: Vec<u16> = entry[..64].chunks_exact(2).filter_map(|two| u16_at(two, 0)).take_while(|unit| *unit != 0).collect();
    entry[66] == 2 && String::from_utf16_lossy(&units).eq_ignore_ascii_case(name)
}

/// The bytes of the first stream with one of these names; nothing if the file is damaged or has none.
pub(super) fn stream(file: &[u8], names: &[&str]) -> Option<Vec<u8>> {
    let sectors = open(file)?;
    let directory = sectors.chain(u32_at(file, 48)?)?;
    let entries = || directory.chunks_exact(ENTRY);
    let root = entries().next()?;
    let entry = names.iter().find_map(|name| entries().find(|entry| is_stream(entry, name)))?;
    let (start, length) = (u32_at(entry, 116)?, u32_at(entry, 120)? as usize);
    let mut bytes = if length < MINI_CUTOFF {
        let small = sectors.chain(u32_at(root, 116)?)?;
        let next: Vec<u32> = words(&sectors.chain(u32_at(file, 60)?)?).collect();
        let mut bytes = Vec::new();
        for number in links(start, &next, small.len() / MINI + 1)? {
            let from = number as usize * MINI;
            bytes.extend_from_slice(small.get(from..small.len().min(from + MINI))?);
        }
        bytes
    } else {
        sectors.chain(start)?
    };
    bytes.truncate(length);
    Some(bytes)
}
