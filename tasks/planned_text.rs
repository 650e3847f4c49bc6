use runsheet_model::hex;
use runsheet_task::LocalFile;
use sha2::{Digest, Sha256};

/// The largest text that goes to a host by standard input: it stands in the memory of both machines, once a host.
const LARGEST: u64 = 4 * 1024 * 1024;

/// Reads a file of text that was planned, or says what is wrong with it in words that follow its name; `what` is what it is for.
pub(crate) async fn planned_text(file: &LocalFile, what: &str) -> Result<Vec<u8>, String> {
    if file.bytes > LARGEST {
        return Err(format!("is too large for {what} ({} bytes)", file.bytes));
    }
    let text = tokio::fs::read(&file.path).await.map_err(|error| format!("cannot be read: {error}"))?;
    if !hex(&Sha256::digest(&text)).eq_ignore_ascii_case(&file.sha256) {
        return Err("has changed since it was planned".to_owned());
    }
    if text.contains(&0) {
        return Err("is no text".to_owned());
    }
    Ok(text)
}
