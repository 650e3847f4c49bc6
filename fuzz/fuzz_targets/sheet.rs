#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| runsheet_fuzz::sheet(data));
