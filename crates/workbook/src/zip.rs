//! A zip archive in memory: its parts are read one by one, and some of them replaced while every other byte stays.
//!
//! Source: PKWARE APPNOTE 6.3.10. Only what spreadsheets use: parts that are stored or deflated, and no encryption.

use std::collections::{BTreeMap, HashMap};
use std::io::{Read, Write};
use std::ops::Range;

use flate2::Compression;
use flate2::Crc;
use flate2::bufread::DeflateDecoder;
use flate2::write::DeflateEncoder;

use crate::error::Reason;
use crate::limits;

const LOCAL: &[u8] = b"PK\x03\x04";
const CENTRAL: &[u8] = b"PK\x01\x02";
const END: &[u8] = b"PK\x05\x06";
/// Bytes of the fixed beginning of each.
const LOCAL_SIZE: usize = 30;
const CENTRAL_SIZE: usize = 46;
const END_SIZE: usize = 22;
/// The number that says "look into the extra field" (zip64).
const ELSEWHERE: u32 = u32::MAX;

const STORED: u16 = 0;
const DEFLATED: u16 = 8;
/// Flag: the part is encrypted.
const ENCRYPTED: u16 = 1;
/// Flag: the name is UTF-8.
const UTF8: u16 = 1 << 11;

/// One part, as the directory at the end has it.
#[derive(Clone, Debug)]
struct Entry {
    flags: u16,
    method: u16,
    crc: u32,
    packed: usize,
    unpacked: usize,
    offset: usize,
    /// Its line in the directory.
    central: Range<usize>,
}

/// A zip archive in memory.
pub(crate) struct Archive<'a> {
    bytes: &'a [u8],
    entries: Vec<Entry>,
    /// Names as they stand there.
    names: HashMap<String, usize>,
    /// Where the directory begins.
    directory: usize,
    /// Where the record at the end begins.
    end: usize,
    /// Bytes that were unpacked so far.
    unpacked: usize,
}

impl<'a> Archive<'a> {
    /// Reads the directory of an archive.
    pub(crate) fn new(bytes: &'a [u8]) -> Result<Self, Reason> {
        let broken = |why: &str| Reason::damaged("", why);
        let cut = || broken("its end is missing, as after a copy that was broken off");
        // Behind the record comes a comment of at most 65,535 bytes.
        let from = bytes.len().saturating_sub(END_SIZE + usize::from(u16::MAX));
        let end = (from..=bytes.len().saturating_sub(END_SIZE))
            .rev()
            .find(|&at| bytes[at..].starts_with(END))
            .ok_or_else(cut)?;
        let count = usize::from(u16_at(bytes, end + 10).ok_or_else(cut)?);
        let directory = u32_at(bytes, end + 16).ok_or_else(cut)?;
        if count == usize::from(u16::MAX) || directory == ELSEWHERE {
            return Err(Reason::TooLarge { what: format!("its archive has more than {} parts", limits::PARTS) });
        }
        if count > limits::PARTS {
            return Err(Reason::TooLarge {
                what: format!("its archive has {count} parts, more than {}", limits::PARTS),
            });
        }
        let directory = directory as usize;
        let mut archive =
            Self { bytes, entries: Vec::with_capacity(count), names: HashMap::new(), directory, end, unpacked: 0 };
        let mut at = directory;
        for _ in 0..count {
            let (name, entry) =
                entry(bytes, at, directory).ok_or_else(|| broken("the directory of its archive is wrong"))?;
            at = entry.central.end;
            if archive.names.insert(name.clone(), archive.entries.len()).is_some() {
                return Err(Reason::damaged(&name, "its archive has a part twice"));
            }
            archive.entries.push(entry);
        }
        if at > end {
            return Err(broken("the directory of its archive is wrong"));
        }
        Ok(archive)
    }

