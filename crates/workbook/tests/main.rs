//! Tests of this crate.

mod any_separator;
mod bad_input;
mod csv;
mod files;
mod handmade;
mod libreoffice;
mod office;
mod random;
mod zip_file;
