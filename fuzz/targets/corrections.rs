#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| fivekeys::surface::read("corrections", data));