    /// Whether there is such a part.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.names.contains_key(name)
    }

    /// The names of all parts.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.keys().map(String::as_str)
    }

    /// Unpacks a part; nothing if there is none of that name. The size that the archive claims is not believed.
    pub(crate) fn read(&mut self, name: &str) -> Result<Option<Vec<u8>>, Reason> {
        let Some(&index) = self.names.get(name) else { return Ok(None) };
        let entry = &self.entries[index];
        if entry.flags & ENCRYPTED != 0 {
            return Err(Reason::Protected);
        }
        let data = self.data(entry).ok_or_else(|| Reason::damaged(name, "its data are not where they should be"))?;
        let allowed = limits::PART
            .min(limits::UNPACKED - self.unpacked)
            .min(limits::RATIO_FROM.max(data.len().saturating_mul(limits::RATIO)));
        let mut content = Vec::with_capacity(entry.unpacked.min(allowed).min(1 << 20));
        let limit = allowed as u64 + 1;
        let read = match entry.method {
            STORED => data.take(limit).read_to_end(&mut content),
            DEFLATED => DeflateDecoder::new(data).take(limit).read_to_end(&mut content),
            _ => return Err(Reason::damaged(name, "it is packed in a way that spreadsheets do not use")),
        };
        read.map_err(|_| Reason::damaged(name, "its data cannot be unpacked"))?;
        if content.len() > allowed {
            return Err(Reason::TooLarge {
                what: format!(
                    "`{name}` is {} KiB packed and more than {} MiB unpacked",
                    data.len() >> 10,
                    allowed >> 20
                ),
            });
        }
        let mut crc = Crc::new();
        crc.update(&content);
        if crc.sum() != entry.crc {
            return Err(Reason::damaged(name, "its checksum is wrong"));
        }
        self.unpacked += content.len();
        Ok(Some(content))
    }

    /// The packed bytes of a part.
    fn data(&self, entry: &Entry) -> Option<&'a [u8]> {
        let start = self.data_start(entry)?;
        self.bytes.get(start..start.checked_add(entry.packed)?).filter(|_| start + entry.packed <= self.directory)
    }

    /// Where the packed bytes of a part begin, behind its local name and extra fields.
    fn data_start(&self, entry: &Entry) -> Option<usize> {
        let at = entry.offset;
        self.bytes.get(at..)?.starts_with(LOCAL).then_some(())?;
        Some(at + LOCAL_SIZE + usize::from(u16_at(self.bytes, at + 26)?) + usize::from(u16_at(self.bytes, at + 28)?))
    }

    /// The archive with some parts replaced, or gone (`None`). Every other part keeps its bytes, its place in the order, its times
    /// and its extra fields, and so does what stands between parts.
    pub(crate) fn replaced(&self, parts: &BTreeMap<String, Option<Vec<u8>>>) -> Result<Vec<u8>, Reason> {
        let wrong = || Reason::damaged("", "the parts of its archive lie over each other");
        let mut replacements: HashMap<usize, &Option<Vec<u8>>> = HashMap::new();
        for (name, content) in parts {
            replacements.insert(*self.names.get(name).ok_or_else(|| Reason::damaged(name, "it is missing"))?, content);
        }
        let mut order: Vec<usize> = (0..self.entries.len()).collect();
        order.sort_by_key(|&index| self.entries[index].offset);
        let begin = order.first().map_or(self.directory, |&index| self.entries[index].offset);
        let mut out = self.bytes[..begin].to_vec();
        let mut centrals: BTreeMap<usize, Vec<u8>> = BTreeMap::new();
        for (position, &index) in order.iter().enumerate() {
            let entry = &self.entries[index];
            let next = order.get(position + 1).map_or(self.directory, |&next| self.entries[next].offset);
            let data = self.data_start(entry).ok_or_else(wrong)?;
            if data.checked_add(entry.packed).is_none_or(|end| end > next) {
                return Err(wrong());
            }
            let offset = u32::try_from(out.len()).map_err(|_| wrong())?;
            let mut central = self.bytes[entry.central.clone()].to_vec();
            match replacements.get(&index) {
                None => out.extend_from_slice(&self.bytes[entry.offset..next]),
                Some(None) => continue,
                Some(Some(content)) => {
                    // Sizes of zip64 would stand in its extra fields; no writer of spreadsheets does that to parts of this size.
                    if u32_at(&central, 20) == Some(ELSEWHERE) || u32_at(&central, 24) == Some(ELSEWHERE) {
                        return Err(Reason::Unsupported { what: "an archive of the kind zip64", done: "changed" });
                    }
                    let header = &self.bytes[entry.offset..data];
                    pack(&mut out, header, &mut central, entry, content)?;
                }
            }
            if u32_at(&central, 42) == Some(ELSEWHERE) {
                return Err(Reason::Unsupported { what: "an archive of the kind zip64", done: "changed" });
            }
            put(&mut central, 42, &offset.to_le_bytes());
            centrals.insert(entry.central.start, central);
        }
        let directory = out.len();
        let count = u16::try_from(centrals.len()).map_err(|_| wrong())?;
        out.extend(centrals.into_values().flatten());
        let size = u32::try_from(out.len() - directory).map_err(|_| wrong())?;
        // The record at the end, with the comment behind it.
        let end = out.len();
        out.extend_from_slice(&self.bytes[self.end..]);
        put(&mut out, end + 8, &count.to_le_bytes());
        put(&mut out, end + 10, &count.to_le_bytes());
        put(&mut out, end + 12, &size.to_le_bytes());
        put(&mut out, end + 16, &u32::try_from(directory).map_err(|_| wrong())?.to_le_bytes());
        Ok(out)
    }
}

