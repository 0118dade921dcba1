//! stub
pub fn band(
    _: &str,
    _: crate::config::Edition,
    _: f64,
    _: Option<[f64; 2]>,
    _: u64,
) -> Option<(&'static str, String)> {
    None
}
