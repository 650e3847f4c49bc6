//! A Google Sheet: read and written through its API, with a service account.
