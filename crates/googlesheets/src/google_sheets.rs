use std::time::Duration;

use runsheet_model::Secret;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::attempts::{Attempts, Setback};
use crate::error::said;
use crate::token::Tokens;
use crate::transport::{Outgoing, Transport, check_url, server};
use crate::wire::{READ, SIZES, WireError, WireSpreadsheet};
use crate::{GoogleError, GoogleSettings, GoogleTab, NewCell, ServiceAccount, Spreadsheet, SpreadsheetId, batches};

/// The API, for one service account.
#[derive(Debug)]
pub struct GoogleSheets {
    settings: GoogleSettings,
    transport: Transport,
    tokens: Tokens,
}

/// One request of the API, with where it goes.
struct Call {
    id: SpreadsheetId,
    url: String,
    body: Option<Vec<u8>>,
}

impl GoogleSheets {
    /// Prepares to talk to the API; nothing is sent yet.
    pub fn new(account: ServiceAccount, settings: GoogleSettings) -> Result<Self, GoogleError> {
        check_url(&settings.base_url)?;
        let transport = Transport::new(&settings)?;
        Ok(Self { tokens: Tokens::new(account)?, transport, settings })
    }

    /// The address with which a sheet has to be shared.
    pub fn email(&self) -> &str {
        self.tokens.email()
    }

    /// Reads a whole spreadsheet, in one request.
    pub fn read(&mut self, id: &SpreadsheetId) -> Result<Spreadsheet, GoogleError> {
        let call = self.call(id, &format!("?includeGridData=true&fields={READ}"), None);
        let attempts = self.attempts();
        let answer: WireSpreadsheet = self.ask(&attempts, &call)?;
        Ok(answer.into())
    }

    /// Sets cells of a tab, and adds columns to its grid if one of them lies beyond it. No other cell is touched.
    ///
    /// The same cells can be set again. Large numbers of cells are set in several requests, each of which is done as a whole or not
    /// at all.
    pub fn write(&mut self, id: &SpreadsheetId, tab: &GoogleTab, cells: &[NewCell]) -> Result<(), GoogleError> {
        let attempts = self.attempts();
        let needed = cells.iter().map(|cell| cell.column).max().unwrap_or_default();
        if needed > tab.columns {
            self.add_columns(&attempts, id, tab.id, needed)?;
        }
        for batch in batches::of(&tab.name, cells) {
            let body = serde_json::to_vec(&batch).map_err(|error| self.unclear(&error.to_string()))?;
            let call = self.call(id, "/values:batchUpdate", Some(body));
            let _: serde_json::Value = self.ask(&attempts, &call)?;
        }
        Ok(())
    }

    /// Makes a tab at least so many columns wide.
    ///
    /// Each try looks first: one whose answer was lost may have added the columns already.
    fn add_columns(
        &mut self,
        attempts: &Attempts,
        id: &SpreadsheetId,
        tab: i64,
        needed: u32,
    ) -> Result<(), GoogleError> {
        let look = self.call(id, &format!("?fields={SIZES}"), None);
        let token = self.tokens.get(&self.transport, attempts, self.settings.request_limit)?;
        let this = &*self;
        attempts.run(self.settings.request_limit, |limit| {
            let sizes: WireSpreadsheet = this.once(&look, &token, limit)?;
            let mut tabs = sizes.sheets.iter().map(|sheet| &sheet.properties);
            let has = tabs.find(|properties| properties.sheet_id == tab).map(|tab| tab.grid_properties.column_count);
            let missing = needed.saturating_sub(has.unwrap_or(needed));
            if missing == 0 {
                return Ok(());
            }
            let request = json!({"requests": [
                {"appendDimension": {"sheetId": tab, "dimension": "COLUMNS", "length": missing}},
            ]});
            let append = this.call(id, ":batchUpdate", Some(request.to_string().into_bytes()));
            this.once::<serde_json::Value>(&append, &token, limit).map(drop)
        })
    }

    /// Asks until there is an answer. A token that is not taken any more is replaced once.
    fn ask<T: DeserializeOwned>(&mut self, attempts: &Attempts, call: &Call) -> Result<T, GoogleError> {
        let limit = self.settings.request_limit;
        let mut replaced = false;
        loop {
            let token = self.tokens.get(&self.transport, attempts, limit)?;
            match attempts.run(limit, |limit| self.once(call, &token, limit)) {
                Err(GoogleError::NotLetIn { .. }) if !replaced => {
                    self.tokens.forget();
                    replaced = true;
                }
                result => return result,
            }
        }
    }

    fn once<T: DeserializeOwned>(&self, call: &Call, token: &Secret<String>, limit: Duration) -> Result<T, Setback> {
        let request = Outgoing {
            url: &call.url,
            token: Some(token),
            content_type: "application/json",
            body: call.body.as_deref(),
        };
        let answer = self.transport.send(&request, limit).map_err(|no_answer| {
            let error = no_answer.error;
            Setback { error: Box::new(move |_| error.clone()), after: None, again: no_answer.passing }
        })?;
        if answer.status == 200 {
            return serde_json::from_slice(&answer.body)
                .map_err(|error| Setback::last(self.unclear(&format!("{:?} error", error.classify()))));
        }
        let WireError { error } = serde_json::from_slice(&answer.body).unwrap_or_default();
        let told = match (error.message.as_str(), error.status.as_str()) {
            ("", "") => "no reason is given".to_owned(),
            (message, "") => message.to_owned(),
            (message, status) => format!("{message} ({status})"),
        };
        // Should it repeat what it was sent, that is not told.
        let told = said(&told.replace(token.expose().as_str(), "***"));
        let email = self.email().to_owned();
        let status = answer.status;
        let last = |error| Err(Setback::last(error));
        match status {
            401 => last(GoogleError::NotLetIn { email, said: told }),
            403 => last(GoogleError::Forbidden { email, said: told }),
            404 => last(GoogleError::NotFound { id: call.id.to_string() }),
            429 => Err(Setback {
                error: Box::new(move |tries| GoogleError::Quota { tries, said: told.clone() }),
                after: answer.retry_after,
                again: true,
            }),
            408 | 500..=599 => Err(Setback {
                error: Box::new(move |tries| GoogleError::OutOfOrder { status, tries, said: told.clone() }),
                after: answer.retry_after,
                again: true,
            }),
            _ => last(GoogleError::Refused { status, said: told }),
        }
    }

    fn call(&self, id: &SpreadsheetId, rest: &str, body: Option<Vec<u8>>) -> Call {
        let base = self.settings.base_url.trim_end_matches('/');
        Call { id: id.clone(), url: format!("{base}/v4/spreadsheets/{id}{rest}"), body }
    }

    fn attempts(&self) -> Attempts {
        Attempts::new(self.settings.deadline, self.settings.first_pause)
    }

    fn unclear(&self, why: &str) -> GoogleError {
        GoogleError::Unclear { server: server(&self.settings.base_url), why: said(why) }
    }
}
