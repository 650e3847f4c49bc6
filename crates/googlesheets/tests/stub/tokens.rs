use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::{Value, json};

use super::{EMAIL, State};

/// The token endpoint: checks the assertion as Google documents it, and gives a token.
pub(super) fn give(state: &mut State, form: &str, own: &str) -> (u16, Value) {
    match check(state, form, own) {
        Ok(()) => {
            let token = format!("ya29.test-token-{}", state.tokens.len() + 1);
            state.tokens.push(token.clone());
            (200, json!({"access_token": token, "expires_in": state.expires_in, "token_type": "Bearer"}))
        }
        Err((error, description)) => (400, json!({"error": error, "error_description": description})),
    }
}

fn check(state: &State, form: &str, own: &str) -> Result<(), (&'static str, &'static str)> {
    let field = |name: &str| form.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    if field("grant_type") != Some("urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer") {
        return Err(("unsupported_grant_type", "Invalid grant_type"));
    }
    let assertion = field("assertion").ok_or(("invalid_request", "Missing assertion"))?;
    let (signed, signature) = assertion.rsplit_once('.').ok_or(("invalid_grant", "Invalid JWT"))?;
    let (header, claims) = signed.split_once('.').ok_or(("invalid_grant", "Invalid JWT"))?;
    let read = |part: &str| -> Option<Value> { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok() };
    let header = read(header).ok_or(("invalid_grant", "Invalid JWT"))?;
    let claims = read(claims).ok_or(("invalid_grant", "Invalid JWT"))?;
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| ("invalid_grant", "Invalid JWT"))?;
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &state.public_key);
    if header["alg"] != "RS256" || key.verify(signed.as_bytes(), &signature).is_err() {
        return Err(("invalid_grant", "Invalid JWT Signature."));
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let (issued, ends) = (claims["iat"].as_u64().unwrap_or(0), claims["exp"].as_u64().unwrap_or(0));
    if issued > now + 60 || issued + 300 < now || ends <= now || ends > issued + 3600 {
        return Err((
            "invalid_grant",
            "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable \
                     timeframe. Check your iat and exp values in the JWT claim.",
        ));
    }
    if claims["aud"] != own {
        return Err(("invalid_grant", "Invalid JWT: Failed audience check."));
    }
    if claims["iss"] != EMAIL {
        return Err(("invalid_grant", "Invalid grant: account not found"));
    }
    if claims["scope"] != "https://www.googleapis.com/auth/spreadsheets" {
        return Err(("invalid_scope", "Invalid OAuth scope or ID token audience provided."));
    }
    Ok(())
}