/// Writes a part anew, deflated, under its old header.
fn pack(out: &mut Vec<u8>, header: &[u8], central: &mut [u8], entry: &Entry, content: &[u8]) -> Result<(), Reason> {
    let failed = |_| Reason::damaged("", "a part could not be packed");
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).map_err(failed)?;
    let packed = encoder.finish().map_err(failed)?;
    let mut crc = Crc::new();
    crc.update(content);
    let size =
        |length: usize| u32::try_from(length).map_err(|_| Reason::TooLarge { what: "a part has 4 GiB".to_owned() });
    let (crc, packed_size, size) =
        (crc.sum().to_le_bytes(), size(packed.len())?.to_le_bytes(), size(content.len())?.to_le_bytes());
    let flags = (entry.flags & UTF8).to_le_bytes();
    let start = out.len();
    out.extend_from_slice(header);
    // The same fields stand two bytes further on in the directory.
    for (target, at) in [(&mut out[start..], 6), (central, 8)] {
        put(target, at, &flags);
        put(target, at + 2, &DEFLATED.to_le_bytes());
        put(target, at + 8, &crc);
        put(target, at + 12, &packed_size);
        put(target, at + 16, &size);
    }
    out.extend_from_slice(&packed);
    Ok(())
}

/// Reads a line of the directory.
fn entry(bytes: &[u8], at: usize, directory: usize) -> Option<(String, Entry)> {
    bytes.get(at..)?.starts_with(CENTRAL).then_some(())?;
    let number = |offset| u32_at(bytes, at + offset);
    let length = |offset| u16_at(bytes, at + offset).map(usize::from);
    let (name, extra, comment) = (length(28)?, length(30)?, length(32)?);
    let begin = at + CENTRAL_SIZE;
    let fields = bytes.get(begin + name..begin + name + extra)?;
    let mut far = zip64(fields);
    // In this order, and only those that did not fit.
    let mut wide = |short: u32| if short == ELSEWHERE { far.next() } else { Some(short as usize) };
    let unpacked = wide(number(24)?)?;
    let packed = wide(number(20)?)?;
    let offset = wide(number(42)?)?;
    let central = at..begin + name + extra + comment;
    (central.end <= bytes.len() && offset < directory).then_some(())?;
    let name = String::from_utf8_lossy(&bytes[begin..begin + name]).into_owned();
    Some((
        name,
        Entry {
            flags: u16_at(bytes, at + 8)?,
            method: u16_at(bytes, at + 10)?,
            crc: number(16)?,
            packed,
            unpacked,
            offset,
            central,
        },
    ))
}

/// The numbers of 64 bits in the extra fields of a line.
fn zip64(mut fields: &[u8]) -> impl Iterator<Item = usize> {
    let mut numbers = &fields[..0];
    while let (Some(id), Some(size)) = (u16_at(fields, 0), u16_at(fields, 2)) {
        let end = 4 + usize::from(size);
        if id == 1 {
            numbers = fields.get(4..end).unwrap_or_default();
        }
        fields = fields.get(end..).unwrap_or_default();
    }
    let (numbers, _) = numbers.as_chunks::<8>();
    numbers.iter().map(|number| usize::try_from(u64::from_le_bytes(*number)).unwrap_or(usize::MAX))
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|chunk| u16::from_le_bytes(*chunk))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|chunk| u32::from_le_bytes(*chunk))
}

fn put(target: &mut [u8], at: usize, bytes: &[u8]) {
    target[at..at + bytes.len()].copy_from_slice(bytes);
}
