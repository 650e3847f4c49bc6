use std::time::Duration;

/// Where Google is, and how long it may take.
#[derive(Clone, Debug)]
pub struct GoogleSettings {
    /// Where the API answers. Default: `https://sheets.googleapis.com`. Anything but `https` only on this machine.
    pub base_url: String,
    /// The proxy through which it is reached, such as `http://proxy.example.com:3128`. Default: none.
    pub proxy: Option<String>,
    /// How long one request may take. Default: 30 s.
    pub request_limit: Duration,
    /// How long a call may take, with all its requests and the pauses between them. Default: 2 min, since quotas are filled each minute.
    pub deadline: Duration,
    /// The pause before a request is made again, doubled each time up to 32 s. Default: 1 s.
    pub first_pause: Duration,
}

impl Default for GoogleSettings {
    fn default() -> Self {
        Self {
            base_url: "https://sheets.googleapis.com".to_owned(),
            proxy: None,
            request_limit: Duration::from_secs(30),
            deadline: Duration::from_mins(2),
            first_pause: Duration::from_secs(1),
        }
    }
}
