//! How much of a spreadsheet is read at most. Whatever comes in, memory stays bounded.

/// Bytes of a file, or of all the files of a folder.
pub(crate) const FILE: u64 = 128 << 20;
/// Bytes of one part of a zip archive once it is unpacked.
pub(crate) const PART: usize = 256 << 20;
/// Bytes of all parts together that are unpacked.
pub(crate) const UNPACKED: usize = 512 << 20;
/// How many times larger a part of more than [`RATIO_FROM`] bytes may become. Sheets reach 20 to 100; a bomb reaches 1,000.
pub(crate) const RATIO: usize = 400;
/// Below this many bytes no ratio is looked at.
pub(crate) const RATIO_FROM: usize = 4 << 20;
/// Parts of a zip archive, and files of a folder.
pub(crate) const PARTS: usize = 10_000;
/// Cells that hold something, of all tabs together.
pub(crate) const CELLS: usize = 3_000_000;
/// Bytes of text in all cells together. A shared text counts each time it is shown.
pub(crate) const TEXT: usize = 256 << 20;
